import { VOLUME_TYPE_LIST } from './index.js';
import type { Labels } from './volume-type.js';

const READERS = VOLUME_TYPE_LIST.flatMap(([, { labels }]) => labels ?? []);

/** How many bytes of a device's start hold every superblock that has labels. */
export const SUPERBLOCK_BYTES = Math.max(...READERS.map(({ bytes }) => bytes));

/** Label and UUID of the file system that begins with these bytes; null if it has none. */
export function readLabels(start: Uint8Array): Labels | null {
  const bytes = Buffer.from(start);
  for (const { read } of READERS) {
    const labels = read(bytes);
    if (labels !== null) return labels;
  }
  return null;
}
