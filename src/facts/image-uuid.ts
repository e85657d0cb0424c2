/** The UUID by which fstools' `block` knows an image, to which it ties external volumes. */
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { SUPERBLOCK_BYTES, readLabels } from '../volumes/labels.js';
import { SQUASHFS_SUPERBLOCK, squashfsBytes } from '../volumes/squashfs.js';
import type { Mount } from './facts.js';
import { md5Words } from './md5.js';

/** A squashfs has none, so it is named by its superblock (libblkid-tiny/squashfs.c). */
const squashfsUuid = (start: Buffer): string =>
  md5Words(start.subarray(0, SQUASHFS_SUPERBLOCK))
    .reverse()
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('-');

/** null if it has none, or cannot be read. Never throws. */
export function imageUuid(reader: Reader, image: Mount | undefined): string | null {
  if (image === undefined) return null;
  return orElse(null, () => {
    const name = /^DEVNAME=([\w!.-]+)$/m.exec(
      reader.readText(`/sys/dev/block/${image.device}/uevent`),
    )?.[1];
    if (name === undefined) return null;
    const bytes = reader.readBytes(`/dev/${name.replaceAll('!', '/')}`, 0, SUPERBLOCK_BYTES);
    const start = Buffer.from(bytes);
    if (squashfsBytes(start) !== null) return squashfsUuid(start);
    return readLabels(start)?.uuid || null;
  });
}
