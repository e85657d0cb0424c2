import t from 'tap';
import { closingLine, exitOf, judge, readStatus, type Answer } from '../../../src/remote/judge.js';
import {
  asItIs,
  blocks,
  bundleLines,
  ndjson,
  oneValue,
  statusTable,
  withoutOrders,
  type TableFormat,
} from '../../../src/remote/remote-table.js';
import type { SshResult } from '../../../src/remote/ssh.js';
import { ended, question, text } from '../../fixtures/answers.js';
import { golden, lineLengths } from '../../fixtures/golden.js';

const STATUS = {
  schema: 'mountroot.status/1',
  persistent: true,
  degraded: false,
  summary: 'an overlay, its changes on jffs2 overlayfs:/overlay; what is changed on it is kept',
  rung: { rung: 'persistent', reason: null, because: null },
  todo: null,
};
const VOLATILE = {
  ...STATUS,
  persistent: false,
  degraded: true,
  summary:
    'an overlay, its changes on tmpfs overlayfs:/tmp/root; what is changed on it is lost ' +
    'at power-off',
  rung: {
    rung: 'volatile',
    reason: 'no-volume',
    because: 'no partition is called rootfs_data; there are u-boot, kernel and rootfs',
  },
  todo:
    'compare the names in /proc/mtd with `mountroot.volume=` on the command line; correct ' +
    'the one that is wrong',
};

t.test('a board is well, degraded, in trouble, or unreachable', async (t) => {
  const fate = (each: SshResult, asked = question): [string, number | null, string | undefined] => {
    const { status, exit, cause } = judge(each, asked);
    return [status, exit, cause];
  };
  t.strictSame(fate(ended('b', { stdout: JSON.stringify(STATUS) })), ['well', 0, undefined]);
  t.strictSame(
    fate(ended('b', { stdout: JSON.stringify(VOLATILE) })),
    ['degraded', 0, undefined],
    'a status always ends with 0, and says it itself',
  );
  t.strictSame(fate(ended('b', { stdout: JSON.stringify(VOLATILE) }), text), [
    'degraded',
    0,
    undefined,
  ]);
  t.strictSame(fate(ended('b', { exit: 3, stdout: 'x' }), text), ['degraded', 3, undefined]);
  t.strictSame(fate(ended('b', { exit: 4, stdout: 'x' }), text), ['problems', 4, undefined]);
  t.strictSame(fate(ended('b', { exit: 5, stderr: 'mountroot: refused, for …' }), text), [
    'failed',
    5,
    undefined,
  ]);
  t.strictSame(
    fate(ended('b', { exit: 2, stderr: 'mountroot: there is no verb diff' })),
    ['failed', 2, undefined],
    'an older mountroot',
  );
  t.strictSame(fate(ended('b', { exit: 127, stderr: 'sh: mountroot: not found' })), [
    'failed',
    127,
    'no mountroot',
  ]);
  t.strictSame(fate(ended('b', { exit: 127, stderr: "env: 'node': No such file or directory" })), [
    'failed',
    127,
    'no Node.js',
  ]);
  t.strictSame(fate(ended('b', { exit: 126 })), ['failed', 126, 'not executable']);
  t.strictSame(fate(ended('b', { exit: 137 })), ['failed', 137, 'killed']);
  t.strictSame(fate(ended('b', { stdout: 'Welcome!\n' })), ['failed', 0, 'no report']);
  t.strictSame(fate(ended('b', {})), ['failed', 0, 'no report']);
  t.strictSame(
    fate(ended('b', { exit: 255, stdout: '{"schema":' })),
    ['unreachable', null, 'cut off'],
    'it died in the middle',
  );
  t.strictSame(
    fate(ended('b', { exit: 255, stderr: 'ssh: connect to host b port 22: Connection refused' })),
    ['unreachable', null, 'connection refused'],
  );
  t.strictSame(fate(ended('b', { end: 'timed-out', exit: null, signal: 'SIGTERM' })), [
    'unreachable',
    null,
    'timed out',
  ]);
  t.strictSame(fate(ended('b', { end: 'too-much', exit: null })), [
    'unreachable',
    null,
    'too much',
  ]);
  t.strictSame(fate(ended('b', { end: 'no-program', exit: null, stderr: 'ENOENT' })), [
    'unreachable',
    null,
    'no ssh',
  ]);
  t.match(
    judge(ended('b', { exit: 255, stdout: 'half' }), text).error,
    /\(4 bytes of its answer had come\)/,
  );
  t.match(
    judge(
      ended('b', { stderr: 'mountroot: warn: one\nmountroot: warn: two\n', stdout: 'x' }),
      text,
    ),
    { status: 'well', messages: ['warn: one', 'warn: two'], output: 'x' },
  );
  t.match(judge(ended('b', { exit: 5, stderr: 'mountroot: refused' }), text), { error: 'refused' });
});

t.test(
  'a status that another version wrote, or an invalid one, is read as far as possible',
  async (t) => {
    t.match(readStatus({ ...STATUS, degraded: undefined }), { degraded: false });
    t.match(readStatus({ ...VOLATILE, degraded: undefined }), { degraded: true });
    t.match(
      readStatus({ ...STATUS, rung: null, degraded: null, persistent: false }),
      { rung: null, degraded: true },
      'nobody made this root, and it keeps nothing',
    );
    t.match(readStatus({ ...STATUS, rung: null, degraded: null }), { degraded: false });
    t.match(readStatus({ ...STATUS, rung: 7, summary: [], todo: {}, degraded: 'no' }), {
      rung: null,
      summary: '',
      todo: null,
    });
    for (const none of [null, 1, 'x', [], {}, { schema: 'mountroot.facts/2' }])
      t.equal(readStatus(none), null);
  },
);

const answer = (host: string, status: Answer['status'], exit: number | null = 0): Answer => ({
  schema: 'mountroot.remote/1',
  host,
  status,
  exit,
  seconds: 1,
});

t.test('the exit status is that of the worst board', async (t) => {
  const worst = (...each: Answer[]): number => exitOf(each);
  t.equal(worst(answer('a', 'well')), 0);
  t.equal(worst(answer('a', 'well'), answer('b', 'problems', 4)), 4);
  t.equal(worst(answer('a', 'problems', 4), answer('b', 'failed', 2)), 2);
  t.equal(worst(answer('a', 'failed', 2), answer('b', 'failed', 5)), 5);
  t.equal(worst(answer('a', 'failed', 5), answer('b', 'failed', 1)), 1);
  t.equal(worst(answer('a', 'failed', 127)), 1);
  t.equal(worst(answer('a', 'failed', 0)), 1, 'no report');
  t.equal(worst(answer('a', 'failed', 1), answer('b', 'degraded', 3)), 3);
  t.equal(
    worst(answer('a', 'degraded', 3), answer('b', 'unreachable', null), answer('c', 'failed', 1)),
    6,
  );
  t.equal(
    closingLine([
      answer('a', 'well'),
      answer('b', 'degraded'),
      answer('c', 'unreachable', null),
      answer('d', 'unreachable', null),
      answer('e', 'failed', 1),
    ]),
    '3 of 5 answered; unreachable: c, d; degraded: b; failed: e',
  );
  t.equal(closingLine([answer('a', 'well')]), '1 of 1 answered');
});

const show = (form: TableFormat, hosts: string[], answers: Answer[]): string =>
  [
    form.begin(hosts),
    ...answers.map((each) => form.answer(each, Buffer.alloc(0)).toString()),
    form.end(answers),
  ].join('');

t.test('many boards are a table of 80 columns', async (t) => {
  const hosts = [
    'shelf1',
    'shelf2',
    'root@192.168.1.17',
    'a-board-with-a-name-that-is-longer-than-any-column.lab.example',
    'old',
    'new',
  ];
  const answers = [
    judge(ended('shelf1', { stdout: JSON.stringify(STATUS) }), question),
    judge(ended('shelf2', { stdout: JSON.stringify(VOLATILE), seconds: 12.34 }), question),
    judge(
      ended('root@192.168.1.17', {
        exit: 255,
        stderr: 'ssh: connect to host 192.168.1.17 port 22: Connection refused',
        seconds: 0.04,
      }),
      question,
    ),
    judge(ended(hosts[3]!, { end: 'timed-out', exit: null, seconds: 60.01 }), question),
    judge(ended('old', { exit: 127, stderr: '-sh: mountroot: not found' }), question),
    judge(
      ended('new', {
        stdout: JSON.stringify({
          ...VOLATILE,
          rung: { rung: 'kept-read-only', reason: 'full', because: 'b\u001b[31mad\u009b2J\nline' },
          todo: null,
        }),
      }),
      question,
    ),
  ];
  const shown = show(statusTable(), hosts, answers);
  golden(t, 'remote/table.txt', shown);
  t.ok(shown.split('\n').every((line) => line.length <= 80));
  t.match(shown, /^[\x20-\x7e\n]+$/, 'a board gives no orders to this terminal');
});

t.test('the places of bundles are a line for each board', async (t) => {
  const answers = [
    {
      ...judge(ended('shelf1', {}), text),
      output: { file: 'bugs/mountroot-shelf1.tar.gz', bytes: 23_456 },
    },
    {
      ...judge(
        ended('shelf2', {
          stderr:
            'mountroot: warn: the journal of boot 3 is damaged, and is in the archive as it is',
        }),
        text,
      ),
      output: { file: 'bugs/mountroot-shelf2.tar.gz', bytes: 12 << 20 },
    },
    judge(
      ended('attic', {
        exit: 255,
        stderr: 'ssh: connect to host attic port 22: Connection refused',
      }),
      text,
    ),
  ];
  const shown = show(bundleLines(), ['shelf1', 'shelf2', 'attic'], answers);
  golden(t, 'remote/bundles.txt', shown);
  t.ok(lineLengths(shown) <= 80);
});

t.test('another report is a block for each board, below its name', async (t) => {
  const answers = [
    judge(ended('shelf1', { stdout: 'two\nlines\n' }), text),
    judge(ended('shelf2', { stdout: 'no end of line\x1b[2J' }), text),
    judge(
      ended('shelf3', {
        exit: 1,
        stderr:
          'mountroot: / is no overlay with an upper layer, so there is nothing it ' +
          'changes; --upper DIR and --lower DIR name the two layers of one that is ' +
          'somewhere else\n',
      }),
      text,
    ),
  ];
  t.equal(
    show(blocks(), [], answers),
    `== shelf1 (exit 0, 1.2 s)
two
lines

== shelf2 (exit 0, 1.2 s)
no end of line?[2J

== shelf3 (exit 1, 1.2 s)
  / is no overlay with an upper layer, so there is nothing it changes; --upper
  DIR and --lower DIR name the two layers of one that is somewhere else

3 of 3 answered; failed: shelf3
`,
  );
});

t.test('programs get a line for each board, or one value', async (t) => {
  const answers = [
    judge(ended('a', { stdout: JSON.stringify({ ...STATUS, summary: 'x\u009b' }) }), question),
    judge(ended('b', { exit: 255 }), question),
  ];
  const lines = show(ndjson(), [], answers).trimEnd().split('\n');
  t.match(
    lines.map((line): unknown => JSON.parse(line)),
    [
      {
        schema: 'mountroot.remote/1',
        host: 'a',
        status: 'well',
        exit: 0,
        seconds: 1.23,
        output: { summary: 'x\u009b' },
      },
      { host: 'b', status: 'unreachable', exit: null, error: /broke off/, cause: 'cut off' },
    ],
  );
  t.notMatch(
    lines[0],
    /\u009b/,
    'which a terminal could take for an order, and is written as \\u009b',
  );
  t.match(JSON.parse(show(oneValue(['status', '--json']), [], answers)), {
    schema: 'mountroot.remote/1',
    report: 'status --json',
    hosts: [{ host: 'a' }, { host: 'b' }],
    answered: 1,
    unreachable: ['b'],
    degraded: [],
    failed: [],
    problems: [],
  });
  t.match(JSON.parse(show(oneValue(['status']), [], [])), { hosts: [] });
});

t.test("one board's report is passed on unchanged, except to a terminal", async (t) => {
  t.strictSame(
    asItIs(false).answer(answer('a', 'well'), Buffer.from('\x1b[2J\xff', 'latin1')),
    Buffer.from('\x1b[2J\xff', 'latin1'),
  );
  t.equal(asItIs(true).answer(answer('a', 'well'), Buffer.from('a\x1b[2J\tb\r\n')), 'a?[2J\tb\n');
  t.equal(withoutOrders('é ü 漢\n'), 'é ü 漢\n');
});
