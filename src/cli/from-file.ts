import { readFileSync } from 'node:fs';
import { readWhole } from '../facts/read-whole.js';
import { reader } from '../system/files.js';
import { SystemError } from '../system/system-error.js';
import { UsageError } from './usage-error.js';

/**
 * The bytes to read of a file that the user names. A console log may span months, and the last
 * boots are at its end.
 */
const MOST = 256 << 20;

/**
 * Parses a file that the user names; `-` is the standard input.
 * @throws {UsageError} that names the file.
 */
export function fromFile<T>(file: string, parse: (bytes: Buffer) => T): T {
  try {
    return parse(file === '-' ? readFileSync(0) : readWhole(reader, file, MOST));
  } catch (error) {
    throw new UsageError(
      error instanceof SystemError
        ? error.message
        : `cannot use ${file}: ${(error as Error).message}`,
    );
  }
}
