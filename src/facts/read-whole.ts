import type { Reader } from '../system/port.js';

const PART = 65_536;
const LARGEST = 8 << 20;

/** Reads a file of unknown length, as those of /proc and sysfs are, at most about `most` bytes. */
export function readWhole(reader: Pick<Reader, 'readBytes'>, path: string, most = LARGEST): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < most;) {
    const part = reader.readBytes(path, at, PART);
    parts.push(part);
    at += part.length;
    if (part.length < PART) break;
  }
  return Buffer.concat(parts);
}

/** Text of at most about `most` bytes; a longer file gives at least one byte more. */
export const textUpTo = (reader: Pick<Reader, 'readBytes'>, path: string, most: number): string =>
  readWhole(reader, path, most + 1).toString('utf8');
