import { closeSync, openSync, readSync } from 'node:fs';
import { errnoName } from '../system/errno.js';
import { SystemError } from '../system/system-error.js';
import { FILE_LIMITS } from '../text/input-limits.js';
import { UsageError } from './usage-error.js';

const PART = 256 * 1024;
const MIB = 1 << 20;

/** The bytes of an open file or pipe, to its end or until there are more than `most`. */
function readUpTo(fd: number, most: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  while (length <= most) {
    const room = Buffer.allocUnsafeSlow(PART);
    const count = readSync(fd, room, 0, PART, null);
    if (count === 0) break;
    parts.push(count === PART ? room : Buffer.from(room.subarray(0, count)));
    length += count;
  }
  return Buffer.concat(parts, length);
}

/**
 * The bytes of a file that the user names; `-` is the standard input.
 * @throws {SystemError} as open(2) and read(2), {Error} if there are more than `most`.
 */
export function bytesOf(file: string, most: number = FILE_LIMITS.bytes): Buffer {
  const bytes = beginningOf(file, most);
  if (bytes.length <= most) return bytes;
  throw new Error(
    `it has more than ${most / MIB} MiB, which is the limit; give the part that matters ` +
      '(of a console log the end: `tail -c 50M FILE`)',
  );
}

/** The same, with some bytes more than `most` if there are more. @throws {SystemError} */
export function beginningOf(file: string, most: number): Buffer {
  let fd = -1;
  try {
    fd = file === '-' ? 0 : openSync(file, 'r');
    return readUpTo(fd, most);
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    if (errno === undefined) throw error;
    throw new SystemError({
      what: `read ${file}`,
      syscall: 'read',
      errno: errnoName(Math.abs(errno)),
      path: file,
    });
  } finally {
    if (fd > 0) closeSync(fd);
  }
}

/**
 * Parses a file that the user names; `-` is the standard input.
 * @throws {UsageError} that names the file.
 */
export function fromFile<T>(file: string, parse: (bytes: Buffer) => T): T {
  try {
    return parse(bytesOf(file));
  } catch (error) {
    throw new UsageError(
      error instanceof SystemError
        ? error.message
        : `cannot use ${file}: ${(error as Error).message}`,
    );
  }
}
