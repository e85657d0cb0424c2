import { Machine } from '../emulator/machine.js';
import { Failure, lastLines, say } from '../lib/report.js';
import type { Board } from '../lib/board.js';
import type { BootFiles } from '../emulator/command.js';
import { growth, type Cost, type Growth } from './growth.js';
import type { MeasureLine } from './measure-line.js';

/**
 * The parts that scripts/bench/growth measures on the board, by its own names. 365 boots stand for
 * one boot a day for a year. A board keeps the journals of at most a thousand boots.
 */
export const GUEST_PARTS = {
  mounts: {
    of: 'mounts',
    sizes: [100, 1_000, 10_000],
    calls: {
      facts: 'mountroot facts',
      plan: 'mountroot plan start',
      start: 'mountroot start, with the kernel’s copy of them',
      true: 'true, with that copy',
    },
  },
  journal: {
    of: 'boots in the journal',
    sizes: [10, 100, 365],
    calls: { journal: 'mountroot journal', status: 'mountroot status', start: 'mountroot start' },
  },
} as const;

export type GuestPart = keyof typeof GUEST_PARTS;

/**
 * Measures each call of a part at each of its sizes, in guest time, in one boot.
 * @param files the board's files. Their flash has the benchmark's root file system and an empty
 *   data partition.
 */
export async function growOnBoard(
  board: Board,
  files: BootFiles,
  part: GuestPart,
): Promise<Growth[]> {
  const { of, sizes, calls } = GUEST_PARTS[part];
  say(`measuring how cost grows with ${of}`);
  const machine = await Machine.start(board, files, {
    icount: true,
    append:
      'norandmaps init=/bench/growth mountroot.boot_limit=0 mountroot.journal=1000 ' +
      `BENCH=${part} SIZES=${sizes.join(',')}`,
    timeLimitMs: 400_000,
  });
  const { reason } = await machine.ended;
  const printed = [...machine.console.matchAll(/^growth: (\w+) (\d+) (\{.*\})\r?$/gm)].map(
    ([, name, size, json]) => ({
      name,
      size: Number(size),
      ...(JSON.parse(json!) as MeasureLine),
    }),
  );
  return Object.entries(calls).map(([name, call]) => {
    const costs = printed
      .filter((each) => each.name === name && each.status === 0)
      .map(({ size, wall_us, max_rss_kib }): Cost => ({
        size,
        ms: wall_us / 1000,
        peakKiB: max_rss_kib,
      }));
    if (reason !== 'guest-shutdown' || costs.length !== sizes.length)
      throw new Failure(
        `measuring ${call} with ${of} failed; the console's last lines were:\n` +
          lastLines(machine.console, 20),
      );
    return growth({ part, of, clock: 'guest time' }, call, costs);
  });
}
