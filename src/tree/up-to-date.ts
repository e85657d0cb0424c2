import { isSameTime } from '../system/file-time.js';
import type { FolderEntry } from '../system/tree-door.js';
import { names } from './copied-entry.js';

const SAME = ['kind', 'size', 'mode', 'uid', 'gid', 'node', 'target'] as const;

/** Tells which files of a copy need not be copied again. */
export class UpToDate {
  /** From the inode of an up-to-date copy with several names to the inode of its original. */
  private readonly claimed = new Map<number, number>();

  /** @param since as CopyOptions.changedSince. */
  constructor(private readonly since: bigint | undefined) {}

  /** @param moved whether files in the directory may have changed places. */
  has(from: FolderEntry, to: FolderEntry | null, moved: boolean): to is FolderEntry {
    if (to === null || this.since === undefined || from.ctime >= this.since) return false;
    if (SAME.some((key) => from[key] !== to[key]) || !isSameTime(from.mtime, to.mtime))
      return false;
    // Their bytes would have to be compared.
    if (from.kind === 'file' && moved) return false;
    // Names that no longer belong to one file must not do so in the copy.
    return names(from) === names(to) && this.claim(from, to);
  }

  /**
   * Whether a file is the copy of this original alone. Records that it now is. An equal number of
   * names does not mean that they are the right names.
   */
  private claim(from: FolderEntry, to: FolderEntry): boolean {
    if (names(to) === 1) return true;
    const owner = this.claimed.get(to.inode) ?? from.inode;
    this.claimed.set(to.inode, owner);
    return owner === from.inode;
  }
}
