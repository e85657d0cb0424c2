/** The kept heap and its launcher, with this machine's own Node, used as on boards. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { placeNative } from '../../../../scripts/agent/agent.js';
import { bundleHeap } from '../../../../scripts/agent/bundle-heap.js';
import { bundle } from '../../../../scripts/agent/bundle.js';
import { WRITING } from '../../../../scripts/agent/heap.js';
import { launcherDefinitions } from '../../../../scripts/agent/launcher.js';
import { HEAP_OPTIONS } from '../../../../src/facts/installation.js';
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
  launcherDefinitions('/nowhere', path('node')),
);
const written = spawnSync(
  process.execPath,
  [
    ...HEAP_OPTIONS,
    ...WRITING,
    '--snapshot-blob',
    path('boot.heap'),
    '--build-snapshot',
    path('heap.js'),
  ],
  { encoding: 'utf8', env },
);
t.equal(written.status, 0, 'the heap is written');
const heap = readFileSync(path('boot.heap'));

t.test('a heap contains neither yargs, winston nor the model kernel', (t) => {
  t.notMatch(readFileSync(path('heap.js'), 'latin1'), /yargs|winston|halfRename/);
  t.match(readFileSync(path('warm-up.js'), 'latin1'), /halfRename/, 'a word of the model');
  t.end();
});

/** Runs the launcher, and returns how often Node was called with and without a heap. */
function launch(...words: string[]): { status: number | null; stderr: string; calls: string[] } {
  rmSync(path('calls'), { force: true });
  const { status, stderr } = spawnSync(path('launch'), words, { encoding: 'utf8', env });
  const calls = existsSync(path('calls'))
    ? readFileSync(path('calls'), 'utf8').trim().split('\n')
    : [];
  return {
    status,
    stderr,
    calls: calls.map((call) => (call.includes('--snapshot-blob') ? 'heap' : 'file')),
  };
}

const NO_SHUTDOWN = /^mountroot: stop was refused because this is no shutdown/m;

t.test('a boot verb runs from the heap', (t) => {
  const { status, stderr, calls } = launch('stop');
  t.strictSame(calls, ['heap']);
  t.match(stderr, NO_SHUTDOWN);
  t.equal(status, 5);
  t.end();
});

t.test(
  'the heap runs boot verbs only; the agent runs other calls, with all their arguments',
  (t) => {
    t.strictSame(launch('--version'), { status: 0, stderr: '', calls: ['file'] });
    const { status, stderr, calls } = launch('stop', '--no-such-option');
    t.equal(status, 2);
    t.match(stderr, /no-such-option/i);
    t.strictSame(calls, ['heap'], 'Node was called again by the agent itself');
    t.end();
  },
);

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
    t.strictSame(calls, ['heap', 'file'], what);
    t.equal(status, 5, what);
    t.match(stderr, NO_SHUTDOWN, what);
  }
  rmSync(path('boot.heap'));
  t.strictSame(launch('stop').calls, ['file'], 'none');
  writeFileSync(path('boot.heap'), heap);
  const { atime, mtime } = statSync(path('mountroot.cjs'));
  utimesSync(path('mountroot.cjs'), atime, new Date(0));
  t.strictSame(launch('stop').calls, ['heap', 'file'], 'of an agent that was replaced since');
  utimesSync(path('mountroot.cjs'), atime, mtime);
  t.strictSame(launch('stop').calls, ['heap']);
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
  const { status } = spawnSync(
    process.execPath,
    [
      ...HEAP_OPTIONS,
      ...WRITING,
      '--snapshot-blob',
      path('again.heap'),
      '--build-snapshot',
      path('heap.js'),
    ],
    { env: { ...env, TMPDIR: folder }, cwd: folder },
  );
  t.equal(status, 0);
  t.strictSame(readdirSync(folder), []);
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
