/** Measures on the board what reports cost beside a Node that does nothing. */
import type { BootFiles } from '../emulator/command.js';
import { Machine } from '../emulator/machine.js';
import type { Board } from '../lib/board.js';
import { Failure, lastLines, say } from '../lib/report.js';
import { middleRun, type MeasureLine, type WatchedLine } from './measure-line.js';

/** The calls by the names that scripts/bench/reports gives them; `node` is the measure. */
const CALLS = {
  node: '`node -e 0`',
  version: 'mountroot --version',
  help: 'mountroot --help',
  status: 'mountroot status',
  prometheus: 'mountroot status --format prometheus',
  doctor: 'mountroot doctor',
  explain: 'mountroot explain',
  journal: 'mountroot journal',
  plan: 'mountroot plan start',
  facts: 'mountroot facts',
  diff: 'mountroot diff, of nothing',
  ssh: 'mountroot ssh-shell, asked for status',
} as const;

/** The reports repeat to 1 %. A Node looks for random primes first, and takes 230 to 400 ms. */
const WARM_RUNS = 3;
const NODE_RUNS = 31;
const runsOf = (name: string): number => (name === 'node' ? NODE_RUNS : WARM_RUNS);

export interface ReportCost {
  call: string;
  coldMs: number;
  /** The median of the warm runs. */
  warmMs: number;
  peakKiB: number;
  /** The peak of the memory that only this program maps. */
  privateKiB: number;
}

/** Doctor says with 4 that it found something, and that is no failure here. */
const ANSWERED: readonly number[] = [0, 4];

function costIn(console: string, name: string, call: string): ReportCost | null {
  const samples = new Map(
    [...console.matchAll(new RegExp(`^report: ${name} (\\w+) (\\{.*\\})\\r?$`, 'gm'))].map(
      ([, run, json]) => [run!, JSON.parse(json!) as MeasureLine],
    ),
  );
  const cold = samples.get('cold');
  const watched = samples.get('watched') as WatchedLine | undefined;
  const all = [...samples.values()];
  if (cold === undefined || watched === undefined || all.length !== runsOf(name) + 2) return null;
  if (all.some(({ status }) => !ANSWERED.includes(status))) return null;
  const warm = [...samples].flatMap(([run, sample]) => (/^\d/.test(run) ? [sample] : []));
  return {
    call,
    coldMs: cold.wall_us / 1000,
    warmMs: middleRun(warm).wall_us / 1000,
    peakKiB: Math.max(...all.map(({ max_rss_kib }) => max_rss_kib)),
    privateKiB: watched.private_clean_kib + watched.private_dirty_kib,
  };
}

/**
 * Measures all calls in one boot.
 * @param files the board's files. Their flash has the benchmark's root file system and an empty
 *   data partition.
 */
export async function measureReports(board: Board, files: BootFiles): Promise<ReportCost[]> {
  say('measuring what reports cost');
  const machine = await Machine.start(board, files, {
    icount: true,
    append:
      'norandmaps init=/bench/reports mountroot.boot_limit=0 ' +
      `REPORTS=${WARM_RUNS} NODES=${NODE_RUNS}`,
    timeLimitMs: 900_000,
  });
  const { reason } = await machine.ended;
  return Object.entries(CALLS).map(([name, call]) => {
    const cost = costIn(machine.console, name, call);
    if (reason !== 'guest-shutdown' || cost === null)
      throw new Failure(
        `measuring ${call} failed; the console's last lines were:\n` +
          lastLines(machine.console, 20),
      );
    return cost;
  });
}

const columns = (name: string, cells: readonly string[]): string =>
  name.padEnd(40) + cells.map((cell) => cell.padStart(10)).join('');

/** Each report beside the Node that does nothing. */
export function reportTable(all: readonly ReportCost[]): string {
  const [node] = all;
  if (node === undefined) return '';
  const ratio = (own: number, bare: number): string => (own / bare).toFixed(2);
  const rows = all.map(({ call, coldMs, warmMs, peakKiB, privateKiB }) =>
    columns(call, [
      coldMs.toFixed(0),
      warmMs.toFixed(0),
      (peakKiB / 1024).toFixed(1),
      (privateKiB / 1024).toFixed(1),
      ratio(coldMs, node.coldMs),
      ratio(warmMs, node.warmMs),
      ratio(peakKiB, node.peakKiB),
    ]),
  );
  const titles = ['cold ms', 'warm ms', 'MiB', 'private', '× cold', '× warm', '× MiB'];
  return [columns('', titles), ...rows].join('\n');
}
