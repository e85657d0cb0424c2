/**
 * Boots a board in one of the ways in which Linux gets its root, and compares the outcome with the
 * explanation.
 */
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { BootFiles } from '../../scripts/emulator/command.js';
import type { MachineOptions } from '../../scripts/emulator/machine.js';
import { buildKernel } from '../../scripts/image/kernel.js';
import { kernelCommandLine } from '../../scripts/lib/board.js';
import { explain, type Explanation, type KernelEnd } from '../../src/explain/explanation.js';
import { parseConsole } from '../../src/facts/console-log.js';
import { NOTHING, consoleFixture } from '../fixtures/explained.js';
import { board, makeBench, type Bench } from './board.js';
import { workbench, type Workbench } from './ramdisks.js';

/** The facts of this board, gathered on it. */
const FACTS = fileURLToPath(consoleFixture('facts.json'));
export const IMAGE = 'root=/dev/mtdblock2 rootfstype=squashfs ro';

interface Way {
  words: string;
  /** The ramdisk. Explain reads it even if the emulator does not get it. */
  ramdisk?: string;
  files?: Partial<BootFiles>;
  options?: MachineOptions;
  /** The end of the boot, on the console and in the prediction. */
  end: KernelEnd | Record<string, unknown>;
  /** The expected answers of the story, by the decision's id. */
  told?: Record<string, RegExp>;
  /**
   * True when the facts cannot determine the end and the explanation says so: they lack another
   * kernel's built-in ramdisk, and programs that were never checked, such as those of an image.
   */
  unforeseen?: boolean;
}

function essence(end: KernelEnd): string {
  if (end.kind === 'runs') return `runs ${end.program}`;
  return end.kind === 'panics' ? `panics: ${end.message}` : end.kind;
}

/** What the agent foretells of a boot with this command line. */
export function foretold(
  work: Workbench,
  commandLine: string,
  ramdisk: string | undefined,
): Explanation {
  const { stdout, stderr } = work.agent(
    ...['explain', '--json', '--facts', FACTS],
    ...['--cmdline', kernelCommandLine({ ...board, commandLine })],
    ...(ramdisk === undefined ? [] : ['--initrd', ramdisk]),
  );
  if (stderr !== '') throw new Error(`explain said: ${stderr}`);
  return JSON.parse(stdout) as Explanation;
}

/**
 * Boots one way until the board is off, and compares the explanation with the console. Returns the
 * console.
 */
async function goOneWay(
  t: Test,
  { bench, work }: Pick<Ways, 'bench' | 'work'>,
  { words, ramdisk, files, options, end, told = {}, unforeseen = false }: Way,
): Promise<string> {
  const commandLine = `console=ttyAMA0 panic=-1 ${words}`.trimEnd();
  const machine = await bench.boot(
    { commandLine, ...options },
    files ?? (ramdisk === undefined ? {} : { ramdisk }),
  );
  await machine.ended;
  const { console } = machine;
  const was = explain({ ...NOTHING, log: parseConsole(console).at(-1)! });
  t.match(was.end, end, 'the console is explained');
  t.same(was.contradictions, []);
  for (const [id, answer] of Object.entries(told)) t.match(answerOf(was, id), answer, id);
  if (!unforeseen) {
    const would = foretold(work, commandLine, ramdisk);
    t.equal(essence(would.end), essence(was.end), 'it was foretold');
    for (const [id, answer] of Object.entries(told))
      t.match(answerOf(would, id), answer, `${id}, foretold`);
  }
  return console;
}

export const answerOf = ({ decisions }: Explanation, id: string): string =>
  decisions.find((each) => each.id === id)?.answer ?? 'no such decision';

export interface Ways {
  bench: Bench;
  work: Workbench;
  /** The cached folder of the board's kernel. */
  kernel: string;
  goes: (t: Test, way: Way) => Promise<string>;
}

/** Returns the bench and the workbench of a test file. */
export async function waysToRoot(t: Test): Promise<Ways> {
  const bench = await makeBench();
  t.teardown(() => bench.clear());
  const work = await workbench(t);
  const goes = (t: Test, way: Way): Promise<string> => goOneWay(t, { bench, work }, way);
  return { bench, work, kernel: await buildKernel(board), goes };
}
