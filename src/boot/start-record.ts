import type { Clock } from '../execute/execute.js';
import type { Beginning, ImageMark } from '../execute/journal.js';
import type { Facts } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { OLD_ROOT } from '../facts/places.js';
import type { Reader } from '../system/port.js';

/** Where the image is by now: in front of an initramfs, below an overlay, or still `/`. */
function placeOfImage({ handover, mounts }: Facts): string | null {
  if (handover?.ramfs) return handover.at;
  return visibleAt(mounts, OLD_ROOT) === undefined ? '/' : OLD_ROOT;
}

/**
 * Where the image is mounted; null where there is none yet, or what is there is no image but a root
 * that changes.
 */
function imageAt(facts: Facts): string | null {
  const at = placeOfImage(facts);
  const mount = at === null ? undefined : visibleAt(facts.mounts, at);
  return mount !== undefined && (mount.superOptions.includes('ro') || mount.options.includes('ro'))
    ? at
    : null;
}

/** Two system calls, and no file is read: squashfs gives its size, its top directory its age. */
function markOf(reader: Reader, at: string): ImageMark | null {
  try {
    const { mtime, inode } = reader.details(at);
    return { size: reader.space(at).total, modified: Number(mtime / 1_000_000n), inode };
  } catch {
    return null;
  }
}

/**
 * What a reader of the journal wants to know of this run. `process.uptime()` counts from Node's own
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
