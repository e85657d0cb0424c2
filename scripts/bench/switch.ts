/** Measures `done` on the board when it carries a root in memory to flash. */
import type { BootFiles } from '../emulator/command.js';
import { Machine } from '../emulator/machine.js';
import type { Board } from '../lib/board.js';
import { Failure, lastLines, say } from '../lib/report.js';
import type { MeasureLine } from './measure-line.js';

const FILES = 5000;

/** What a switch of the root from memory to flash costs, in guest time. */
export interface SwitchCost {
  files: number;
  /** `done`, with the erasing of the volume. */
  ms: number;
  /** The erasing alone. */
  eraseMs: number;
  /** `cp -a` and `sync` of the same files from memory to the same volume. */
  toolMs: number;
  peakKiB: number;
}

const sampleOf = (console: string, name: string): MeasureLine | null => {
  const [, json] = new RegExp(`^switch: ${name} (\\{.*\\})\\r?$`, 'm').exec(console) ?? [];
  return json === undefined ? null : (JSON.parse(json) as MeasureLine);
};

/** @param files the board's files. Their flash has the benchmark's root, and a marked partition. */
export async function measureSwitch(board: Board, files: BootFiles): Promise<SwitchCost> {
  say('measuring the switch of a root from memory to flash');
  const machine = await Machine.start(board, files, {
    icount: true,
    append: `norandmaps init=/bench/switch FILES=${FILES}`,
    timeLimitMs: 900_000,
  });
  const { reason } = await machine.ended;
  const { console } = machine;
  const [ours, tool] = [sampleOf(console, 'done'), sampleOf(console, 'tool')];
  const there = Number(/^switch: there (\d+)/m.exec(console)?.[1]);
  const erased = [...console.matchAll(/^switch: record .*"ms":([\d.]+)/gm)];
  const isWhole = reason === 'guest-shutdown' && there === FILES && erased.length > 0;
  if (!isWhole || ours?.status !== 0 || tool?.status !== 0)
    throw new Failure(
      `measuring the switch failed; the console's last lines were:\n${lastLines(console, 20)}`,
    );
  return {
    files: FILES,
    ms: ours.wall_us / 1000,
    eraseMs: erased.reduce((sum, [, ms]) => sum + Number(ms), 0),
    toolMs: tool.wall_us / 1000,
    peakKiB: ours.max_rss_kib,
  };
}

export function switchTable(cost: SwitchCost | null): string {
  if (cost === null) return '';
  const { files, ms, eraseMs, toolMs, peakKiB } = cost;
  const ratio = ((ms - eraseMs) / toolMs).toFixed(2);
  return (
    `done, which carries ${files} files from memory to flash: ${ms.toFixed(0)} ms, of which ` +
    `${eraseMs.toFixed(0)} erase it; cp -a and sync: ${toolMs.toFixed(0)} ms; ratio without ` +
    `erasing: ${ratio}; ${(peakKiB / 1024).toFixed(1)} MiB`
  );
}
