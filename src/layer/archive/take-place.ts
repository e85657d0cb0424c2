import { dirname } from 'node:path';
import type { System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import { syncFolder } from './import-archive.js';

/** Errors of renameat2(2) where the file system (jffs2, for one) or the kernel cannot exchange. */
const CANNOT = ['EINVAL', 'ENOSYS'];

/** The calls that takePlace needs. */
type Placing = Pick<System, 'rename' | 'removeTree' | 'exchange'> & {
  /** fsync(2) of a directory. */
  sync?: (folder: string) => void;
};

/** Paths of directories in one directory. */
interface Places {
  /** The complete new one. */
  next: string;
  /** The path for the new one, at which the old one is. */
  place: string;
  /** The temporary path of the old one, if the two cannot be exchanged. */
  former: string;
}

/**
 * Replaces a directory by a complete new one, and removes the old one. If the two can be exchanged,
 * one of them is at the path at every moment. Otherwise the path is missing between two renames,
 * and a power cut there leaves the old one at `former`.
 * @returns the failures after the replacement, one sentence each. @throws if the replacement
 *   failed; the old one is then at the path.
 */
export function takePlace(
  { rename, removeTree, exchange, sync = syncFolder }: Placing,
  { next, place, former }: Places,
): string[] {
  let old = next;
  try {
    exchange(next, place);
  } catch (error) {
    if (!(error instanceof SystemError) || !CANNOT.includes(error.errno)) throw error;
    rename(place, former);
    try {
      rename(next, place);
    } catch (failed) {
      rename(former, place);
      throw failed;
    }
    old = former;
  }
  // The old one is removed only when the new one is on stable storage.
  try {
    sync(dirname(place));
  } catch (error) {
    return [
      'the new layer is in its place, and may not be there after a power cut: ' +
        `${(error as Error).message}; the one from before is kept as ${old}`,
    ];
  }
  try {
    removeTree(old);
  } catch (error) {
    return [
      `the layer from before could not be removed, and what is left of it is ${old}: ` +
        `${(error as Error).message}; remove it`,
    ];
  }
  return [];
}

/** The number of leftovers to tolerate. Each is reported, so that somebody can remove it. */
const NAMES = 9;

/**
 * Finds a free name for a new layer. Removes the leftovers of an earlier import under a name. If
 * that fails, reports it and tries the next name.
 * @param name the name of the first attempt, the second and so on.
 */
export function freeName(
  system: Pick<System, 'kind' | 'details' | 'removeTree'>,
  name: (attempt: number) => string,
  uid: number,
): { next: string; warnings: string[] } {
  const warnings: string[] = [];
  for (let attempt = 1; ; attempt++) {
    const next = name(attempt);
    if (system.kind(next) === 'missing') return { next, warnings };
    if (system.details(next).uid !== uid)
      throw new Error(`${next} is there and belongs to another user; remove it`);
    try {
      system.removeTree(next);
      return { next, warnings };
    } catch (error) {
      const what =
        `${next}, which an import before this one left, could not be removed: ` +
        `${(error as Error).message}; remove it`;
      if (attempt === NAMES) throw new Error(what, { cause: error });
      warnings.push(what);
    }
  }
}
