import type { Clock } from '../execute/execute.js';
import type { Beginning, ImageMark } from '../execute/journal.js';
import type { Facts } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { OLD_ROOT } from '../facts/places.js';
import type { Reader } from '../system/port.js';

/**
 * Where the image is by now: below an overlay, ahead of an initramfs, or still `/`; null where
 * there is none yet, or what is there is no image but a root that changes.
 */
function imageAt({ handover, mounts }: Facts): string | null {
  const at = handover?.ramfs
    ? handover.at
    : visibleAt(mounts, OLD_ROOT) === undefined
      ? '/'
      : OLD_ROOT;
  const mount = at === null ? undefined : visibleAt(mounts, at);
  return mount !== undefined && (mount.superOptions.includes('ro') || mount.options.includes('ro'))
    ? at
    : null;
}

/**
 * Two calls that read no file: squashfs tells how large it is, and its top directory when it was
 * made.
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
 * For whoever reads the journal later. `process.uptime()` counts from Node's own first moment,
 * which its dynamic linking comes before.
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
