import { LONGEST_READ, type Fingerprint } from '../facts/rom-manifest.js';
import { SECOND } from '../system/file-time.js';
import type { Details, Reader } from '../system/port.js';
import { crcOf } from '../text/crc.js';

/**
 * Identifies a file of the image.
 * @param read whether its content counts too, if it is small.
 * @throws {SystemError} as open(2) and pread(2).
 */
export function fingerprintOf(
  reader: Pick<Reader, 'readBytes'>,
  path: string,
  { size, mtime }: Pick<Details, 'size' | 'mtime'>,
  read: boolean,
): Fingerprint {
  return {
    size,
    mtime: Number(mtime / SECOND),
    crc: read && size <= LONGEST_READ ? crcOf(reader.readBytes(path, 0, LONGEST_READ)) : null,
  };
}
