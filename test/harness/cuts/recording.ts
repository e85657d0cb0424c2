/**
 * Records everything that a board writes to its data volume in one boot, with the lines of its
 * console at their places between the writes.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Machine } from '../../../scripts/emulator/machine.js';
import { parseWriteLog, type LogEntry } from '../../../scripts/emulator/write-log.js';
import { mediumOf, parseWriteOrder } from '../../../scripts/emulator/write-order.js';
import type { Bench } from '../board.js';

export interface RecordedLine {
  text: string;
  /** This many entries of the log were made when the line was complete. */
  at: number;
}

export interface Recording {
  /** The content of the medium before. */
  before: Buffer;
  log: LogEntry[];
  lines: RecordedLine[];
}

/** Where the data is, and what the board's command line says of it. */
export interface Place {
  /** The file of a disk that the test adds; null: the last flash chip. */
  disk: string | null;
  append: string;
}

/**
 * Places each line in the log: behind the entries of all writes that the board made before the
 * line, and behind a flush that follows them.
 */
export function placeLines(
  log: readonly LogEntry[],
  entries: readonly (number | null)[],
  lines: readonly { text: string; writes: number }[],
): RecordedLine[] {
  return lines.map(({ text, writes }) => {
    let at = 0;
    for (const entry of entries.slice(0, writes)) at = Math.max(at, (entry ?? log.length) + 1);
    while (log[at]?.data === null) at++;
    return { text, at: Math.min(at, log.length) };
  });
}

function read(logs: string, name: string, before: Buffer): Recording {
  const log = parseWriteLog(readFileSync(join(logs, `${name}.log`)));
  const order = parseWriteOrder(readFileSync(join(logs, 'order.log'), 'utf8'));
  const found = log.length === 0 ? null : mediumOf(order, log);
  const lines = order.lines.map(({ text, writes }) => ({
    text,
    writes: found === null ? 0 : (writes[found.medium] ?? 0),
  }));
  return { before, log, lines: placeLines(log, found?.entries ?? [], lines) };
}

/** What is done while the board is recorded: once init is ready, and once `done` has ended. */
export interface Doings {
  early?: ((machine: Machine) => Promise<unknown>) | undefined;
  during?: ((machine: Machine) => Promise<unknown>) | undefined;
}

/** Boots the board, lets it do what is to be recorded, and pulls its plug. */
export async function record(
  bench: Bench,
  { disk, append }: Place,
  { early, during }: Doings,
): Promise<Recording> {
  const logs = mkdtempSync(join(tmpdir(), 'mountroot-writes-'));
  try {
    const medium = disk ?? bench.flash.at(-1)!;
    // QEMU wants a file for each log.
    for (const name of [...bench.flash.map((_, index) => `flash${index}`), 'disk0'])
      closeSync(openSync(join(logs, `${name}.log`), 'w'));
    const before = readFileSync(medium);
    const machine = await bench.bootToInit(
      {
        disks: disk === null ? [] : [disk],
        // The agent logs its steps at the debug level.
        append: `loglevel=8 ${append}`,
        writeLogs: logs,
        timeLimitMs: 900_000,
      },
      /init: ready/,
    );
    await early?.(machine);
    await machine.waitFor(/init: done, status \d/, 600_000);
    await during?.(machine);
    await machine.kill();
    return read(logs, disk === null ? `flash${bench.flash.length - 1}` : 'disk0', before);
  } finally {
    rmSync(logs, { recursive: true, force: true });
  }
}

const STEP = /mountroot: step \d+\/\d+ (\S+): (?:done|kept)/;

/** The last step of the agent that was complete when a number of entries was made. */
export function stepAt({ lines }: Recording, entries: number): string {
  let last = 'nothing';
  for (const { text, at } of lines) {
    if (at > entries) break;
    const step = STEP.exec(text)?.[1] ?? /init: (ready|boot|done)/.exec(text)?.[0];
    if (step !== undefined) last = step;
  }
  return last;
}
