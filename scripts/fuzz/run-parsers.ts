/**
 * Gives damaged inputs to the parsers in TypeScript. It is bundled as the agent is, because the
 * libraries of the compressed formats are found only beside a bundle.
 */
import { setImmediate } from 'node:timers/promises';
import { ARCHIVE_PARSERS, prepareSeeds } from './archive-parsers.js';
import { mutations } from './mutate.js';
import type { Parser } from './parser.js';
import { TEXT_PARSERS } from './text-parsers.js';

/** A parser did what it must not do. */
export interface Finding {
  parser: string;
  what: string;
  input: Buffer;
}

export const PARSERS: Readonly<Record<string, Parser>> = { ...ARCHIVE_PARSERS, ...TEXT_PARSERS };

interface FuzzRun {
  runs: number;
  seed: number;
  /** Inputs that were once too much. */
  kept: readonly Buffer[];
  /** The folder test/fixtures, which a bundle does not find. */
  fixtures: string;
}

/** No input of some kilobytes needs so much. */
const MOST_SECONDS = 5;
const MOST_MEMORY = 1 << 30;

/**
 * @param valid whether the parser should accept it.
 * @returns what was wrong; null if all was well.
 */
async function attempt(
  { parse, refuses }: Parser,
  input: Buffer,
  valid: boolean,
): Promise<string | null> {
  const before = process.cpuUsage();
  try {
    await parse(input);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (valid || refuses?.(error) !== true) return error.stack ?? String(error);
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  if (seconds > MOST_SECONDS) return `it took ${seconds.toFixed(1)} s of processor time`;
  const memory = process.memoryUsage.rss();
  return memory > MOST_MEMORY ? `the process has ${memory >> 20} MiB` : null;
}

const RUNS_A_TURN = 50;
let prepared: Promise<void> | undefined;

/**
 * Tries the parser on its seeds, on the kept inputs, and on `runs` inputs made of both.
 * @returns the first finding; null if there is none.
 */
export async function fuzzParser(
  name: string,
  { runs, seed, kept, fixtures }: FuzzRun,
): Promise<Finding | null> {
  await (prepared ??= prepareSeeds());
  const parser = PARSERS[name]!;
  const good = parser.seeds(fixtures);
  const seeds = [...good, ...kept];
  const made = mutations(seeds, seed);
  for (let run = -seeds.length; run < runs; run++) {
    const input = run < 0 ? seeds[run + seeds.length]! : made.next().value;
    const what = await attempt(parser, input, run < good.length - seeds.length);
    if (what !== null) return { parser: name, what, input };
    // Node frees what a library was given in turns of its loop, and promises alone take none.
    if (run % RUNS_A_TURN === 0) await setImmediate();
  }
  return null;
}
