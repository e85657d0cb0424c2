/**
 * `npm test`: makes what the tests need, runs them, and ends with the line `N passed, N failed`.
 * `--fast` leaves out what needs the emulator.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadBoard } from './lib/board.js';
import { buildNative } from './agent/native.js';
import { buildImage } from './image/build-image.js';
import { Failure, checkout, main, say } from './lib/report.js';
import { countTests, type Count } from './lib/tap-count.js';

/**
 * @param jobs how many files at once: of the unit tests some only wait, and two emulators on two
 *   cores slow each other less than they gain. Numbers of peer groups are the whole kernel's, so of
 *   the tests that compare mountinfo to the letter none runs beside another one that shares mounts.
 */
interface Suite {
  name: string;
  folder: string;
  jobs: number;
}

const FAST: Suite[] = [
  { name: 'unit', folder: 'test/unit', jobs: 3 },
  { name: 'namespace', folder: 'test/namespace', jobs: 1 },
];
const FULL: Suite[] = [
  ...FAST,
  { name: 'tools', folder: 'test/tools', jobs: 2 },
  { name: 'qemu', folder: 'test/qemu', jobs: 2 },
];

const program = (name: string): string => join(checkout, 'node_modules', '.bin', name);

function typecheck(): Count {
  say('types: tsc');
  const { status } = spawnSync(program('tsc'), ['-p', '.'], {
    cwd: checkout,
    stdio: ['ignore', 2, 2],
  });
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/**
 * Of a TAP stream, what a person wants to see as it comes: each test with its result, and all that
 * is said about a failure.
 */
const worthShowing = (line: string): boolean =>
  !/^ {8,}ok |^ *1\.\.\d|^ *# |^ *$|^TAP version/.test(line);

async function runSuite({ name, folder, jobs }: Suite, fast: boolean): Promise<Count> {
  const files = readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
    // What takes more than some seconds is called so, and is for `npm test`.
    .filter((file) => file.endsWith('.test.ts') && !(fast && file.endsWith('.slow.test.ts')))
    .map((file) => join(folder, file))
    .sort();
  // Without a file tap would look for tests on its own.
  if (files.length === 0) throw new Failure(`there are no tests in ${folder}`);
  say(`${name}: ${files.length} files`);
  const tap = spawn(program('tap'), ['run', '--reporter=tap', `--jobs=${jobs}`, ...files], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 2],
    env: { ...process.env, MOUNTROOT_TESTS: fast ? 'fast' : 'all' },
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: tap.stdout! })) {
    lines.push(line);
    if (worthShowing(line)) process.stdout.write(`${line}\n`);
  }
  const count = countTests(`${lines.join('\n')}\n`);
  // tap that died, or that counts otherwise than we do, must not pass for success.
  const status = tap.exitCode ?? (await once(tap, 'exit'))[0];
  return status !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

await main(async () => {
  const fast = process.argv.includes('--fast');
  await buildNative('host');
  if (!fast) await buildImage(loadBoard());
  const counts = [typecheck()];
  for (const suite of fast ? FAST : FULL) counts.push(await runSuite(suite, fast));
  const total = counts.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    skipped: sum.skipped + each.skipped,
  }));
  process.stdout.write(
    `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}\n`,
  );
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
});
