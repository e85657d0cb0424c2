/** Measures the walks through a tree of small files on the board, beside the board's own tools. */
import type { BootFiles } from '../emulator/command.js';
import { Machine } from '../emulator/machine.js';
import type { Board } from '../lib/board.js';
import { Failure, lastLines, say } from '../lib/report.js';
import { besideTable, type Beside } from './beside.js';
import type { MeasureLine } from './measure-line.js';

const FILES = 20_000;

/** The walks by the names that scripts/bench/trees gives them, and its tools. */
const WALKS = {
  export: { what: 'export', tool: 'tar' },
  import: { what: 'import', tool: 'tar' },
  copy: { what: 'copy (done)', tool: 'cp -a' },
  clear: { what: 'clear (reset)', tool: 'rm -rf' },
  diff: { what: 'diff', tool: 'ls -lR' },
} as const;

function sampleOf(console: string, walk: string, whose: 'ours' | 'tool'): MeasureLine {
  const [, json] = new RegExp(`^tree: ${walk} ${whose} (\\{.*\\})\\r?$`, 'm').exec(console) ?? [];
  const sample = json === undefined ? null : (JSON.parse(json) as MeasureLine);
  if (sample?.status === 0) return sample;
  throw new Failure(
    `measuring ${walk} on the board failed; the console's last lines were:\n` +
      lastLines(console, 20),
  );
}

/**
 * @param files the board's files. Their flash has the benchmark's root.
 * @returns guest time, with the start of Node.js in ours.
 */
export async function measureTrees(board: Board, files: BootFiles): Promise<Beside[]> {
  say(`measuring walks through ${FILES} files on the board`);
  const machine = await Machine.start(board, files, {
    icount: true,
    // Twice the tree, two archives of it, and Node.js.
    memory: '512M',
    append: `norandmaps init=/bench/trees FILES=${FILES}`,
    timeLimitMs: 900_000,
  });
  await machine.ended;
  return Object.entries(WALKS).map(([walk, { what, tool }]): Beside => {
    const ours = sampleOf(machine.console, walk, 'ours');
    const { wall_us } = sampleOf(machine.console, walk, 'tool');
    return {
      what,
      tool,
      ms: ours.wall_us / 1000,
      toolMs: wall_us / 1000,
      wall: null,
      peakKiB: ours.max_rss_kib,
    };
  });
}

export const treesTable = (walks: readonly Beside[]): string =>
  besideTable(`${FILES} small files in memory (ms guest time)`, walks);
