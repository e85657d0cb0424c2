/**
 * `npm run bench`: measures the boot path on the emulated board (guest milliseconds and peak
 * memory, cold as the first program after power-on, and warm), and how the cost of calls grows with
 * their work. Prints tables and writes build/bench.json; `--only NAME[,NAME…]` chooses parts.
 *
 * The emulator counts instructions (-icount), so figures repeat to about 1 % on any machine. They
 * leave out the time that a real NOR chip takes to be read. Addresses are not randomised
 * (norandmaps), because that alone moves a warm Node by 10 %.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchRootfs } from './bench/bench-root.js';
import { besideTools, toolsTable, type Beside } from './bench/beside.js';
import { PROGRAMS, figuresTable, measureProgram, type Figures } from './bench/boot-path.js';
import type { ProgramName } from './bench/boot-path.js';
import { growthTables, type Growth } from './bench/growth.js';
import { GUEST_PARTS, growOnBoard, type GuestPart } from './bench/guest.js';
import { HOST_PARTS, growHere, type HostPartName } from './bench/host.js';
import { chosenParts } from './bench/parts.js';
import { ratioTable, ratios } from './bench/ratios.js';
import { measureReports, reportTable, type ReportCost } from './bench/reports.js';
import { measureSwitch, switchTable, type SwitchCost } from './bench/switch.js';
import { measureTrees, treesTable } from './bench/trees.js';
import { buildImage, type Image } from './image/build-image.js';
import { emptyData, markedData, systemChips } from './image/chips.js';
import { loadBoard, type Board } from './lib/board.js';
import { checkout, main, readJson } from './lib/report.js';

interface Measured {
  figures: Partial<Record<ProgramName, Figures>>;
  reports: ReportCost[];
  switched: SwitchCost | null;
  growth: Growth[];
  /** Walks on the board, and on this machine. */
  trees: Beside[];
  beside: Beside[];
}

const keys = <Key extends string>(table: Record<Key, unknown>): Key[] =>
  Object.keys(table) as Key[];

/** The part that compares walks with the tools of a workstation. */
const BESIDE = 'trees';
/** The part that compares reports with a Node that does nothing. */
const REPORTS = 'reports';
/** The part that carries a root from memory to flash. */
const SWITCH = 'switch';
/** The part that compares walks with the tools of the board. */
const TREES = 'board-trees';

/** Measures the parts that the command line chooses. @param work a folder for temporary files. */
async function measure(board: Board, image: Image, work: string): Promise<Measured> {
  const all = [
    ...keys(PROGRAMS),
    REPORTS,
    SWITCH,
    TREES,
    ...keys(GUEST_PARTS),
    ...keys(HOST_PARTS),
    BESIDE,
  ];
  const parts = chosenParts(process.argv.slice(2), all);
  const has = (name: string): boolean => parts.some((part) => part === name);
  const chosen = <Name extends string>(table: Record<Name, unknown>): Name[] =>
    keys(table).filter(has);
  const rootfs = await benchRootfs(image, board, work);
  const flash = board.flash.chips.map((_, index) => join(work, `flash${index}.img`));
  for (const [index, chip] of systemChips(board, image.boot.zImage, rootfs).entries())
    writeFileSync(flash[index]!, chip);
  const measured: Measured = {
    figures: {},
    reports: [],
    switched: null,
    trees: [],
    growth: [],
    beside: [],
  };
  for (const name of chosen<ProgramName>(PROGRAMS))
    measured.figures[name] = await measureProgram(board, image, flash, name);
  const empty = (): void => writeFileSync(flash.at(-1)!, emptyData(board));
  if (has(REPORTS)) {
    empty();
    measured.reports = await measureReports(board, { ...image.boot, flash });
  }
  if (has(SWITCH)) {
    writeFileSync(flash.at(-1)!, markedData(board));
    measured.switched = await measureSwitch(board, { ...image.boot, flash });
  }
  if (has(TREES)) {
    empty();
    measured.trees = await measureTrees(board, { ...image.boot, flash });
  }
  for (const part of chosen<GuestPart>(GUEST_PARTS)) {
    empty();
    measured.growth.push(...(await growOnBoard(board, { ...image.boot, flash }, part)));
  }
  for (const part of chosen<HostPartName>(HOST_PARTS))
    measured.growth.push(...(await growHere(part, work)));
  if (has(BESIDE)) measured.beside = await besideTools(work);
  return measured;
}

function report(
  board: Board,
  image: Image,
  { figures, reports, switched, trees, growth, beside }: Measured,
): object {
  const { kernel } = readJson<{ kernel: { release: string } }>(join(image.folder, 'manifest.json'));
  return {
    schema: 'mountroot.bench/2',
    board: board.name,
    kernel: kernel.release,
    node: process.version,
    clock: 'guest time, -icount shift=1',
    figures: Object.values(figures),
    ratios: ratios(figures),
    reports,
    switched,
    trees,
    growth,
    beside,
  };
}

function tables(
  { name }: Board,
  { figures, reports, switched, trees, growth, beside }: Measured,
): string {
  const clocks =
    `Guest time on ${name}, emulated with -icount shift=1; CPU time here is Node ` +
    `${process.version} on this machine's ${process.arch}. As data in build/bench.json.`;
  const measured = Object.values(figures);
  return [
    measured.length > 0 ? figuresTable(measured) : '',
    ratioTable(ratios(figures)),
    reportTable(reports),
    switchTable(switched),
    treesTable(trees),
    growthTables(growth),
    toolsTable(beside),
    clocks,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

await main(async () => {
  const board = loadBoard();
  const image = await buildImage(board);
  const work = mkdtempSync(join(tmpdir(), 'mountroot-measure-'));
  try {
    const measured = await measure(board, image, work);
    const data = JSON.stringify(report(board, image, measured), null, 2);
    writeFileSync(join(checkout, 'build', 'bench.json'), `${data}\n`);
    process.stdout.write(`${tables(board, measured)}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
