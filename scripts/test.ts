/**
 * `npm test`: makes what the tests need, runs them, and ends with the line `N passed, N failed`.
 * `--fast` leaves out the tests that need the emulator. `--kernels [BOARD…]` runs the tests that
 * depend on the kernel, and only these, once for each board with another kernel. `--nand` runs the
 * tests of the board with a NAND chip, `--debian` those on a whole Debian, which boots for a minute
 * each time.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { USUAL_BOARD, loadBoard } from './lib/board.js';
import { buildNative } from './agent/native.js';
import { house } from './house.js';
import { buildImage } from './image/build-image.js';
import { compileTests, sourceNames } from './lib/compile-tests.js';
import { groupTests } from './lib/group-tests.js';
import { lint } from './lint.js';
import { Failure, checkout, main, say } from './lib/report.js';
import { countTests, fileTimes, type Count, type FileTime } from './lib/tap-count.js';

interface Suite {
  name: string;
  folder: string;
  /**
   * The number of files that run at once. Some unit tests only wait, and two emulators on two cores
   * gain more than they slow each other down. The namespace tests run one by one, because they
   * compare all of mountinfo, and the kernel counts peer groups for all of them together.
   */
  jobs: number;
  /** Short files share processes. */
  grouped?: true;
  /** It runs beside the suite before it, which makes no peer groups, and is shown after it. */
  beside?: true;
}

const FAST: Suite[] = [
  { name: 'unit', folder: 'test/unit', jobs: 3, grouped: true },
  { name: 'namespace', folder: 'test/namespace', jobs: 1, beside: true },
];
const FULL: Suite[] = [
  ...FAST,
  { name: 'tools', folder: 'test/tools', jobs: 2 },
  { name: 'qemu', folder: 'test/qemu', jobs: 2 },
];

const DEBIAN: Suite = { name: 'debian', folder: 'test/debian', jobs: 1 };

/** These hold for the emulated board whatever its kernel is. */
const ON_EACH_KERNEL = ['persistence', 'kernels', 'usable-root', 'volumes', 'powercut'];

const program = (name: string): string => join(checkout, 'node_modules', '.bin', name);

async function typecheck(): Promise<Count> {
  say('types: tsc');
  const tsc = spawn(program('tsc'), ['-p', '.'], { cwd: checkout, stdio: ['ignore', 2, 2] });
  const [status] = (await once(tsc, 'exit')) as [number | null];
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

/** The time of each file that has run. */
const times: FileTime[] = [];

/** Shows where the time of a run went. */
function showSlowest(): void {
  const slowest = times.sort((a, b) => b.seconds - a.seconds).slice(0, 10);
  process.stdout.write('\nthe ten slowest files:\n');
  for (const { file, seconds } of slowest)
    process.stdout.write(`${seconds.toFixed(1).padStart(8)} s  ${sourceNames(file)}\n`);
}

/** The model's objects live for one call: a sixth of its time was their collection. */
const MORE_YOUNG = '--max-semi-space-size=64';

type Show = (line: string) => void;
const showNow: Show = (line) => void process.stdout.write(`${line}\n`);

/** @param environment variables for the tests. */
async function runSuite(
  { name, jobs }: Suite,
  files: string[],
  environment: Record<string, string>,
  show = showNow,
): Promise<Count> {
  say(`${name}: ${files.length} files`);
  const options = ['--reporter=tap', `--jobs=${jobs}`, `--node-arg=${MORE_YOUNG}`];
  const tap = spawn(program('tap'), ['run', ...options, ...files], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 2],
    env: { ...process.env, ...environment },
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: tap.stdout! })) {
    lines.push(line);
    if (worthShowing(line)) show(sourceNames(line));
  }
  const output = `${lines.join('\n')}\n`;
  times.push(...fileTimes(output));
  const count = countTests(output);
  // A tap that died, or that counts differently, means failure.
  const status = tap.exitCode ?? ((await once(tap, 'exit')) as [number | null])[0];
  return status !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

const isGreen = ({ passed, failed }: Count): boolean => failed === 0 && passed > 0;

function sum(counts: readonly Count[]): Count {
  return counts.reduce((total, each) => ({
    passed: total.passed + each.passed,
    failed: total.failed + each.failed,
    skipped: total.skipped + each.skipped,
  }));
}

/** The suites that run at the same time, in the order in which they begin. */
function inTurns(suites: readonly Suite[]): Suite[][] {
  const turns: Suite[][] = [];
  for (const suite of suites)
    if (suite.beside) turns.at(-1)!.push(suite);
    else turns.push([suite]);
  return turns;
}

/** Runs suites at once. The first one is shown while it runs, and the others behind it. */
async function runTogether(
  turn: readonly Suite[],
  run: (suite: Suite, show: Show) => Promise<Count>,
): Promise<Count[]> {
  const [first, ...others] = turn;
  const later: string[] = [];
  const rest = others.map((suite) => run(suite, (line) => void later.push(line)));
  const counts = await Promise.all([run(first!, showNow), ...rest]);
  for (const line of later) showNow(line);
  return counts;
}

/** Everything, or all that needs no emulator. */
async function everything(fast: boolean): Promise<Count[]> {
  // Most of these use one processor for long. What they find is shown as soon as they find it.
  const checks = Promise.all([lint(), typecheck()]);
  const counts = await allSuites(fast).finally(() => checks);
  return [...(await checks), ...counts];
}

async function allSuites(fast: boolean): Promise<Count[]> {
  await buildNative('host');
  if (!fast) {
    process.stdout.write(await house());
    await buildImage(loadBoard());
  }
  const suites = fast ? FAST : FULL;
  const which = fast ? 'fast' : 'all';
  const environment = { MOUNTROOT_TESTS: which };
  const files = new Map<Suite, string[]>();
  const sources = suites.map((suite) => filesOf(suite, fast));
  const compiled = await compileTests(sources);
  for (const [index, suite] of suites.entries())
    files.set(
      suite,
      suite.grouped ? groupTests(sources[index]!, compiled[index]!, which) : compiled[index]!,
    );
  const counts: Count[] = [];
  for (const turn of inTurns(suites))
    counts.push(
      ...(await runTogether(turn, (suite, show) =>
        runSuite(suite, files.get(suite)!, environment, show),
      )),
    );
  return counts;
}

async function onDebian(): Promise<Count[]> {
  await buildNative('host');
  const [compiled] = await compileTests([filesOf(DEBIAN, false)]);
  return [await runSuite(DEBIAN, compiled!, {})];
}

/** The boards that differ from the usual one in their kernel. */
const otherKernels = (): string[] =>
  readdirSync(join(checkout, 'board'))
    .filter((name) => name !== USUAL_BOARD && name.startsWith(USUAL_BOARD))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));

async function onKernels(boards: readonly string[]): Promise<Count[]> {
  const counts: Count[] = [];
  await buildNative('host');
  const files = ON_EACH_KERNEL.map((name) => join('test', 'qemu', `${name}.test.ts`));
  const [compiled] = await compileTests([files]);
  for (const name of boards) {
    await buildImage(loadBoard(name));
    counts.push(
      await runSuite({ name, folder: 'test/qemu', jobs: 2 }, compiled!, { MOUNTROOT_BOARD: name }),
    );
  }
  return counts;
}

/** The walk through states of NAND takes the usual board's image, with the kernel of this board. */
async function onNand(): Promise<Count[]> {
  await buildNative('host');
  await buildImage(loadBoard());
  const suite = { name: 'nand', folder: 'test/nand', jobs: 1 };
  const [compiled] = await compileTests([filesOf(suite, false)]);
  return [await runSuite(suite, compiled!, {})];
}

function chosen([option, ...names]: readonly string[]): Promise<Count[]> {
  if (option === '--nand') return onNand();
  if (option === '--debian') return onDebian();
  if (option === '--kernels') return onKernels(names.length > 0 ? names : otherKernels());
  return everything(option === '--fast');
}

await main(async () => {
  const counts = await chosen(process.argv.slice(2));
  const total = sum(counts);
  showSlowest();
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return isGreen(total) ? 0 : 1;
});
