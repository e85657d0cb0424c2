/**
 * `npm test`: makes what the tests need, runs them, and ends with the line `N passed, N failed`.
 * `--fast` leaves out the tests that need the emulator.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadBoard } from './lib/board.js';
import { buildNative } from './agent/native.js';
import { house } from './house.js';
import { buildImage } from './image/build-image.js';
import { compileTests, sourceNames } from './lib/compile-tests.js';
import { lint } from './lint.js';
import { Failure, checkout, main, say } from './lib/report.js';
import { countTests, type Count } from './lib/tap-count.js';

interface Suite {
  name: string;
  folder: string;
  /**
   * The number of files that run at once. Some unit tests only wait, and two emulators on two cores
   * gain more than they slow each other down. The namespace tests run one by one, because they
   * compare all of mountinfo, and the kernel counts peer groups for all of them together.
   */
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

/** Lines of TAP for people: each test's result, and everything about a failure. */
const worthShowing = (line: string): boolean =>
  !/^ {8,}ok |^ *1\.\.\d|^ *# |^ *$|^TAP version/.test(line);

function filesOf({ folder }: Suite, fast: boolean): string[] {
  const files = readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
    // Tests that take more than some seconds have this ending, and run in `npm test` only.
    .filter((file) => file.endsWith('.test.ts') && !(fast && file.endsWith('.slow.test.ts')))
    .map((file) => join(folder, file))
    .sort();
  // Without a file tap would look for tests on its own.
  if (files.length === 0) throw new Failure(`there are no tests in ${folder}`);
  return files;
}

async function runSuite({ name, jobs }: Suite, files: string[], fast: boolean): Promise<Count> {
  say(`${name}: ${files.length} files`);
  const tap = spawn(program('tap'), ['run', '--reporter=tap', `--jobs=${jobs}`, ...files], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 2],
    env: { ...process.env, MOUNTROOT_TESTS: fast ? 'fast' : 'all' },
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: tap.stdout! })) {
    lines.push(line);
    if (worthShowing(line)) process.stdout.write(`${sourceNames(line)}\n`);
  }
  const count = countTests(`${lines.join('\n')}\n`);
  // A tap that died, or that counts differently, means failure.
  const status = tap.exitCode ?? ((await once(tap, 'exit')) as [number | null])[0];
  return status !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

const isGreen = ({ passed, failed }: Count): boolean => failed === 0 && passed > 0;

await main(async () => {
  const fast = process.argv.includes('--fast');
  const counts = [await lint(), typecheck()];
  await buildNative('host');
  if (!fast) {
    process.stdout.write(await house());
    await buildImage(loadBoard());
  }
  const suites = fast ? FAST : FULL;
  const compiled = await compileTests(suites.map((suite) => filesOf(suite, fast)));
  for (const [index, suite] of suites.entries())
    counts.push(await runSuite(suite, compiled[index]!, fast));
  const total = counts.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    skipped: sum.skipped + each.skipped,
  }));
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return isGreen(total) ? 0 : 1;
});
