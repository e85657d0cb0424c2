/**
 * `npm run bench`: guest milliseconds and peak memory of the boot path on the emulated board, cold
 * (first program after power-on) and warm, and how the cost of calls grows with what they have to
 * do, as tables and as build/bench.json; `--only NAME[,NAME…]` chooses parts. The emulator counts
 * instructions (-icount), so figures repeat to about 1 % on any machine; what they leave out is the
 * time a real NOR chip takes to be read. Addresses are not randomised (norandmaps): their luck
 * moves a warm Node by 10 %.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planWhole } from '../src/plan/whole-plan.js';
import { renderSh } from '../src/plan/render-sh.js';
import { parseFacts } from '../src/facts/validate.js';
import { growthTables, type Growth } from './bench/growth.js';
import { GUEST_PARTS, growOnBoard, type GuestPart } from './bench/guest.js';
import { HOST_PARTS, growHere, type HostPartName } from './bench/host.js';
import { chosenParts } from './bench/parts.js';
import { ratios } from './bench/ratios.js';
import { Machine } from './emulator/machine.js';
import { boardFolder, loadBoard, type Board } from './lib/board.js';
import { emptyData, systemChips } from './image/chips.js';
import { buildImage, type Image } from './image/build-image.js';
import { buildNative } from './agent/native.js';
import { Failure, checkout, main, say } from './lib/report.js';
import { run } from './lib/run.js';

const PROGRAMS = {
  node: '`node -e 0`',
  start: '`mountroot start`',
  sh: 'the same plan as sh',
  first: 'the script that goes first',
} as const;
type Name = keyof typeof PROGRAMS;

interface Sample {
  start_us: number;
  wall_us: number;
  user_us: number;
  system_us: number;
  max_rss_kib: number;
  status: number;
}

interface Watched extends Sample {
  private_clean_kib: number;
  private_dirty_kib: number;
  swap_kib: number;
}

export interface Figures {
  program: string;
  coldMs: number;
  /** From the call to the end of pivot_root(2), cold, where the program's journal tells. */
  coldPivotMs: number | null;
  /** Median of the warm runs, and how far they lie apart. */
  warmMs: number;
  warmSpreadMs: number;
  warmUserMs: number;
  warmSystemMs: number;
  warmAllMs: number[];
  /** Largest resident set, of any of its processes. */
  coldPeakKiB: number;
  warmPeakKiB: number;
  /**
   * What the machine needs more because it runs, at its most, and of that what is no file's page:
   * of the program itself, warm (see native/measure.c).
   */
  privateKiB: number;
  privateDirtyKiB: number;
}

/**
 * The board's own packed root with /bench appended to it: what was packed stays where it lies in
 * flash.
 */
async function benchRootfs({ folder }: Image, board: Board, work: string): Promise<string> {
  const rootfs = join(work, 'rootfs.squashfs');
  copyFileSync(join(folder, 'rootfs.squashfs'), rootfs);
  const tools = join(work, 'bench');
  mkdirSync(tools);
  for (const name of ['preinit', 'growth'])
    copyFileSync(join(checkout, 'scripts/bench', name), join(tools, name));
  copyFileSync(join(await buildNative('arm'), 'measure'), join(tools, 'measure'));
  const facts = join(boardFolder(board.name), 'facts.json');
  const decision = planWhole('start', parseFacts(readFileSync(facts, 'utf8'), facts), {
    dryRun: true,
    force: false,
  });
  if (decision.decision !== 'go') throw new Failure(`${facts} gives no plan: ${decision.summary}`);
  writeFileSync(join(tools, 'plan-start.sh'), renderSh(decision));
  for (const name of ['preinit', 'growth', 'measure', 'plan-start.sh'])
    chmodSync(join(tools, name), 0o755);
  await run('mksquashfs', [
    tools,
    rootfs,
    '-keep-as-directory',
    '-no-progress',
    '-all-root',
    '-no-recovery',
  ]);
  return rootfs;
}

async function measure(board: Board, image: Image, flash: string[], name: Name): Promise<Figures> {
  writeFileSync(flash.at(-1)!, emptyData(board));
  const machine = await Machine.start(
    board,
    { ...image.boot, flash },
    {
      icount: true,
      append: `norandmaps init=/bench/preinit${name === 'first' ? '' : ' mountroot.boot_limit=0'} BENCH=${name}`,
      timeLimitMs: 300_000,
    },
  );
  const { reason } = await machine.ended;
  const samples = [...machine.console.matchAll(/^bench: (cold|warm) (\{.*\})\r?$/gm)].map(
    ([, , json]) => JSON.parse(json!) as Sample,
  );
  const [cold, ...warm] = samples;
  const watched = JSON.parse(
    /^bench: watched (\{.*\})\r?$/m.exec(machine.console)?.[1] ?? 'null',
  ) as Watched | null;
  if (
    reason !== 'guest-shutdown' ||
    cold === undefined ||
    warm.length < 3 ||
    watched?.status !== 0 ||
    samples.some(({ status }) => status !== 0)
  )
    throw new Failure(
      `measuring ${PROGRAMS[name]} failed; the console's last lines were:\n${machine.console.split('\n').slice(-20).join('\n')}`,
    );
  const sorted = warm.map(({ wall_us }) => wall_us).sort((a, b) => a - b);
  const median = warm.find(({ wall_us }) => wall_us === sorted[Math.floor(sorted.length / 2)])!;
  const pivot = JSON.parse(/^bench: pivot (\{.*\})\r?$/m.exec(machine.console)?.[1] ?? 'null') as {
    at: number;
    ms: number;
  } | null;
  return {
    program: PROGRAMS[name],
    coldMs: cold.wall_us / 1000,
    coldPivotMs: pivot && pivot.at + pivot.ms - cold.start_us / 1000,
    warmMs: median.wall_us / 1000,
    warmSpreadMs: (sorted.at(-1)! - sorted[0]!) / 1000,
    warmUserMs: median.user_us / 1000,
    warmSystemMs: median.system_us / 1000,
    warmAllMs: warm.map(({ wall_us }) => wall_us / 1000),
    coldPeakKiB: cold.max_rss_kib,
    warmPeakKiB: Math.max(...warm.map(({ max_rss_kib }) => max_rss_kib)),
    privateKiB: watched.private_clean_kib + watched.private_dirty_kib + watched.swap_kib,
    privateDirtyKiB: watched.private_dirty_kib + watched.swap_kib,
  };
}

function table(figures: Figures[]): string {
  const rows = figures.map(
    ({
      program,
      coldMs,
      coldPivotMs,
      warmMs,
      warmSpreadMs,
      coldPeakKiB,
      warmPeakKiB,
      privateKiB,
      privateDirtyKiB,
    }) => [
      program,
      coldMs.toFixed(0),
      coldPivotMs?.toFixed(0) ?? '',
      warmMs.toFixed(0),
      warmSpreadMs.toFixed(1),
      (coldPeakKiB / 1024).toFixed(1),
      (warmPeakKiB / 1024).toFixed(1),
      (privateKiB / 1024).toFixed(1),
      (privateDirtyKiB / 1024).toFixed(1),
    ],
  );
  const head = [
    '',
    'cold ms',
    'to pivot',
    'warm ms',
    'spread',
    'cold MiB',
    'warm MiB',
    'private',
    'dirty',
  ];
  return [head, ...rows]
    .map(
      ([name, ...values]) => name!.padEnd(28) + values.map((value) => value.padStart(10)).join(''),
    )
    .join('\n');
}

const keys = <Key extends string>(table: Record<Key, unknown>): Key[] =>
  Object.keys(table) as Key[];

await main(async () => {
  const parts = chosenParts(process.argv.slice(2), [
    ...keys(PROGRAMS),
    ...keys(GUEST_PARTS),
    ...keys(HOST_PARTS),
  ]);
  const chosen = <Name extends string>(table: Record<Name, unknown>): Name[] =>
    keys(table).filter((name) => parts.some((part) => part === name));
  const board = loadBoard();
  const image = await buildImage(board);
  const work = mkdtempSync(join(tmpdir(), 'mountroot-measure-'));
  try {
    const rootfs = await benchRootfs(image, board, work);
    const flash = board.flash.chips.map((_, index) => join(work, `flash${index}.img`));
    systemChips(board, image.boot.zImage, rootfs).forEach((chip, index) =>
      writeFileSync(flash[index]!, chip),
    );
    const figures = {} as Record<Name, Figures>;
    for (const name of chosen<Name>(PROGRAMS)) {
      say(`measuring ${PROGRAMS[name]}`);
      figures[name] = await measure(board, image, flash, name);
    }
    const grown: Growth[] = [];
    for (const part of chosen<GuestPart>(GUEST_PARTS)) {
      writeFileSync(flash.at(-1)!, emptyData(board));
      grown.push(...(await growOnBoard(board, { ...image.boot, flash }, part)));
    }
    for (const part of chosen<HostPartName>(HOST_PARTS))
      grown.push(...(await growHere(part, work)));
    const manifest = JSON.parse(readFileSync(join(image.folder, 'manifest.json'), 'utf8')) as {
      kernel: { release: string };
    };
    const compared = ratios(figures);
    const report = {
      schema: 'mountroot.bench/2',
      board: board.name,
      kernel: manifest.kernel.release,
      node: process.version,
      clock: 'guest time, -icount shift=1',
      figures: Object.values(figures),
      ratios: compared,
      growth: grown,
    };
    writeFileSync(join(checkout, 'build', 'bench.json'), `${JSON.stringify(report, null, 2)}\n`);
    const shown = [
      ...(report.figures.length > 0 ? [table(report.figures)] : []),
      ...(compared.length > 0
        ? [
            compared
              .map(({ what, ratio }) => `${what.padEnd(58)}${ratio.toFixed(2).padStart(8)}`)
              .join('\n'),
          ]
        : []),
      ...(grown.length > 0 ? [growthTables(grown)] : []),
      `Guest time on ${board.name}, emulated with -icount shift=1; CPU time here is Node ${process.version} on this machine's ${process.arch}. As data in build/bench.json.`,
    ];
    process.stdout.write(`${shown.join('\n\n')}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
