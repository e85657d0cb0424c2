import { dirname } from 'node:path';
import type { System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import { syncFolder } from './import-archive.js';

/**
 * What renameat2(2) says that cannot exchange two names: the file system (jffs2, for one), or a
 * kernel before 3.15.
 */
const CANNOT = ['EINVAL', 'ENOSYS'];

/**
 * Puts a complete directory in the place of another one, and removes that. Where the two can be
 * exchanged there is no moment without either; elsewhere there is one between two renames, and a
 * power cut in it leaves the old one at `former`.
 * @returns what did not go well when the new one was in its place, a sentence each. @throws where
 *   it is not.
 */
export function takePlace(
  system: Pick<System, 'rename' | 'removeTree'>,
  exchange: (one: string, other: string) => void,
  next: string,
  place: string,
  former: string,
  sync: (folder: string) => void = syncFolder,
): string[] {
  let old = next;
  try {
    exchange(next, place);
  } catch (error) {
    if (!(error instanceof SystemError) || !CANNOT.includes(error.errno)) throw error;
    system.rename(place, former);
    try {
      system.rename(next, place);
    } catch (failed) {
      system.rename(former, place);
      throw failed;
    }
    old = former;
  }
  // The old one goes when the new one is there for good.
  try {
    sync(dirname(place));
  } catch (error) {
    return [
      `the new layer is in its place, and may not be there after a power cut: ${(error as Error).message}; the one from before is kept as ${old}`,
    ];
  }
  try {
    system.removeTree(old);
  } catch (error) {
    return [
      `the layer from before could not be removed, and what is left of it is ${old}: ${(error as Error).message}; remove it`,
    ];
  }
  return [];
}

/** As many leftovers as one may come upon: somebody removes them, for each is told. */
const NAMES = 9;

/**
 * A name for what is made ready beside a place. What an import before left half made goes; what of
 * it cannot be removed stays and is told, and is in nobody's way.
 * @param name for the first try, the second and so on.
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
      const what = `${next}, which an import before this one left, could not be removed: ${(error as Error).message}; remove it`;
      if (attempt === NAMES) throw new Error(what, { cause: error });
      warnings.push(what);
    }
  }
}
