import { FULL } from '../system/errno.js';
import type { System } from '../system/port.js';
import type { SystemError } from '../system/system-error.js';
import { Copier, type Ways } from './copier.js';
import { errnoOf, refused, type CopyOptions, type CopyResult } from './copy-result.js';
import { Descent } from './descent.js';
import { openScratch, type Scratch } from './scratch.js';

export type { CopyOptions, CopyResult } from './copy-result.js';

/**
 * Makes one directory a copy of another, so that an overlay shows the same files with either as its
 * upper layer: dot-files, whiteouts, opaque directories, hard links, devices, owners, modes, times,
 * extended attributes. Each name in the copy changes atomically. The caller calls syncfs(2) before
 * it relies on the copy. The copy goes by descriptor: it follows no symlink and crosses no mount,
 * even if somebody changes either tree meanwhile. A repeated call copies only the changes.
 * @throws {SystemError} ENOSPC and EDQUOT at once, ENOTDIR if one of the two is no directory. All
 *   other failures are listed in the result, and the rest is copied.
 */
export function copyTree(
  system: System,
  from: string,
  to: string,
  options: CopyOptions = {},
): CopyResult {
  const { tree } = system;
  const original = new Descent(tree, tree.open(from));
  try {
    const copy = new Descent(tree, tree.open(to));
    try {
      return copied(system, { original, copy, from, to }, options);
    } finally {
      copy.close();
    }
  } finally {
    original.close();
  }
}

function copied(
  system: System,
  ways: Omit<Ways, 'scratch'> & { to: string },
  options: CopyOptions,
): CopyResult {
  const { original, copy, to } = ways;
  let scratch: Scratch;
  try {
    scratch = openScratch(system.tree, copy.here, original.here);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null || FULL.includes(errno)) throw error;
    const nothing = { files: 0, bytes: 0, removed: 0, lost: [] };
    return { ...nothing, refused: [refused(to, error as SystemError)] };
  }
  const copier = new Copier(system, { ...ways, scratch }, options);
  let isWhole = false;
  try {
    copier.run();
    isWhole = true;
  } finally {
    const errno = scratch.remove();
    if (isWhole && errno !== null) copier.refuse(`${to}/${scratch.name}`, errno);
  }
  // The directory got a new time by that.
  copier.finish();
  return copier.result;
}
