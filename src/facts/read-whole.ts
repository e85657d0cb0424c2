import type { Reader } from '../system/port.js';

const PART = 65_536;
const LARGEST = 8 << 20;

/**
 * Reads a file of unknown length, at most about `most` bytes. sysfs gives one page per read(2), and
 * files of /proc have no size.
 */
export function readWhole(reader: Pick<Reader, 'readBytes'>, path: string, most = LARGEST): Buffer {
  const parts: Uint8Array[] = [];
  const room = new Uint8Array(PART);
  for (let at = 0; at < most;) {
    const part = reader.readBytes(path, at, PART, room);
    if (part.length === 0) break;
    parts.push(part.slice());
    at += part.length;
  }
  return Buffer.concat(parts);
}

/** Text of at most about `most` bytes; a longer file gives at least one byte more. */
export const textUpTo = (reader: Pick<Reader, 'readBytes'>, path: string, most: number): string =>
  readWhole(reader, path, most + 1).toString('utf8');
