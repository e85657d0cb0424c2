import { readWhole } from '../../facts/read-whole.js';
import type { Reader } from '../../system/port.js';

/** A value, or the reason why it could not be read. */
export type LiveRead<T> = { value: T } | { trouble: string };

export function tryRead<T>(look: () => T): LiveRead<T> {
  try {
    return { value: look() };
  } catch (error) {
    return { trouble: (error as Error).message.split('\n')[0]! };
  }
}

const SMALL = 256 << 10;

/** The text of a small file. @throws {Error} for a larger one. */
export const smallText = (reader: Reader, path: string): string =>
  readWhole(reader, path, SMALL).toString('utf8');
