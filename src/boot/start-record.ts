import type { Clock } from '../execute/execute.js';
import type { Beginning, ImageMark } from '../execute/journal.js';
import type { Facts } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { OLD_ROOT } from '../facts/places.js';
import type { Reader } from '../system/port.js';

/** The present place of the image: mounted by an initramfs, below an overlay, or still `/`. */
function placeOfImage({ handover, mounts }: Facts): string | null {
  if (handover?.ramfs) return handover.at;
  return visibleAt(mounts, OLD_ROOT) === undefined ? '/' : OLD_ROOT;
}

/**
 * The mountpoint of the image; null if it is not mounted yet, or if the root is writable and thus
 * no image.
 */
function imageAt(facts: Facts): string | null {
  const at = placeOfImage(facts);
  const mount = at === null ? undefined : visibleAt(facts.mounts, at);
  return mount !== undefined && (mount.superOptions.includes('ro') || mount.options.includes('ro'))
    ? at
    : null;
}

/**
 * This takes two system calls and reads no file: statfs(2) gives the size of the squashfs, and
 * lstat(2) the time of its top directory.
 */
function markOf(reader: Reader, at: string): ImageMark | null {
  try {
    const { mtime, inode } = reader.details(at);
    return { size: reader.space(at).total, modified: Number(mtime / 1_000_000n), inode };
  } catch {
    return null;
  }
}

/**
 * Information about this run for readers of the journal. `process.uptime()` counts from Node's own
 * first moment; its dynamic linking comes before that and is not counted.
 */
export function startRecord(reader: Reader, facts: Facts, clock: Clock): Beginning {
  const at = imageAt(facts);
  const image = at === null ? null : markOf(reader, at);
  return {
    started: clock() - process.uptime() * 1000,
    time: Date.now(),
    kernel: facts.kernel.release,
    ...(image !== null && { image }),
  };
}
