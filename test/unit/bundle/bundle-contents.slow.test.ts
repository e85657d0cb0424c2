import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { checkout } from '../../../scripts/lib/report.js';
import {
  gatherBundle,
  kernelLogText,
  type BundleSources,
} from '../../../src/bundle/bundle-contents.js';
import { journalsInBundle, readBundle, textInBundle } from '../../../src/bundle/read-bundle.js';
import { filesOfTar, writeTar } from '../../../src/bundle/tar.js';
import type { Facts } from '../../../src/facts/facts.js';
import { parseConsole } from '../../../src/facts/console-log.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { reader } from '../../../src/system/files.js';
import { SystemError } from '../../../src/system/system-error.js';

const folder = join(checkout, 'build', 'test', `bundle-${process.pid}`);
mkdirSync(folder, { recursive: true });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
const FACTS = parseFacts(
  readFileSync(new URL('../../../board/vexpress-a9/facts.json', import.meta.url), 'utf8'),
  'facts.json',
);

/** A board that has only files. */
function board(
  files: Record<string, string>,
): Pick<typeof reader, 'kind' | 'readBytes' | 'readText' | 'list'> {
  const isFolder = (path: string): boolean =>
    Object.keys(files).some((name) => name.startsWith(`${path}/`));
  const text = (path: string): string => {
    if (files[path] === undefined)
      throw new SystemError({ what: `read ${path}`, syscall: 'open', errno: 'ENOENT', path });
    return files[path];
  };
  return {
    kind: (path) => {
      if (files[path] !== undefined) return 'file';
      return isFolder(path) ? 'directory' : 'missing';
    },
    readText: text,
    readBytes: (path, offset, length) => Buffer.from(text(path)).subarray(offset, offset + length),
    list: (path) =>
      [
        ...new Set(
          Object.keys(files)
            .filter((name) => name.startsWith(`${path}/`))
            .map((name) => name.slice(path.length + 1).split('/')[0]!),
        ),
      ].sort(),
  };
}

const FILES = {
  '/proc/version': 'Linux version 6.1.0 (gcc) #1',
  '/tmp/mountroot/journal.ndjson':
    '{"type":"begin","verb":"start","note":"wifi.psk=HUNTER2 x"}\n{"type":"st',
  '/tmp/mountroot/state.json': '{"schema":"mountroot.state/1","because":"token=HUNTER2"}',
  '/tmp/mountroot/notice': 'mountroot: CHANGES ARE LOST (password=HUNTER2)\n',
  '/tmp/mountroot/facts.json': '{"kernel":{"commandLine":"psk=HUNTER2"}}',
  '/tmp/mountroot/facts-done.json': '{}',
  '/tmp/mountroot/lock': 'HUNTER2',
  '/tmp/mountroot/other.json': 'HUNTER2',
  '/overlay/.mountroot/boots/00000002-bbbbbbbb.ndjson': '{"type":"begin","verb":"start"}\n',
  '/overlay/.mountroot/boots/00000001-aaaaaaaa.ndjson': '{"password":"HUNTER2"}\n',
  '/overlay/.mountroot/boots/strange': 'HUNTER2',
  '/overlay/.mountroot/identity': 'HUNTER2',
  '/etc/mountroot.json': '{"volume":"rootfs_data","wifi_psk":"HUNTER2"}',
  '/overlay/upper/etc/mountroot.json': '{"keep":["/etc/x"], password: HUNTER2',
  '/overlay/upper/etc/shadow': 'root:HUNTER2:1::',
  '/etc/config/wireless': 'option key HUNTER2',
  '/etc/wpa_supplicant.conf': 'psk="HUNTER2"',
};
const RECORDS = [
  '6,0,0,-;Booting Linux on physical CPU 0x0',
  '5,1,10,-;Linux version 6.1.0',
  '6,2,1500000,-;Kernel command line: root=/dev/mtdblock2 wifi.password=HUNTER2 ro',
  '11,3,2000000,-;mountroot: step 1/3',
  '30,4,2500000,-;wpa_supplicant: HUNTER2 nameless',
  '6,5,3000000,c;odd \\x1b[31m\n SUBSYSTEM=x',
];

const sources = (rest: Partial<BundleSources> = {}): BundleSources => ({
  reader: { ...reader, ...board(FILES) },
  records: () => RECORDS,
  facts: () => ({
    ...FACTS,
    kernel: { ...FACTS.kernel, commandLine: `${FACTS.kernel.commandLine} wifi.password=HUNTER2` },
  }),
  status: async () => ({
    data: { schema: 'mountroot.status/1', notice: 'psk=HUNTER2' },
    text: (safe) => `status ${JSON.stringify(safe)}\n`,
  }),
  explanation: async (facts: Facts) => ({
    data: { commandLine: facts.kernel.commandLine },
    text: (safe) => `${JSON.stringify(safe)}\n`,
  }),
  now: Date.UTC(2026, 0, 2, 3, 4, 5),
  salt: 'of a test',
  ...rest,
});

t.test('a bundle has our files under stable names, and no secret', async (t) => {
  const { bytes, manifest } = await gatherBundle(sources());
  const { files } = readBundle(bytes, 'b.tar.gz');
  t.strictSame(
    [...files.keys()],
    [
      'manifest.json',
      'facts.json',
      'status.json',
      'status.txt',
      'explain.json',
      'explain.txt',
      'kernel.log',
      'state.json',
      'notice',
      'begun-with/facts-done.json',
      'begun-with/facts.json',
      'journals/journal.ndjson',
      'journals/00000001-aaaaaaaa.ndjson',
      'journals/00000002-bbbbbbbb.ndjson',
      'configuration/root/mountroot.json',
      'configuration/overlay/mountroot.json',
    ],
  );
  t.notMatch(gunzipSync(bytes).toString('latin1'), /HUNTER2/);
  t.match(manifest, {
    schema: 'mountroot.bundle/1',
    made: '2026-01-02T03:04:05.000Z',
    kernel: 'Linux version 6.1.0 (gcc) #1',
    versions: { node: process.versions.node },
    problems: [],
  });
  t.strictSame(
    manifest.files.map(({ name, bytes: length }) => [name, length]),
    [...files].slice(1).map(([name, content]) => [name, content.length]),
  );
  t.strictSame(
    journalsInBundle({ files }).map(({ name }) => name),
    ['00000001-aaaaaaaa.ndjson', '00000002-bbbbbbbb.ndjson', 'journal.ndjson'],
    'oldest first',
  );
  t.doesNotThrow(
    () => parseFacts(textInBundle(bytes, 'b', ['nothing', 'facts.json']), 'b'),
    'facts are still facts',
  );
  t.strictSame(
    (await gatherBundle(sources())).bytes,
    bytes,
    'and the same board gives the same bytes',
  );
  const again = await gatherBundle(sources({ salt: undefined }));
  t.not(
    textInBundle(again.bytes, 'b', ['state.json']),
    textInBundle(bytes, 'b', ['state.json']),
    'if the salt is the same; each bundle has its own',
  );
  t.notMatch(gunzipSync(bytes).toString('latin1'), /of a test/, 'and it is not in the bundle');
  const withheld = Object.fromEntries(manifest.files.map((file) => [file.name, file.withheld]));
  t.match(
    withheld,
    { 'state.json': 1, 'begun-with/facts-done.json': 0 },
    'what is gone is counted',
  );
});

t.test('names of files tell nothing', async (t) => {
  const names = board({
    ...FILES,
    '/overlay/.mountroot/boots/00000003-HUNTER2x.ndjson': '{}\n',
    '/tmp/mountroot/facts-hunter.json': '{}',
  });
  const { bytes, manifest } = await gatherBundle(sources({ reader: { ...reader, ...names } }));
  t.ok(readBundle(bytes, 'b').files.has('journals/00000003-00000000.ndjson'));
  t.notMatch(manifest.files.map(({ name }) => name).join(' '), /hunter/i);
});

t.test('missing files are reported, and the rest is there', async (t) => {
  const fail = (what: string) => (): never => {
    throw new Error(`cannot read ${what} with password=HUNTER2`);
  };
  const { bytes, manifest } = await gatherBundle(
    sources({
      facts: fail('facts'),
      records: fail('the kernel log'),
      status: async () => fail('status')(),
      now: null,
      reader: { ...reader, ...board({}) },
    }),
  );
  t.strictSame([...readBundle(bytes, 'b').files.keys()], ['manifest.json']);
  t.match(manifest, {
    made: null,
    problems: [/^facts.json: cannot read facts/, /^status.json/, /^kernel.log/, /^kernel: /],
  });
  t.notMatch(JSON.stringify(manifest), /HUNTER2/);
  const odd = {
    ...reader,
    ...board({ ...FILES, '/tmp/mountroot/notice': 'x'.repeat(5 << 20) }),
    kind: (path: string) =>
      path === '/tmp/mountroot/state.json'
        ? ('symlink' as const)
        : board({ ...FILES, '/tmp/mountroot/notice': '' }).kind(path),
  };
  const { manifest: told } = await gatherBundle(sources({ reader: odd }));
  t.match(told.problems, [
    /state.json is a symlink and no file, so it was not read/,
    /notice is longer than 4 MiB, and only its beginning is here/,
  ]);
});

t.test("the kernel's log is in dmesg's format, and has only our lines of user space", async (t) => {
  const text = kernelLogText(RECORDS, { text: (line: string) => line });
  t.equal(
    text,
    [
      '[    0.000000] Booting Linux on physical CPU 0x0\n',
      '[    0.000010] Linux version 6.1.0\n',
      '[    1.500000] Kernel command line: root=/dev/mtdblock2 wifi.password=HUNTER2 ro\n',
      '[    2.000000] mountroot: step 1/3\n',
      '[    3.000000] odd [31m\n',
    ].join(''),
  );
  t.match(
    parseConsole(text),
    [{ fromStart: true, lines: { length: 5 } }],
    'so `explain --console` reads it',
  );
});

t.test('a tar is read back unchanged, and GNU tar reads it', async (t) => {
  const name = fc
    .string({ unit: fc.constantFrom(...'abc/._-0'), minLength: 1, maxLength: 99 })
    .map((text) => `x${text}`);
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          name,
          content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
        }),
        { maxLength: 5 },
      ),
      (files) => {
        const back = filesOfTar(writeTar(files, 1_700_000_000));
        if (JSON.stringify(back) !== JSON.stringify(files)) throw new Error('not the same');
      },
    ),
  );
  const tar = writeTar(
    [
      { name: 'top/a', content: Buffer.from('x'.repeat(513)) },
      { name: 'top/b', content: Buffer.alloc(0) },
    ],
    1_700_000_000,
  );
  const { stdout, stderr, status } = spawnSync(
    'tar',
    ['tv', '--utc', '--full-time', '--numeric-owner'],
    { input: tar, encoding: 'utf8' },
  );
  t.equal(stderr, '');
  t.equal(status, 0);
  t.match(
    stdout,
    /^-rw------- 0\/0 +513 2023-11-14 22:13:20 top\/a\n-rw------- 0\/0 +0 2023-11-14 22:13:20 top\/b\n$/,
  );
  t.throws(
    () => writeTar([{ name: 'x'.repeat(101), content: Buffer.alloc(0) }], 0),
    /too long a name/,
  );
});

t.test('a file that is no bundle, or part of one, is reported in one sentence', async (t) => {
  const { bytes } = await gatherBundle(sources());
  const said = (broken: Buffer): string => {
    try {
      readBundle(broken, 'b.tar.gz');
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  t.equal(said(bytes), '');
  t.match(
    said(bytes.subarray(0, bytes.length / 2)),
    /^b\.tar\.gz is no bundle: it is cut off: its end is missing; make one with/,
  );
  t.match(
    said(Buffer.concat([bytes.subarray(0, 500), Buffer.from('xxxx'), bytes.subarray(504)])),
    /it is damaged/,
  );
  t.match(said(gzipSync('not a tar')), /it is cut off/);
  t.match(said(gzipSync(Buffer.alloc(600, 1))), /it is no tar, or a damaged one/);
  t.match(
    said(gzipSync(writeTar([{ name: 'etc/passwd', content: Buffer.from('x') }], 0))),
    /there is no mountroot-bundle\/manifest\.json in it/,
  );
  t.match(said(gzipSync(Buffer.alloc(257 << 20), { level: 1 })), /holds more than 256 MiB/);
  t.throws(
    () => textInBundle(bytes, 'b', ['nothing']),
    /there is no nothing in b; its manifest.json says what could not be had/,
  );
  const tar = gunzipSync(bytes);
  fc.assert(
    fc.property(fc.nat(tar.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(tar);
      changed[at] = byte;
      try {
        filesOfTar(changed);
      } catch (error) {
        if (!/^is /.test((error as Error).message)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});

/** `env -i`, because the test runner hooks itself into every Node it starts. */
const run = (words: string[]) =>
  spawnSync('env', ['-i', `PATH=${process.env['PATH']}`, process.execPath, agent, ...words], {
    maxBuffer: 64 << 20,
  });

t.test("this machine's bundle is planned for and explained elsewhere", async (t) => {
  const file = join(folder, 'here.tar.gz');
  const made = run(['bundle', '-o', file]);
  t.equal(made.status, 0, made.stderr.toString());
  t.match(
    made.stderr.toString(),
    /^mountroot: info: \S+here.tar.gz: \d+ files, \d+ bytes; \d+ texts are withheld[^\n]*docs\/verbs\.md/m,
  );
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(run(['plan', 'start', '--facts', file]).status, 0);
  t.match(run(['explain', '--facts', file]).stdout.toString(), /^How this root came to be: Linux /);
  const piped = run(['bundle']);
  t.equal(piped.status, 0);
  t.ok(readBundle(piped.stdout, 'stdout').files.has('facts.json'));
});

t.test('files that cannot be written, or read as facts, give one sentence', async (t) => {
  const cut = join(folder, 'cut.tar.gz');
  writeFileSync(cut, run(['bundle']).stdout.subarray(0, 1000));
  const cases: [string[], RegExp][] = [
    [['bundle', '-o', folder], /cannot write to \S+: it is a directory; name a file in it/],
    [['bundle', '-o', '/nonexistent/b.tar.gz'], /cannot write to \/nonexistent\/b.tar.gz: ENOENT/],
    [['bundle', '-o', '/dev/null'], /it is no file; send it there with >FILE/],
    [['plan', 'start', '--facts', cut], /cut.tar.gz is no bundle: it is cut off/],
  ];
  for (const [words, says] of cases) {
    const { status, stderr, stdout } = run(words);
    t.equal(status, 2);
    t.match(
      stderr
        .toString()
        .split('\n')
        .filter((line) => !line.includes('not in the bundle'))
        .join('\n'),
      says,
    );
    t.equal(stdout.length, 0);
  }
});
