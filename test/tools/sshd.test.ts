/** Against OpenSSH's own server and client, on this machine's loopback. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readBundle } from '../../src/bundle/read-bundle.js';
import { makeLab } from './lab.js';
import { lacking } from './servers.js';

const skip = lacking('ssh', 'ssh-keygen');
if (skip) {
  t.pass(`not run: ${skip}`, { skip });
  process.exit(0);
}
const lab = await makeLab('sshd');
t.teardown(lab.stop);
t.jobs = 3;

interface Line {
  host: string;
  status: string;
  exit: number | null;
  seconds: number;
  cause?: string;
  error?: string;
  output?: { schema?: string };
}
const lines = (text: string): Record<string, Line> =>
  Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
      .map((line) => [line.host, line]),
  );

t.test(
  'twelve boards of all kinds are asked at once, and what became of each is told',
  { buffered: true },
  async (t) => {
    const { status, stdout, stderr } = await lab.remote([
      'shelf1',
      'shelf2',
      'healthy1',
      'volatile',
      'closed',
      'changed',
      'unknown',
      'stranger',
      'slow',
      'plain',
      'early',
      'nowhere',
      '--timeout',
      '60',
      '--jobs',
      '12',
      '--ndjson',
    ]);
    const told = lines(stdout);
    const short = Object.fromEntries(
      Object.values(told).map((line) => [line.host, line.cause ?? line.status]),
    );
    const wanted = {
      ...short,
      healthy1: 'well',
      volatile: 'degraded',
      closed: 'connection refused',
      changed: 'host key changed',
      unknown: 'host key not known',
      stranger: 'permission denied',
      slow: 'timed out',
      plain: 'no mountroot',
      nowhere: 'name not found',
    };
    t.strictSame(
      short,
      wanted,
      Object.values(told)
        .map(({ error }) => error)
        .join('\n'),
    );
    t.match(told['early'], { status: 'unreachable', exit: null });
    for (const host of ['shelf1', 'shelf2'])
      t.match(told[host], { exit: 0, output: { schema: 'mountroot.status/1' } });
    t.match(told['slow'], { status: 'unreachable', error: /^slow did not answer within 60 s/ });
    t.ok(told['slow']!.seconds < 300, 'and is not waited for to the end of its ten minutes');
    t.equal(Object.keys(told).at(-1), 'slow', 'each is told when it comes');
    t.equal(status, 6);
    t.match(
      stderr,
      /^mountroot: info: 5 of 12 answered; unreachable: closed, changed, unknown, stranger, slow, early, nowhere; degraded: [^;]*volatile[^;]*; failed: plain\n$/,
    );
  },
);

t.test(
  'a board that dies in the middle of its answer is told as that',
  { buffered: true },
  async (t) => {
    const { status, stdout } = await lab.remote(['dying', 'shelf1', '--json', '--', 'facts']);
    const { hosts } = JSON.parse(stdout) as { hosts: Line[] };
    const [dying, whole] = ['dying', 'shelf1'].map((name) =>
      hosts.find(({ host }) => host === name)!,
    );
    t.match(dying, {
      status: 'unreachable',
      exit: null,
      cause: 'cut off',
      error: /broke off.*\(\d+ bytes of its answer had come\)$/,
    });
    t.notOk('output' in dying!);
    t.match(whole, { status: 'well', output: { schema: 'mountroot.facts/2' } });
    t.equal(status, 6);
  },
);

t.test(
  'a slow line that delivers in the end is waited for as long as the limit says',
  { buffered: true },
  async (t) => {
    const [whole, late] = await Promise.all([
      lab.remote(['thin', '--timeout', '60', '--ndjson', '--', 'facts']),
      lab.remote(['thin', '--timeout', '3', '--ndjson', '--', 'facts']),
    ]);
    t.match(lines(whole.stdout)['thin'], {
      status: 'well',
      exit: 0,
      output: { schema: 'mountroot.facts/2' },
    });
    t.ok(lines(whole.stdout)['thin']!.seconds > 3, 'it took its time');
    t.equal(whole.status, 0, whole.stderr);
    t.match(lines(late.stdout)['thin'], {
      status: 'unreachable',
      error: /^thin did not answer within 3 s/,
    });
    t.notOk('output' in lines(late.stdout)['thin']!, 'and half an answer is none');
    t.equal(late.status, 6);
  },
);

t.test(
  'the table says below each row what is wrong, and ends with a count',
  { buffered: true },
  async (t) => {
    const { status, stdout, stderr } = await lab.remote(['healthy1', 'volatile', 'closed']);
    t.equal(status, 6);
    t.equal(stderr, '');
    t.match(stdout, /^HOST {6}ROOT {12}REASON +EXIT SECONDS\n/);
    t.match(
      stdout,
      /^healthy1 {2}persistent {6}an overlay, its changes on jffs2 over\.\.\. +0 +\d+\.\d\n/m,
    );
    t.match(
      stdout,
      /^volatile {2}volatile {8}no-volume +0 +\d+\.\d\n {4}no partition is called rootfs_data[^]* {4}to do: compare the names/m,
    );
    t.match(stdout, /^closed {4}unreachable {5}connection refused +- +\d+\.\d\n/m);
    t.match(stdout, /\n2 of 3 answered; unreachable: closed; degraded: volatile\n$/);
    t.ok(stdout.split('\n').every((line) => line.length <= 80));
  },
);

t.test('hosts come from a file too, and each counts once', { buffered: true }, async (t) => {
  const file = join(lab.folder, 'boards.txt');
  writeFileSync(file, '# the shelf\nhealthy1\nhealthy2 # again\n');
  const [fromFile, fromInput] = await Promise.all([
    lab.remote(['healthy1', '--hosts', file]),
    lab.remote(['--hosts', '-'], 'healthy1\nvolatile\n'),
  ]);
  t.match(fromFile, { status: 0, stdout: /\n2 of 2 answered\n$/ });
  t.match(fromInput, { status: 3, stdout: /\n2 of 2 answered; degraded: volatile\n$/ });
});

t.test("one board's report comes as it is, several in blocks", { buffered: true }, async (t) => {
  const [alone, both] = await Promise.all([
    lab.remote(['shelf1', '--', 'facts']),
    lab.remote(['shelf1', 'shelf2', '--', 'ramdisk', 'locate']),
  ]);
  t.equal(alone.status, 0);
  t.match(JSON.parse(alone.stdout), { schema: 'mountroot.facts/2' });
  t.match(both.stdout, /^== shelf[12] \(exit 0, \d+\.\d s\)\n[^]+\n== shelf[12] \(exit 0/m);
});

t.test(
  'the path of mountroot on the boards can be given, also without a forced command',
  { buffered: true },
  async (t) => {
    const [there, unfit, chatty] = await Promise.all([
      lab.remote([
        'plain',
        '--command',
        join(lab.folder, 'mountroot'),
        '--',
        'plan',
        'stop',
        '--format',
        'json',
      ]),
      lab.remote(['plain', '--command', join(lab.folder, 'not-a-program')]),
      lab.remote(['plain', '--command', join(lab.folder, 'chatty')]),
    ]);
    t.ok([0, 1, 5].includes(there.status!), "the plan's own");
    t.match(unfit, { status: 1, stdout: /not executable +126/ });
    t.match(chatty, {
      status: 1,
      stdout: /answered with 23 bytes that are no JSON: what a login prints there/,
    });
  },
);

t.test(
  "each board's bundle is a separate file, and only complete ones are kept",
  { buffered: true },
  async (t) => {
    const folder = join(lab.folder, 'bundles');
    mkdirSync(folder);
    const [several, one, piped, misplaced] = await Promise.all([
      lab.remote(['shelf1', 'shelf2', 'dying', 'healthy1', '--bundle', '-o', folder]),
      lab.remote(['shelf1', '--bundle', '-o', join(lab.folder, 'one.tar.gz')]),
      lab.remote(['shelf1', '--bundle', '-o', '-']),
      lab.remote(['shelf1', 'shelf2', '--bundle', '-o', join(lab.folder, 'two.tar.gz')]),
    ]);
    t.equal(several.status, 6);
    for (const host of ['shelf1', 'shelf2'])
      t.ok(
        readBundle(readFileSync(join(folder, `mountroot-${host}.tar.gz`)), host).files.has(
          'facts.json',
        ),
        several.stdout,
      );
    t.notOk(existsSync(join(folder, 'mountroot-dying.tar.gz')));
    t.match(
      several.stdout,
      /^healthy1: failed\n {4}what healthy1 sent is no bundle/m,
      'something else answered',
    );
    t.match(several.stdout, /\n3 of 4 answered; unreachable: dying; failed: healthy1\n$/);
    t.match(one, { status: 0, stdout: /^shelf1: \S+one.tar.gz, [\d.]+ KiB\n/m });
    t.ok(readBundle(piped.bytes, 'stdout').files.has('manifest.json'));
    t.match(misplaced, { status: 2, stderr: /the bundles of 2 hosts need a directory/ });
  },
);

t.test('wrong words are one sentence, and no ssh is started', { buffered: true }, async (t) => {
  const cases: [string[], RegExp][] = [
    [['--hosts', '/nonexistent'], /ENOENT/],
    [['shelf1', '--', 'reset', '--yes'], /"reset" is not among the reports/],
    [['shelf1', '--ssh-option=-x'], /--ssh-option takes KEY=VALUE/],
    [['shelf1', '-oProxyCommand=id'], /there is no verb or option/],
    [['--', 'status'], /say which boards/],
  ];
  for (const { words, result, says } of await Promise.all(
    cases.map(async ([words, says]) => ({ words, says, result: await lab.remote(words) })),
  )) {
    t.equal(result.status, 2, words.join(' '));
    t.match(result.stderr, says);
    t.match(result.stderr, /^mountroot: [^\n]+\n$/);
    t.equal(result.stdout, '');
  }
});

t.test('an interruption is told, and nothing is left running', { buffered: true }, async (t) => {
  const child = spawn(
    process.execPath,
    [lab.agent, 'remote', '-F', lab.config, 'slow', 'healthy1'],
    { env: { PATH: process.env['PATH'] ?? '', HOME: lab.folder } },
  );
  let [out, sent] = ['', false];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
    if (!sent && out.includes('healthy1')) sent = child.kill('SIGINT');
  });
  const [status] = await new Promise<[number | null]>((resolve) =>
    child.on('close', (code) => resolve([code])),
  );
  t.equal(status, 6);
  t.match(out, /^slow +unreachable +interrupted/m);
  t.match(out, /\n1 of 2 answered; unreachable: slow\n$/);
});

t.test(
  'a key for diagnostics gives reports, and nothing else whatever is sent',
  { buffered: true },
  async (t) => {
    const marker = join(lab.folder, 'owned');
    t.match(lab.ssh('shelf1', []), {
      status: 0,
      stdout: /^This key asks for reports, and for nothing else:\n/,
    });
    t.match(lab.ssh('shelf1', ['status', '--json']), {
      status: 0,
      stdout: /"mountroot.status\/1"/,
    });
    for (const attempt of [
      `status; touch ${marker}`,
      `status > ${marker}`,
      `status $(touch ${marker})`,
      `status\ntouch ${marker}`,
      `'mountroot' 'bundle' '-o' '${marker}'`,
      `scp -t ${marker}`,
    ]) {
      const { status, stdout, stderr } = lab.ssh('shelf1', [attempt]);
      t.equal(status, 5, attempt);
      t.equal(stdout, '');
      t.match(stderr, /^mountroot: refused, for this key asks for reports only: [^\n]+\n$/);
    }
    t.notOk(existsSync(marker));
    t.equal(lab.ssh('-s', ['shelf1', 'sftp']).status, 5, 'a subsystem is a command like any other');
  },
);
