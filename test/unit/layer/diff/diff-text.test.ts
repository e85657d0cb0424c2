import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import {
  Biggest,
  Totals,
  type DiffEntry,
  type NameResult,
} from '../../../../src/layer/diff/diff-entry.js';
import { amount, named, shown } from '../../../../src/layer/diff/diff-text.js';
import { report, type Format } from '../../../../src/layer/diff/diff-report.js';

const entry = (
  kind: DiffEntry['kind'],
  path: string,
  more: Partial<DiffEntry> = {},
): DiffEntry => ({
  kind,
  path,
  of: 'file',
  size: 310,
  takes: 4096,
  rom: null,
  ...more,
});
const DAY = 86_400;

/** One difference of each kind, with each possible remark. */
const TOLD: NameResult[] = [
  entry('metadata', '', {
    of: 'directory',
    size: 0,
    takes: 0,
    rom: { of: 'directory', size: 0 },
    differs: [{ what: 'mode', rom: '0755', upper: '0700' }],
  }),
  entry('added', 'etc/config/mine', { size: 1234 }),
  entry('added', 'etc/odd\xff\n', { size: 0, takes: 0 }),
  entry('added', Buffer.from('etc/übung').toString('latin1')),
  entry('changed', 'etc/config/network', {
    size: 340,
    rom: { of: 'file', size: 310 },
    differs: [{ what: 'time', rom: '2024-01-01T00:00:00Z', upper: '2025-01-01T00:00:00Z' }],
    shadows: {
      was: { size: 310, mtime: 19_700 * DAY, crc: '0a0b0c0d' },
      now: { size: 322, mtime: 20_000 * DAY, crc: 'deadbeef' },
      sure: true,
    },
  }),
  entry('changed', 'etc/config/system', {
    rom: { of: 'file', size: 310 },
    shadows: {
      was: { size: 310, mtime: 0, crc: '0a0b0c0d' },
      now: { size: 310, mtime: 0, crc: 'deadbeef' },
      sure: false,
    },
  }),
  entry('metadata', 'etc/shadow', {
    rom: { of: 'file', size: 310 },
    differs: [
      { what: 'mode', rom: '0644', upper: '0600' },
      { what: 'owner', rom: '0:0', upper: '0:42' },
      { what: 'attributes', rom: '', upper: 'security.capability' },
    ],
  }),
  entry('deleted', 'etc/init.d/telnet', { takes: 0, rom: { of: 'file', size: 310 } }),
  entry('deleted', 'www', { of: 'directory', takes: 0, rom: { of: 'directory', size: 60 } }),
  entry('replaced', 'etc/resolv.conf', { of: 'file', rom: { of: 'symlink', size: 20 } }),
  entry('opaque', 'usr/lib/lua', {
    of: 'directory',
    size: 60,
    takes: 0,
    rom: { of: 'directory', size: 60 },
  }),
  entry('redirected', 'opt/tools', {
    of: 'directory',
    size: 60,
    takes: 0,
    from: 'usr/share/tools',
  }),
  entry('metacopy', 'usr/bin/tool', {
    size: 5 << 20,
    takes: 0,
    rom: { of: 'file', size: 5 << 20 },
    differs: [{ what: 'mode', rom: '0755', upper: '4755' }],
  }),
  entry('metacopy', 'usr/bin/moved', { size: 5 << 20, takes: 0, from: 'usr/bin/other' }),
  entry('unread', 'etc/secret', { rom: { of: 'file', size: 310 } }),
  entry('same', 'etc/passwd', { rom: { of: 'file', size: 310 } }),
  entry('stale', 'etc/was-in-an-older-image', { of: 'character', size: 0, takes: 0 }),
  entry('added', 'usr/share/video.bin', { size: 3 * 2 ** 30, takes: 3 * 2 ** 30 }),
  { problem: { path: 'root/.ssh', error: 'it cannot be read without being root' } },
  null,
];

function whole(format: Format): string {
  const form = report(format);
  const [totals, biggest] = [new Totals(), new Biggest(3)];
  let text = form.begin({
    upper: '/overlay/upper',
    lower: '/rom',
    notes: [
      "overlay's own attributes (trusted.overlay.*) are shown to root alone, so opaque and " +
        'redirected directories and metacopies cannot be told from others',
    ],
  });
  for (const told of TOLD) {
    totals.add(told);
    if (told === null) continue;
    if (!('problem' in told)) biggest.add(told);
    text += 'problem' in told ? form.problem(told.problem) : form.entry(told);
  }
  return text + form.end(totals, biggest);
}

for (const [format, file] of [
  ['table', 'diff.txt'],
  ['ndjson', 'diff.ndjson'],
  ['json', 'diff.json'],
] as const)
  t.test(`a difference of every kind, as ${format}, is the reviewed one`, async (t) => {
    const golden = new URL(`../../../golden/${file}`, import.meta.url);
    const text = whole(format);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, text);
    t.equal(
      text,
      readFileSync(golden, 'utf8'),
      'UPDATE_GOLDEN=1 takes over what is meant to be different',
    );
    if (format === 'table') for (const line of text.split('\n')) t.ok(line.length <= 80, line);
  });

t.test('files that are added together are told as one by one', (t) => {
  const sizes = [0, 1023, 1024, 1_048_523, 1_048_524, 5e9];
  const odd = ['new\nline', '\xe9', '\xc3\xa9', '\x1b[2J', 'back\\slash', 'two words'];
  const plain = ['a', 'b.conf', 'c d', 'e~', 'f', 'g'];
  const takes = sizes.map((_, index) => 4096 * index);
  for (const [folder, names] of [
    ['', odd],
    ['etc/', odd],
    ['etc/', plain],
    ['\x1b/\xc3\xa9/', plain],
    ['etc/', ['a']],
  ] as const) {
    const entries = names.map((name, at): DiffEntry => ({
      ...{ kind: 'added', path: folder + name, of: 'file', rom: null },
      ...{ size: sizes[at]!, takes: takes[at]! },
    }));
    const sum = (numbers: number[]): number =>
      numbers.slice(0, names.length).reduce((one, other) => one + other);
    const added = {
      ...{ folder, names: names.join('/') },
      numbers: Float64Array.from(entries.flatMap(({ size, takes }) => [size, takes])),
      ...{ size: sum(sizes), takes: sum(takes) },
    };
    for (const format of ['table', 'ndjson', 'json'] as const) {
      const [together, alone] = [report(format), report(format)];
      t.equal(together.added(added), entries.map((each) => alone.entry(each)).join(''), format);
    }
    const [together, alone] = [new Totals(), new Totals()];
    together.add({ added });
    for (const entry of entries) alone.add(entry);
    t.same(together, alone);
  }
  t.end();
});

t.test('every form is valid in its format, also for an empty result', async (t) => {
  const json = JSON.parse(whole('json')) as {
    schema: string;
    entries: object[];
    problems: object[];
    totals: { different: boolean; all: { count: number } };
  };
  const lines = whole('ndjson')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { type: string });
  t.match(json, {
    schema: 'mountroot.diff/1',
    problems: [{ path: 'root/.ssh' }],
    totals: { different: true, looked: TOLD.length, shadows: 2 },
  });
  t.equal(json.entries.length, json.totals.all.count);
  t.same(
    lines.map(({ type }) => type),
    ['begin', ...json.entries.map(() => 'entry'), 'problem', 'end'],
  );
  const nothing = report('json');
  t.match(
    JSON.parse(
      nothing.begin({ upper: 'u', lower: 'l', notes: [] }) + nothing.end(new Totals(), null),
    ),
    { entries: [], totals: { different: false } },
  );
  const table = report('table');
  t.match(
    table.begin({ upper: 'u', lower: 'l', notes: [] }) + table.end(new Totals(), null),
    /Nothing is changed\.\n$/,
  );
});

t.test('names do nothing to a terminal, and programs get them without loss', async (t) => {
  t.equal(shown('etc/\x1b[2J'), 'etc/\\033[2J');
  t.equal(shown(Buffer.from('a\u202eb').toString('latin1')), 'a\\342\\200\\256b');
  t.equal(shown('a\\b'), 'a\\134b');
  t.equal(shown(''), '.');
  t.same(named('a\xff'), { path: 'a\\377', raw: Buffer.from([0x61, 0xff]).toString('base64') });
  t.same(named('a\nb'), { path: 'a\nb' }, 'JSON has its own escapes');
});

t.test('amounts are short', async (t) => {
  t.same([0, 1023, 1024, 1_048_575, 1_048_576, 2 ** 40, 2 ** 51].map(amount), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.0 MiB',
    '1.0 MiB',
    '1.0 TiB',
    '2048.0 TiB',
  ]);
});
