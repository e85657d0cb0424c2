/** Measures the programs of the boot path on the emulated board, cold and warm. */
import { writeFileSync } from 'node:fs';
import type { Image } from '../image/build-image.js';
import { emptyData } from '../image/chips.js';
import { Machine } from '../emulator/machine.js';
import type { Board } from '../lib/board.js';
import { Failure, lastLines, say } from '../lib/report.js';
import { middleRun, type MeasureLine, type WatchedLine } from './measure-line.js';

/** The names are those that scripts/bench/preinit knows. */
export const PROGRAMS = {
  node: '`node -e 0`',
  start: '`mountroot start`',
  done: '`mountroot done`, no switch',
  sh: 'the same plan as sh',
  first: 'the script that goes first',
} as const;
export type ProgramName = keyof typeof PROGRAMS;

/** The output of scripts/bench/preinit on the console. */
interface Printed {
  cold: MeasureLine;
  warm: MeasureLine[];
  watched: WatchedLine;
  /** The journal's record of pivot_root(2), cold; null for a program that writes no journal. */
  pivot: { at: number; ms: number } | null;
  /** Read from the image's device before and after the cold run, of 512 bytes each. */
  sectors: [before: number, after: number];
}

export interface Figures {
  program: string;
  coldMs: number;
  /** From the call to the end of pivot_root(2), cold; null for a program that writes no journal. */
  coldPivotMs: number | null;
  /** The median of the warm runs, and the distance between the fastest and the slowest. */
  warmMs: number;
  warmSpreadMs: number;
  warmUserMs: number;
  warmSystemMs: number;
  warmAllMs: number[];
  /** The largest resident set of any of its processes. */
  coldPeakKiB: number;
  /**
   * Read from the image's device, as it is packed: cold by the program, and before that by the
   * kernel and the shell that calls it. The data volume is not counted.
   */
  coldReadKiB: number;
  readBeforeKiB: number;
  warmPeakKiB: number;
  /**
   * The peak of the memory that only this program maps, warm: how much more memory the machine
   * needs while it runs (see native/measure.c). privateDirtyKiB counts only the part that is no
   * file's page.
   */
  privateKiB: number;
  privateDirtyKiB: number;
}

/** Parses the console's output; null when a line is missing or a run failed. */
function parseConsole(console: string): Printed | null {
  const [cold, ...warm] = [...console.matchAll(/^bench: (?:cold|warm) (\{.*\})\r?$/gm)].map(
    ([, json]) => JSON.parse(json!) as MeasureLine,
  );
  const line = (name: string): unknown =>
    JSON.parse(new RegExp(`^bench: ${name} ([[{].*)\\r?$`, 'm').exec(console)?.[1] ?? 'null');
  const watched = line('watched') as WatchedLine | null;
  const sectors = line('sectors') as Printed['sectors'] | null;
  if (cold === undefined || warm.length < 3 || watched === null || sectors === null) return null;
  if ([cold, ...warm, watched].some(({ status }) => status !== 0)) return null;
  return { cold, warm, watched, pivot: line('pivot') as Printed['pivot'], sectors };
}

function figuresOf(program: string, printed: Printed): Figures {
  const { cold, warm, watched, pivot, sectors } = printed;
  const median = middleRun(warm);
  const times = warm.map(({ wall_us }) => wall_us / 1000);
  return {
    program,
    coldMs: cold.wall_us / 1000,
    coldPivotMs: pivot && pivot.at + pivot.ms - cold.start_us / 1000,
    warmMs: median.wall_us / 1000,
    warmSpreadMs: Math.max(...times) - Math.min(...times),
    warmUserMs: median.user_us / 1000,
    warmSystemMs: median.system_us / 1000,
    warmAllMs: times,
    coldPeakKiB: cold.max_rss_kib,
    coldReadKiB: (sectors[1] - sectors[0]) / 2,
    readBeforeKiB: sectors[0] / 2,
    warmPeakKiB: Math.max(...warm.map(({ max_rss_kib }) => max_rss_kib)),
    privateKiB: watched.private_clean_kib + watched.private_dirty_kib + watched.swap_kib,
    privateDirtyKiB: watched.private_dirty_kib + watched.swap_kib,
  };
}

/**
 * Boots the board with an empty data partition and measures one program.
 * @param flash the images of the chips, with the root file system of benchRootfs().
 */
export async function measureProgram(
  board: Board,
  image: Image,
  flash: readonly string[],
  name: ProgramName,
): Promise<Figures> {
  say(`measuring ${PROGRAMS[name]}`);
  writeFileSync(flash.at(-1)!, emptyData(board));
  // The script that runs first refuses a board with settings on its kernel command line.
  const settings = name === 'first' ? '' : ' mountroot.boot_limit=0';
  const files = { ...image.boot, flash };
  const machine = await Machine.start(board, files, {
    icount: true,
    append: `norandmaps init=/bench/preinit${settings} BENCH=${name}`,
    timeLimitMs: 300_000,
  });
  const { reason } = await machine.ended;
  const printed = parseConsole(machine.console);
  if (reason !== 'guest-shutdown' || printed === null)
    throw new Failure(
      `measuring ${PROGRAMS[name]} failed; the console's last lines were:\n` +
        lastLines(machine.console, 20),
    );
  return figuresOf(PROGRAMS[name], printed);
}

const milliseconds = (value: number): string => value.toFixed(0);
const mebibytes = (kib: number): string => (kib / 1024).toFixed(1);

const COLUMNS: readonly [title: string, cell: (figures: Figures) => string][] = [
  ['cold ms', ({ coldMs }) => milliseconds(coldMs)],
  ['to pivot', ({ coldPivotMs }) => (coldPivotMs === null ? '' : milliseconds(coldPivotMs))],
  ['warm ms', ({ warmMs }) => milliseconds(warmMs)],
  ['spread', ({ warmSpreadMs }) => warmSpreadMs.toFixed(1)],
  ['read MiB', ({ coldReadKiB }) => mebibytes(coldReadKiB)],
  ['before', ({ readBeforeKiB }) => mebibytes(readBeforeKiB)],
  ['cold MiB', ({ coldPeakKiB }) => mebibytes(coldPeakKiB)],
  ['warm MiB', ({ warmPeakKiB }) => mebibytes(warmPeakKiB)],
  ['private', ({ privateKiB }) => mebibytes(privateKiB)],
  ['dirty', ({ privateDirtyKiB }) => mebibytes(privateDirtyKiB)],
];

export function figuresTable(all: readonly Figures[]): string {
  const line = (name: string, cells: readonly string[]): string =>
    name.padEnd(28) + cells.map((cell) => cell.padStart(10)).join('');
  const titles = COLUMNS.map(([title]) => title);
  const rows = all.map((figures) =>
    line(
      figures.program,
      COLUMNS.map(([, cell]) => cell(figures)),
    ),
  );
  return [line('', titles), ...rows].join('\n');
}
