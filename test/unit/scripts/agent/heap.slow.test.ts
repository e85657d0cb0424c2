/** The kept heap and its launcher, with this machine's own Node, used as on boards. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { placeNative } from '../../../../scripts/agent/agent.js';
import { bundleHeap } from '../../../../scripts/agent/bundle-heap.js';
import { bundle } from '../../../../scripts/agent/bundle.js';
import { KEEP_HEAP } from '../../../../scripts/agent/heap.js';
import { launcherDefinitions } from '../../../../scripts/agent/launcher.js';
import { own } from '../../../../scripts/lib/npm.js';
import { HOME, NODE } from '../../../../src/facts/installation.js';
import { nodeMark } from '../../../../src/kept-heap/node-mark.js';
import { withoutCodeCache } from '../../../../scripts/agent/heap-file.js';
import { compileProgram } from '../../../../scripts/agent/compile.js';

const home = join(process.cwd(), 'build', 'test', `heap-${process.pid}`);
const path = (name: string): string => join(home, name);
t.teardown(() => rmSync(home, { recursive: true, force: true }));
mkdirSync(home, { recursive: true });

// The test runner hooks itself into every Node it starts.
const env = { PATH: process.env['PATH'] ?? '', MOUNTROOT_LOG: '' };
await bundle('src/main.ts', path('mountroot.cjs'));
await placeNative('host', home);
await bundleHeap(home);
// Prints its arguments, and then is Node.
writeFileSync(
  path('node'),
  `#!/bin/sh\necho "$@" >>'${path('calls')}'\nexec '${process.execPath}' "$@"\n`,
  { mode: 0o755 },
);
await compileProgram(
  'host',
  join(process.cwd(), 'native/launch.c'),
  path('launch'),
  launcherDefinitions('/nowhere', path('node'), { records: [path('records')] }),
);
writeFileSync(
  path('keep-heap'),
  KEEP_HEAP.replaceAll(NODE, process.execPath).replaceAll(HOME, home),
);
/** Writes the heaps, as a user of a board does. */
const keepHeaps = (to: string, how: { cwd?: string; env: NodeJS.ProcessEnv } = { env }) =>
  spawnSync('sh', [path('keep-heap'), path(to)], { encoding: 'utf8', ...how });
const kept = keepHeaps('boot.heap');
t.equal(kept.status, 0, `the heaps are written: ${kept.stderr}`);
const heap = readFileSync(path('boot.heap'));

t.test('a heap contains neither yargs, winston nor the model kernel', (t) => {
  t.notMatch(readFileSync(path('heap.js'), 'latin1'), /yargs|winston|halfRename/);
  t.match(readFileSync(path('warm-up.js'), 'latin1'), /halfRename/, 'a word of the model');
  t.end();
});

/** Runs the launcher, and returns how often Node was called with and without a heap. */
function launch(...words: string[]): {
  status: number | null;
  stdout: string;
  stderr: string;
  calls: string[];
} {
  rmSync(path('calls'), { force: true });
  const { status, stdout, stderr } = spawnSync(path('launch'), words, { encoding: 'utf8', env });
  const calls = existsSync(path('calls'))
    ? readFileSync(path('calls'), 'utf8').trim().split('\n')
    : [];
  return {
    status,
    stdout,
    stderr,
    calls: calls.map((call) => /(\w+)\.heap/.exec(call)?.[1] ?? 'file'),
  };
}

const NO_SHUTDOWN = /^mountroot: stop was refused because this is no shutdown/m;

t.test('a boot verb runs from the heap', (t) => {
  const { status, stderr, calls } = launch('stop');
  t.strictSame(calls, ['boot']);
  t.match(stderr, NO_SHUTDOWN);
  t.equal(status, 5);
  t.end();
});

t.test('reports run from a heap of their own, and changes and long work from the file', (t) => {
  t.strictSame(launch('--version'), {
    status: 0,
    stdout: `${own.version}\n`,
    stderr: '',
    calls: ['reports'],
  });
  const { status, stderr, calls } = launch('stop', '--no-such-option');
  t.equal(status, 2);
  t.match(stderr, /no-such-option/i);
  t.strictSame(calls, ['reports']);
  t.strictSame(launch('--verbose', 'ramdisk', '--help').calls, ['file']);
  t.strictSame(launch('reset', '--help').calls, ['file']);
  t.strictSame(launch('start', '--force', '--dry-run').calls, ['reports']);
  const changed = launch('stop', '--set', 'boot_limit=1');
  // The real Node goes on with the agent's file.
  t.strictSame(changed.calls, ['reports']);
  t.match(changed.stderr, NO_SHUTDOWN);
  t.equal(changed.status, 5);
  t.end();
});

t.test('an unusable heap costs one call, and the agent runs from its own file', (t) => {
  const other = Buffer.from(heap);
  other.write('9', other.indexOf(process.version.slice(1)));
  const late = Buffer.from(heap);
  late.fill(0x5a, 100_000, late.length - 100_000);
  for (const [what, content] of [
    ['of another Node', other],
    ['cut short', heap.subarray(0, 1_000_000)],
    ['empty', Buffer.alloc(0)],
    ['damaged inside', late],
  ] as const) {
    writeFileSync(path('boot.heap'), content);
    const { status, stderr, calls } = launch('stop');
    t.strictSame(calls, ['boot', 'file'], what);
    t.equal(status, 5, what);
    t.match(stderr, NO_SHUTDOWN, what);
  }
  rmSync(path('boot.heap'));
  t.strictSame(launch('stop').calls, ['file'], 'none');
  writeFileSync(path('boot.heap'), heap);
  t.end();
});

t.test('a heap belongs to the content of the agent, whatever the dates are', (t) => {
  for (const name of readdirSync(home)) utimesSync(path(name), 0, 0);
  t.strictSame(launch('stop').calls, ['boot'], 'all files have one date');
  t.strictSame(launch('--version').calls, ['reports']);
  for (const [name, verb, refused] of [
    ['mountroot.cjs', 'stop', 'boot'],
    ['mountroot.cjs', '--version', 'reports'],
    ['mountroot-cli.cjs', '--version', 'reports'],
  ] as const) {
    const agent = readFileSync(path(name), 'utf8');
    // Of the same length, and with the same dates.
    const other = agent.replace(/^\/\/build .*$/m, (line) => line.replace(/\w/g, 'f'));
    t.not(other, agent);
    writeFileSync(path(name), other.replace(/^\/\/fffff/m, '//build'));
    utimesSync(path(name), 0, 0);
    t.strictSame(launch(verb).calls, [refused, 'file'], `another ${name}`);
    writeFileSync(path(name), agent);
    utimesSync(path(name), 0, 0);
    t.strictSame(launch(verb).calls, [refused]);
  }
  t.end();
});

t.test('a heap belongs to one build of Node, not only to its version', (t) => {
  const { path: file, at, id, size } = nodeMark();
  t.ok(size > 0);
  const bytes = Buffer.alloc(id.length);
  const node = openSync(file, 'r');
  readSync(node, bytes, 0, id.length, at);
  closeSync(node);
  t.equal(bytes.toString('latin1'), id, 'the id is read again where it was found');
  if (id.length > 0) {
    const [before, place] = [readFileSync(path('boot.heap')), heap.indexOf(id, 0, 'latin1')];
    t.ok(place > 0, 'the heap remembers it');
    const other = Buffer.from(before);
    other[place]! ^= 1;
    writeFileSync(path('boot.heap'), other);
    t.strictSame(launch('stop').calls, ['boot', 'file']);
    writeFileSync(path('boot.heap'), before);
  }
  t.end();
});

t.test('a refused heap is told to the agent', (t) => {
  const before = readFileSync(path('reports.heap'));
  writeFileSync(path('reports.heap'), before.subarray(0, 1_000_000));
  const { status, stdout, calls } = launch('status', '--json');
  t.equal(status, 0);
  t.strictSame(calls, ['reports', 'file']);
  t.match((JSON.parse(stdout) as { attention: string[] }).attention, [
    /^reports\.heap was refused .*; run \S+keep-heap on the board$/,
  ]);
  writeFileSync(path('reports.heap'), before);
  t.notMatch(launch('status', '--json').stdout, /refused/);
  t.end();
});

/** What changes from one call to the next: room, times, process ids. */
const MOVING = [
  /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?/,
  /\b\d[\d.,]*(?= (?:[kKMG]i?B|ms|s|min|inodes|of)\b)/,
  /"(?:free|available|rss|at|ago|pid|ms)": ?[\d.]+/,
  /\b\d{5,}(?:\.\d+)?\b/,
];
const steady = (text: string): string =>
  MOVING.reduce((all, moving) => all.replace(new RegExp(moving, 'g'), 'N'), text);

t.test('a report from the heap has the bytes of one from the file', (t) => {
  const board = join(process.cwd(), 'board/vexpress-a9/facts.json');
  const calls = [
    ...['--version', '--help', 'nonsense', 'ssh-shell', 'completion bash', 'completion json'],
    ...['status', 'status --steps', 'status --json', 'status --format prometheus'],
    ...['doctor', 'doctor --json --verbose', `doctor --facts ${board}`],
    ...['explain', 'explain --json', `explain --facts ${board}`],
    ...['journal', 'journal --json', 'journal --ndjson --last 1', 'journal --boot 0', 'timeline'],
    ...['facts', 'start --dry-run', 'plan done', `plan start --json --facts ${board}`],
    ...[`plan start --format sh --facts ${board}`, `plan start --guarded --facts ${board}`],
    ...['diff', `diff --upper ${home} --lower ${home}`, `diff --json --upper / --lower ${home}/x`],
    ...['status --help', 'start --help'],
  ];
  for (const call of calls) {
    const words = call.split(' ');
    const { calls: how, ...fromHeap } = launch(...words);
    t.strictSame(how, ['reports'], call);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [path('mountroot.cjs'), ...words],
      { encoding: 'utf8', env },
    );
    t.equal(fromHeap.status, status, call);
    t.equal(steady(fromHeap.stdout), steady(stdout), call);
    t.equal(fromHeap.stderr, stderr, call);
  }
  t.end();
});

t.test('a signal to the launcher ends the agent, and the exit status shows it', async (t) => {
  const node = readFileSync(path('node'));
  writeFileSync(path('node'), `#!/bin/sh\necho $$ >'${path('pid')}'\nexec sleep 100\n`);
  chmodSync(path('node'), 0o755);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    rmSync(path('pid'), { force: true });
    const child = spawn(path('launch'), ['start'], { stdio: 'ignore' });
    const ended = new Promise((resolve) =>
      child.once('exit', (status, by) => resolve(by ?? status)),
    );
    while (!existsSync(path('pid')) || readFileSync(path('pid'), 'utf8') === '') await delay(5);
    const pid = Number(readFileSync(path('pid'), 'utf8'));
    child.kill(signal);
    t.equal(await ended, signal === 'SIGKILL' ? 'SIGKILL' : 143);
    // A dead orphan stays in /proc until init, or its substitute, has waited for it.
    const gone = (): boolean =>
      !existsSync(`/proc/${pid}/stat`) || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    for (let tries = 0; !gone() && tries < 200; tries++) await delay(5);
    t.ok(gone(), `Node is gone behind ${signal}`);
  }
  writeFileSync(path('node'), node);
});

t.test('writing the heap changes nothing outside a folder that it removes again', (t) => {
  const folder = path('tmp');
  mkdirSync(folder);
  const before = readdirSync(home);
  const { status } = keepHeaps('boot.heap', { env: { ...env, TMPDIR: folder }, cwd: folder });
  t.equal(status, 0);
  t.strictSame(readdirSync(folder), []);
  t.strictSame(readdirSync(home), before);
  t.end();
});

t.test('the code cache is removed from a 32-bit heap file, if it has one', (t) => {
  const word = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
  const module = (name: string, code: Buffer): Buffer =>
    Buffer.concat([word(name.length), Buffer.from(name), word(code.length), code]);
  const front = Buffer.from('what comes before, with numbers in it \x02\0\0\0\x01\0\0\0x');
  const cache = Buffer.concat([
    word(2),
    module('fs', Buffer.alloc(5000, 7)),
    module('internal/util', Buffer.alloc(33, 1)),
  ]);
  t.same(withoutCodeCache(Buffer.concat([front, cache])), Buffer.concat([front, word(0)]));
  t.equal(withoutCodeCache(front), null);
  t.equal(withoutCodeCache(Buffer.concat([front, cache, Buffer.alloc(1)])), null);
  t.equal(withoutCodeCache(Buffer.alloc(0)), null);
  t.end();
});
