import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, readJson } from '../lib/report.js';
import type { MeasureLine } from './measure-line.js';

/**
 * Runs a program on this machine. @returns its user and system time and the time until its
 * end, in milliseconds, and its largest resident set.
 * @param measure the program of native/measure.c.
 * @param within words before it, of a program that ends by executing the words behind its own.
 * @throws {Failure} when it fails. `call` names it.
 */
export function costOf(
  measure: string,
  words: readonly string[],
  call: string,
  within: readonly string[] = [],
): { ms: number; wallMs: number; peakKiB: number } {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-cost-'));
  try {
    const file = join(folder, 'cost.json');
    const [program, ...rest] = [...within, measure, '-o', file, '--', ...words];
    const { stderr } = spawnSync(program!, rest, {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const { wall_us, user_us, system_us, max_rss_kib, status } = readJson<MeasureLine>(file);
    if (status !== 0)
      throw new Failure(`measuring ${call} failed with status ${status}: ${stderr.trim()}`);
    return { ms: (user_us + system_us) / 1000, wallMs: wall_us / 1000, peakKiB: max_rss_kib };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
