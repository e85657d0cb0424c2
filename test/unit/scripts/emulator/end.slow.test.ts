import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Machine } from '../../../../scripts/emulator/machine.js';
import { checkout } from '../../../../scripts/lib/report.js';
import { fakeBoard, files } from './fake-qemu.js';

// The test runner hooks itself into every Node it starts.
const environment = { ...process.env, NODE_OPTIONS: undefined };

/** Every process whose command line has the text. */
const processesWith = (text: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });

interface Held {
  end: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
  stderr(): string;
  /** The processes that still run, and the files that still exist. */
  left(): Promise<string[]>;
}

/** A process that holds a machine, with its own folder for temporary files. */
async function hold(t: Test, words: string[], how: string): Promise<Held> {
  // A socket's path may have no more than 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'hold-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const program = join(checkout, 'test/unit/scripts/emulator/holder.ts');
  const child = spawn(words[0]!, [...words.slice(1), program, folder, how], {
    cwd: checkout,
    env: { ...environment, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += text));
  const end = (once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>).then(
    ([code, signal]) => ({ code, signal }),
  );
  if (how !== 'missing') await Promise.race([once(child.stdout, 'data'), end]);
  const qemu = join(temporary, 'mountroot-board-');
  const left = (): string[] => [
    ...processesWith(qemu),
    ...readdirSync(temporary).filter((name) => name.startsWith('mountroot-board-')),
  ];
  if (how !== 'missing') t.equal(left().length, 2, 'there is an emulator, and its folder');
  return {
    end,
    kill: (signal) => void child.kill(signal),
    stderr: () => stderr,
    async left() {
      // A killed process is listed until its parent has waited for it.
      for (let tries = 0; left().length > 0 && tries < 40; tries++) await delay(50);
      return left();
    },
  };
}

const NODE = [process.execPath, '--import', 'tsx'];
const TSX = [join(checkout, 'node_modules/.bin/tsx')];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  t.test(
    `${signal} ends the emulator and removes its folder, and ends the process as it would ` +
      'have without',
    async (t) => {
      const held = await hold(t, NODE, '');
      held.kill(signal);
      t.same(await held.end, { code: null, signal });
      t.same(await held.left(), []);
    },
  );

t.test('the same under tsx, which ends a process only if nobody else listens', async (t) => {
  const held = await hold(t, TSX, '');
  held.kill('SIGTERM');
  t.equal((await held.end).code, 128 + 15);
  t.same(await held.left(), []);
});

t.test('a process with its own handlers ends in its own way', async (t) => {
  for (const words of [NODE, TSX]) {
    const held = await hold(t, words, 'listens');
    held.kill('SIGTERM');
    t.same(await held.end, { code: 1, signal: null });
    t.match(held.stderr(), /^the board ended \(SIGKILL\) while waiting for/);
    t.same(await held.left(), []);
  }
});

t.test('without an emulator the process ends at once', async (t) => {
  const before = Date.now();
  const held = await hold(t, NODE, 'missing');
  t.same(await held.end, { code: 1, signal: null });
  t.match(
    held.stderr(),
    /^cannot run \S+\/nowhere: spawn \S+ ENOENT; `sh scripts\/setup.sh full` installs it\n$/,
  );
  t.ok(Date.now() - before < 10_000, `after ${Date.now() - before} ms`);
  t.same(await held.left(), []);
});

t.test('nobody listens for signals while no machine runs', async (t) => {
  const listeners = (): number[] =>
    ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'].map((event) => process.listenerCount(event));
  const before = listeners();
  const board = fakeBoard(t.testdir({}));
  const machines = [await Machine.start(board, files), await Machine.start(board, files)];
  t.same(
    listeners(),
    before.map((count) => count + 1),
    'one each for all machines',
  );
  await machines[0]!.kill();
  t.same(
    listeners(),
    before.map((count) => count + 1),
  );
  t.match(await machines[1]!.powerOff(), { reason: 'guest-shutdown' });
  t.same(listeners(), before);
  await t.rejects(Machine.start({ ...board, qemu: { ...board.qemu, program: 'false' } }, files), {
    message: /^QEMU ended with 1 before the board was on: /,
  });
  t.same(listeners(), before);
});
