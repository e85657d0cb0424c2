import { closeSync, openSync, readSync } from 'node:fs';
import { errnoName } from '../system/errno.js';
import { SystemError } from '../system/system-error.js';
import { FILE_LIMITS } from '../text/limits.js';
import { UsageError } from './usage-error.js';

const PART = 256 * 1024;
const MIB = 1 << 20;

/** All bytes of an open file or pipe. @throws {Error} if there are more than `most`. */
function allBytes(fd: number, most: number): Buffer {
  const parts: Buffer[] = [];
  for (let length = 0; ;) {
    const room = Buffer.allocUnsafeSlow(PART);
    const count = readSync(fd, room, 0, PART, null);
    if (count === 0) return Buffer.concat(parts, length);
    parts.push(count === PART ? room : Buffer.from(room.subarray(0, count)));
    length += count;
    if (length > most)
      throw new Error(
        `it has more than ${most / MIB} MiB, which is the limit; give the part that matters ` +
          '(of a console log the end: `tail -c 50M FILE`)',
      );
  }
}

/**
 * The bytes of a file that the user names; `-` is the standard input.
 * @throws {SystemError} as open(2) and read(2), {Error} if there are more than `most`.
 */
export function bytesOf(file: string, most: number = FILE_LIMITS.bytes): Buffer {
  let fd = -1;
  try {
    fd = file === '-' ? 0 : openSync(file, 'r');
    return allBytes(fd, most);
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
