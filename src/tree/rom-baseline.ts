/**
 * Brings the baseline up to date. For each file of the upper layer it records the image's file at
 * the time when the upper one was written (see facts/rom-manifest.ts).
 */
import { notedFor, type Baseline, type Circumstances, type Cursor } from '../facts/rom-manifest.js';
import type { Details, System } from '../system/port.js';
import { fingerprintOf } from './rom-fingerprint.js';
import { isBefore, quiet, walk } from './rom-walk.js';

/** The limits of one `done` for the upper layer. The next one does the rest. */
export const BASELINE_BUDGET = { ms: 400, files: 5000, leastFiles: 200 } as const;

export interface BaselineTask {
  system: System;
  /** Absolute paths of the upper layer and of the image. */
  upper: string;
  rom: string;
  /** The baseline so far, and the place where the last `done` stopped. */
  old: Baseline;
  cursor: Cursor;
  /** Whether the old baseline was made with the present image. */
  sameImage: boolean;
  circumstances: Circumstances;
  /** A monotonic clock in milliseconds. */
  ms: () => number;
}

/** Notes one file of the upper layer in the next baseline, if the image has a file there too. */
function note(task: BaselineTask, next: Baseline, path: string, is: Details): void {
  if (is.kind !== 'file') return;
  const { system, rom, old, sameImage, circumstances } = task;
  const noted = old.get(path);
  const state = { size: is.size, mtime: String(is.mtime) };
  // In most boots nothing has changed, and the image need not be looked at.
  const isUnchanged = noted?.size === state.size && noted.mtime === state.mtime;
  if (sameImage && noted !== undefined && isUnchanged) return void next.set(path, noted);
  quiet(undefined, () => {
    const file = `${rom}/${path}`;
    if (system.kind(file) !== 'file') return;
    const now = () => fingerprintOf(system, file, system.details(file), true);
    next.set(path, notedFor({ path, ...state }, noted, circumstances, now));
  });
}

/**
 * Continues through the upper layer where the last `done` stopped, and after its end from the
 * beginning, as far as the budget allows.
 */
export function nextBaseline(task: BaselineTask): { baseline: Baseline; cursor: Cursor } {
  const { system, upper, rom, old, cursor, ms } = task;
  const next: Baseline = new Map();
  const end = ms() + BASELINE_BUDGET.ms;
  const isInRom = (path: string): boolean =>
    quiet(false, () => system.kind(`${rom}/${path}`) === 'directory');
  let seen = 0;
  // If flash is so slow that the time is over at once, we still look at some files.
  const isOver = (): boolean =>
    ++seen > BASELINE_BUDGET.files || (seen > BASELINE_BUDGET.leastFiles && ms() > end);
  /** Returns the path where it stopped; null at the end or at `until`. */
  const goOn = (from: string, until: string | null): string | null => {
    for (const { path, is } of walk(system, upper, isInRom, from)) {
      if (until !== null && !isBefore(path, until)) return null;
      if (isOver()) return path;
      note(task, next, path, is);
    }
    return null;
  };

  const { from } = cursor;
  let stopped = goOn(from, null);
  const whole = cursor.whole || stopped === null;
  const turned = stopped === null && from !== '';
  if (turned) stopped = goOn('', from);

  /** Whether the walk came past a path. */
  const isPassed = (path: string): boolean => {
    if (stopped === null) return true;
    const isBehindStart = from === '' || !isBefore(path, from);
    const isBeforeStop = isBefore(path, stopped);
    return turned ? isBehindStart || isBeforeStop : isBehindStart && isBeforeStop;
  };
  // Files that the walk did not reach keep their records.
  for (const [path, noted] of old) if (!next.has(path) && !isPassed(path)) next.set(path, noted);
  return { baseline: next, cursor: { from: stopped ?? '', whole } };
}
