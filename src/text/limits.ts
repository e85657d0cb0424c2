/**
 * The limits for data that others made: one row for each kind of input, with its reason. Whoever
 * reads such data takes its limits from here, so that no input costs a board its memory, its stack
 * or its time. An error about a limit names it, and says what to do.
 */

/** The limits of a JSON text. */
export interface JsonLimits {
  /** Characters. Text of UTF-8 has no more characters than bytes. */
  length: number;
  /** Lists and objects within each other. `JSON.stringify` and validators walk them recursively. */
  depth: number;
  /** Values and keys. Each takes up to some dozens of bytes in memory, however short it is. */
  values: number;
}

const KIB = 1 << 10;
const MIB = 1 << 20;

export const JSON_LIMITS = {
  /** Nine settings; `keep` may list some hundred paths. */
  settings: { length: 64 * KIB, depth: 8, values: 2000 },
  /** An order to reset lists the paths to keep; it is made from the settings. */
  order: { length: 64 * KIB, depth: 8, values: 2000 },
  /** Our own state in /tmp: a few failures and warnings, each a sentence. */
  state: { length: 256 * KIB, depth: 16, values: 10_000 },
  /** A record of a journal; that of a plan's step holds the action, perhaps with a file's text. */
  record: { length: MIB, depth: 16, values: 20_000 },
  /** A line of the record of the image: numbers and a path. */
  romLine: { length: 16 * KIB, depth: 4, values: 100 },
  /** Some thousand mounts, each with its options; `live.ts` reads at most as many bytes. */
  facts: { length: 8 * MIB, depth: 32, values: 1_000_000 },
  /** A board's report on a workstation; see ANSWER_BYTES. */
  answer: { length: 16 * MIB, depth: 64, values: 1_000_000 },
} as const satisfies Record<string, JsonLimits>;

/**
 * Bytes of a board's answer on a workstation, which asks several boards at once. The largest facts
 * of a board are a thirtieth of it. A bundle has journals, and is compressed.
 */
export const ANSWER_BYTES = { report: 16 * MIB, bundle: 64 * MIB } as const;
