/**
 * `npm run bench`: guest milliseconds and peak memory of the boot path on the emulated board, cold (first program after power-on) and warm, as a table and as
 * build/bench.json. The emulator counts instructions (-icount), so figures repeat to about 1 % on any machine; what they leave out is the time a
 * real NOR chip takes to be read. Addresses are not randomised (norandmaps): their luck moves a warm Node by 10 %.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foresee } from '../src/plan/foresee.js';
import { renderSh } from '../src/plan/render-sh.js';
import { parseFacts } from '../src/facts/validate.js';
import { Machine } from './emulator/machine.js';
import { boardFolder, loadBoard, type Board } from './lib/board.js';
import { buildImage, emptyData, systemChips, type Image } from './lib/image.js';
import { buildNative } from './lib/native.js';
import { Failure, checkout, main, say } from './lib/report.js';
import { run } from './lib/run.js';

const PROGRAMS = { node: '`node -e 0`', start: '`mountroot start`', sh: 'the same plan as sh', first: 'the script that goes first' } as const;
type Name = keyof typeof PROGRAMS;

interface Sample {
  wall_us: number;
  user_us: number;
  system_us: number;
  max_rss_kib: number;
  status: number;
}

interface Figures {
  program: string;
  coldMs: number;
  /** Median of the warm runs, and how far they lie apart. */
  warmMs: number;
  warmSpreadMs: number;
  warmUserMs: number;
  warmSystemMs: number;
  warmAllMs: number[];
  /** Largest resident set, of any of its processes. */
  coldPeakKiB: number;
  warmPeakKiB: number;
}

/** The board's own packed root with /bench appended to it: what was packed stays where it lies in flash. */
async function benchRootfs({ folder }: Image, board: Board, work: string): Promise<string> {
  const rootfs = join(work, 'rootfs.squashfs');
  copyFileSync(join(folder, 'rootfs.squashfs'), rootfs);
  const tools = join(work, 'bench');
  mkdirSync(tools);
  copyFileSync(join(checkout, 'scripts/bench/preinit'), join(tools, 'preinit'));
  copyFileSync(join(await buildNative('arm'), 'measure'), join(tools, 'measure'));
  const facts = join(boardFolder(board.name), 'facts.json');
  const decision = foresee('start', parseFacts(readFileSync(facts, 'utf8'), facts), { dryRun: true, force: false });
  if (decision.decision !== 'go') throw new Failure(`${facts} gives no plan: ${decision.summary}`);
  writeFileSync(join(tools, 'plan-start.sh'), renderSh(decision));
  for (const name of ['preinit', 'measure', 'plan-start.sh']) chmodSync(join(tools, name), 0o755);
  await run('mksquashfs', [tools, rootfs, '-keep-as-directory', '-no-progress', '-all-root', '-no-recovery']);
  return rootfs;
}

async function measure(board: Board, image: Image, flash: string[], name: Name): Promise<Figures> {
  writeFileSync(flash.at(-1)!, emptyData(board));
  const machine = await Machine.start(board, { ...image.boot, flash }, { icount: true, append: `norandmaps init=/bench/preinit${name === 'first' ? '' : ' mountroot.boot_limit=0'} BENCH=${name}`, timeLimitMs: 300_000 });
  const { reason } = await machine.ended;
  const samples = [...machine.console.matchAll(/^bench: (cold|warm) (\{.*\})\r?$/gm)].map(([, , json]) => JSON.parse(json!) as Sample);
  const [cold, ...warm] = samples;
  if (reason !== 'guest-shutdown' || cold === undefined || warm.length < 3 || samples.some(({ status }) => status !== 0))
    throw new Failure(`measuring ${PROGRAMS[name]} failed; the console's last lines were:\n${machine.console.split('\n').slice(-20).join('\n')}`);
  const sorted = warm.map(({ wall_us }) => wall_us).sort((a, b) => a - b);
  const median = warm.find(({ wall_us }) => wall_us === sorted[Math.floor(sorted.length / 2)])!;
  return {
    program: PROGRAMS[name],
    coldMs: cold.wall_us / 1000,
    warmMs: median.wall_us / 1000,
    warmSpreadMs: (sorted.at(-1)! - sorted[0]!) / 1000,
    warmUserMs: median.user_us / 1000,
    warmSystemMs: median.system_us / 1000,
    warmAllMs: warm.map(({ wall_us }) => wall_us / 1000),
    coldPeakKiB: cold.max_rss_kib,
    warmPeakKiB: Math.max(...warm.map(({ max_rss_kib }) => max_rss_kib)),
  };
}

function table(figures: Figures[]): string {
  const rows = figures.map(({ program, coldMs, warmMs, warmSpreadMs, coldPeakKiB, warmPeakKiB }) => [
    program,
    coldMs.toFixed(0),
    warmMs.toFixed(0),
    warmSpreadMs.toFixed(1),
    (coldPeakKiB / 1024).toFixed(1),
    (warmPeakKiB / 1024).toFixed(1),
  ]);
  const head = ['', 'cold ms', 'warm ms', 'spread', 'cold MiB', 'warm MiB'];
  return [head, ...rows].map(([name, ...values]) => name!.padEnd(28) + values.map((value) => value.padStart(10)).join('')).join('\n');
}

await main(async () => {
  const board = loadBoard();
  const image = await buildImage(board);
  const work = mkdtempSync(join(tmpdir(), 'mountroot-measure-'));
  try {
    const rootfs = await benchRootfs(image, board, work);
    const flash = board.flash.chips.map((_, index) => join(work, `flash${index}.img`));
    systemChips(board, image.boot.zImage, rootfs).forEach((chip, index) => writeFileSync(flash[index]!, chip));
    const figures: Figures[] = [];
    for (const name of Object.keys(PROGRAMS) as Name[]) {
      say(`measuring ${PROGRAMS[name]}`);
      figures.push(await measure(board, image, flash, name));
    }
    const manifest = JSON.parse(readFileSync(join(image.folder, 'manifest.json'), 'utf8')) as { kernel: { release: string } };
    const report = { schema: 'mountroot.bench/1', board: board.name, kernel: manifest.kernel.release, clock: 'guest time, -icount shift=1', figures };
    writeFileSync(join(checkout, 'build', 'bench.json'), `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(`${table(figures)}\n\nGuest time on ${board.name}, emulated with -icount shift=1; as data in build/bench.json.\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
