/**
 * Reads JSON that somebody else may have made. V8 parses any depth, but `JSON.stringify`, a
 * validator or `String()` of the result would overflow the stack. So depth and number of the values
 * are measured before anything is parsed. This is the only caller of JSON.parse; a test checks it.
 */
import type { JsonLimits } from './input-limits.js';
import { printableLine } from './printable.js';

/**
 * The text is no JSON, or exceeds a limit. The message of a limit completes "FILE …"; the one of
 * `no-json` is the parser's.
 */
export class JsonRefused extends Error {
  override name = 'JsonRefused';

  constructor(
    readonly code: 'no-json' | 'too-long' | 'too-deep' | 'too-many',
    message: string,
  ) {
    super(message);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{`, `]` and `}`. */
const opens = (code: number): boolean => code === 0x5b || code === 0x7b;
const closes = (code: number): boolean => code === 0x5d || code === 0x7d;
/** `,` and `:`: a value follows. */
const separates = (code: number): boolean => code === 0x2c || code === 0x3a;

/**
 * The place of the quotation mark that ends a string; the end of the text without one. It searches
 * with V8's own code: without a compiler, a board needs some microseconds for each step of a loop.
 */
function endOfString(text: string, begin: number): number {
  for (let at = begin + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
}

/** How many times a character comes; Infinity for more than `most`. */
function countUpTo(most: number, text: string, character: string): number {
  let count = 0;
  for (let at = -1; (at = text.indexOf(character, at + 1)) >= 0;)
    if (++count > most) return Infinity;
  return count;
}

/** Whether a text is too short for so many values, and has too few brackets for such a depth. */
const isSmall = (text: string, { depth, values }: JsonLimits): boolean =>
  text.length < values && countUpTo(depth, text, '[') + countUpTo(depth, text, '{') <= depth;

/** One pass over the text, which ends at the first limit. @throws {JsonRefused} */
function measure(text: string, { depth, values }: JsonLimits): void {
  let [open, count] = [0, 1];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (closes(code)) open--;
    else if (separates(code)) count++;
    else if (opens(code)) {
      count++;
      if (++open > depth)
        throw new JsonRefused(
          'too-deep',
          `has lists or objects nested more than ${depth} deep, which is the limit`,
        );
    }
    if (count > values)
      throw new JsonRefused('too-many', `has more than ${values} values, which is the limit`);
  }
}

/** @throws {JsonRefused} */
export function readJson(text: string, limits: JsonLimits): unknown {
  if (text.length > limits.length)
    throw new JsonRefused(
      'too-long',
      `is longer than ${limits.length} characters, which is the limit`,
    );
  if (!isSmall(text, limits)) measure(text, limits);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // V8 quotes some of the text.
    throw new JsonRefused('no-json', printableLine((error as Error).message.slice(0, 120)));
  }
}

/** The same for a text that should be an object; null if it is none, or is refused. */
export function readObject(text: string, limits: JsonLimits): Record<string, unknown> | null {
  try {
    const value = readJson(text, limits);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
