import { FULL } from '../system/errno.js';
import type { System } from '../system/port.js';
import type { Changed, FolderEntry, TreeChange } from '../system/tree-door.js';
import { copyOf, described, hasMore, names } from './copied-entry.js';
import { WHY, errnoOf, refusal, refused, type CopyResult } from './copy-result.js';
import type { Descent } from './descent.js';
import { joined } from './joined.js';
import type { Scratch } from './scratch.js';

export interface CopyOptions {
  /**
   * The start of the last pass, in nanoseconds since 1970. A file that changed since then is copied
   * even if its size and time are the same. A file that did not change since then is skipped if its
   * size and time are the same. Without `since` everything is copied, because nobody knows who
   * wrote the existing files.
   */
  changedSince?: bigint;
  /**
   * The copy stays closed to other users. Somebody who got into it for a moment would stay in his
   * own directories there, and the caller goes on by path.
   */
  closed?: true;
  /** Is called after each file with the number of files and bytes copied so far. */
  onProgress?: (done: { files: number; bytes: number }) => void;
}

/** The ways through both trees. */
export interface Ways {
  original: Descent;
  copy: Descent;
  scratch: Scratch;
  /** The path of the original, for messages. */
  from: string;
}

/** A directory on the way: what is left to do in it. */
interface Level {
  original: FolderEntry;
  /** Its path in the original. */
  path: string;
  /** The names of its directories, and the next one. */
  folders: string[];
  next: number;
}

/** A change of the copy, and what to do when it was made. */
interface Pending {
  change: TreeChange;
  path: string;
  then?: (changed: Changed) => void;
}

/** The number of changes that are made in one call. */
const AT_ONCE = 128;

/**
 * The first name of the copy of a file with several names: the directory by names, and the name.
 */
interface FirstName {
  folders: readonly string[];
  name: string;
  /** The inode of the copy. */
  inode: number;
}

export class Copier {
  readonly result: CopyResult = { files: 0, bytes: 0, removed: 0, refused: [], lost: [] };
  private readonly levels: Level[] = [];
  private pending: Pending[] = [];
  /** From the inode of an original with several names to the first name of its copy. */
  private readonly linked = new Map<number, FirstName>();
  /** From the inode of an up-to-date copy with several names to the inode of its original. */
  private readonly claimed = new Map<number, number>();

  constructor(
    private readonly system: System,
    private readonly ways: Ways,
    private readonly options: CopyOptions,
  ) {}

  run(): void {
    const { original } = this.ways;
    this.enter(this.system.tree.self(original.here, true), this.ways.from);
    for (let level; (level = this.levels.at(-1)) !== undefined;) {
      const name = level.folders[level.next++];
      if (name !== undefined) {
        const entered = this.entered(name);
        if (entered !== null) this.enter(entered, this.path(name));
        continue;
      }
      if (this.levels.length === 1) return;
      this.describe(level.original);
      this.levels.pop();
      this.leave(level.path);
    }
  }

  /** The top is last, when nothing is made in it any more. */
  finish(): void {
    const { original } = this.levels[0]!;
    this.describe(this.options.closed ? { ...original, mode: 0o700 } : original);
  }

  /** This follows all changes in a directory, because every new name changes its time. */
  private describe(original: FolderEntry): void {
    const { here } = this.ways.copy;
    this.change(
      this.path(''),
      { what: 'describe', in: here, ...described(original) },
      ({ lost }) => {
        if (lost > 0) this.noteLost(original, this.system.tree.self(here, true));
      },
    );
    this.flush();
  }

  /** The path in the original of a name in the present directory; '' is the directory. */
  private path(name: string): string {
    const here = this.levels.at(-1)?.path ?? this.ways.from;
    return name === '' ? here : `${here}/${name}`;
  }

  private leave(path: string): void {
    const { original, copy } = this.ways;
    try {
      original.up();
      copy.up();
    } catch (error) {
      this.refuse(path, error);
      // Somebody moved a directory under the walk. What can be found again is copied.
      const depth = (): number => Math.min(original.depth, copy.depth);
      for (const way of [original, copy]) if (way.depth > this.levels.length) way.back();
      while (original.depth > depth()) original.back();
      while (copy.depth > depth()) copy.back();
      this.levels.length = depth();
    }
  }

  /** Copies everything in the present directory except what is in its directories. */
  private enter(original: FolderEntry, path: string): void {
    const { tree } = this.system;
    const { ways } = this;
    const folders: string[] = [];
    this.levels.push({ original, path, folders, next: 0 });
    try {
      for (const [from, to] of joined(
        tree.entries(ways.original.here, true),
        tree.entries(ways.copy.here, true),
      ))
        if (from === null) this.removeExtra(to!);
        else if (from.errno !== null) this.refuse(this.path(from.name), from.errno);
        else if (from.kind === 'directory') folders.push(from.name);
        else this.file(from, to);
    } catch (error) {
      this.refuse(this.path(''), error);
    }
    this.flush();
  }

  private removeExtra(to: FolderEntry): void {
    const { copy, scratch } = this.ways;
    if (copy.depth === 1 && to.name === scratch.name) return;
    this.change(this.path(to.name), { what: 'remove', in: copy.here, name: to.name }, () => {
      this.result.removed++;
    });
  }

  /**
   * Goes down into a directory, which is made if it is not there. Returns the original; null if it
   * cannot be copied.
   */
  private entered(name: string): FolderEntry | null {
    const { original, copy, scratch } = this.ways;
    const { tree } = this.system;
    const depth = original.depth;
    try {
      original.down(name);
      const from = tree.self(original.here, true);
      const to = tree.entry(copy.here, name, true);
      const isUsable = to?.kind === 'directory' && !hasMore(from, to);
      if (to !== null && !isUsable) this.must({ what: 'remove', in: copy.here, name });
      if (!isUsable) this.must({ what: 'folder', in: copy.here, name, scratch: scratch.folder });
      copy.down(name);
      return from;
    } catch (error) {
      const isBelow = original.depth > depth;
      if (isBelow) original.up();
      // A directory that has vanished meanwhile is no failure.
      if (errnoOf(error) !== 'ENOENT' || isBelow) this.refuse(this.path(name), error);
      return null;
    }
  }

  /** Makes one change now. @throws {SystemError} */
  private must(change: TreeChange): void {
    this.flush();
    const [{ errno } = { errno: null }] = this.system.tree.apply([change]);
    if (errno !== null) throw refusal(this.path(''), errno);
  }

  /** Removes a directory of the copy that is in the way. */
  private isRemoved(name: string): boolean {
    try {
      this.must({ what: 'remove', in: this.ways.copy.here, name });
      return true;
    } catch (error) {
      this.refuse(this.path(name), error);
      return false;
    }
  }

  private file(from: FolderEntry, to: FolderEntry | null): void {
    const hasMoreNames = names(from) > 1;
    // The first name may still be pending.
    if (hasMoreNames) this.flush();
    const first = hasMoreNames ? this.linked.get(from.inode) : undefined;
    const isDone = first !== undefined ? to?.inode === first.inode : this.isUpToDate(from, to);
    if (isDone) return this.noteName(from, to!.inode);
    if (to?.kind === 'directory' && !this.isRemoved(from.name)) return;
    if (first !== undefined) return this.link(from, first);
    const change = this.making(from);
    if (change === null) {
      this.refuse(this.path(from.name), 'EINVAL');
      return;
    }
    this.change(this.path(from.name), change, ({ lost }) => {
      this.count(from.kind === 'file' ? from.size : 0);
      if (hasMoreNames) this.noteName(from, this.inodeOf(from.name));
      if (lost > 0) this.noteLost(from);
    });
  }

  /** Remembers the first name of a copy, once it exists: its other names become links to it. */
  private noteName(from: FolderEntry, inode: number): void {
    if (names(from) === 1 || this.linked.has(from.inode)) return;
    const folders = this.ways.copy.path.split('/').filter((part) => part !== '');
    this.linked.set(from.inode, { folders, name: from.name, inode });
  }

  private inodeOf = (name: string): number =>
    this.system.tree.entry(this.ways.copy.here, name, false)?.inode ?? -1;

  private link(from: FolderEntry, first: FirstName): void {
    const { copy, scratch } = this.ways;
    const path = this.path(from.name);
    try {
      const folder = copy.reach(first.folders);
      try {
        const { name, inode } = first;
        const making = { in: copy.here, name: from.name, scratch: scratch.folder };
        this.change(path, { what: 'link', ...making, from: folder, existing: name, inode }, () =>
          this.count(0),
        );
        this.flush();
      } finally {
        this.system.tree.close(folder);
      }
    } catch (error) {
      this.refuse(path, error);
    }
  }

  private making(from: FolderEntry): TreeChange | null {
    const { original, copy, scratch } = this.ways;
    const place = { from: original.here, to: copy.here, scratch: scratch.folder, sync: false };
    return copyOf(from, place);
  }

  private change(path: string, change: TreeChange, then?: (changed: Changed) => void): void {
    this.pending.push({ path, change, ...(then && { then }) });
    if (this.pending.length >= AT_ONCE) this.flush();
  }

  /** Makes the pending changes. @throws {SystemError} if nothing more can be copied. */
  private flush(): void {
    if (this.pending.length === 0) return;
    const pending = this.pending;
    this.pending = [];
    const results = this.system.tree.apply(pending.map(({ change }) => change));
    for (const [index, { path, then }] of pending.entries()) {
      const changed = results[index]!;
      if (changed.errno === null) then?.(changed);
      else if (FULL.includes(changed.errno)) throw refusal(`copy ${path}`, changed.errno, path);
      else this.failed(pending[index]!, changed.errno);
    }
  }

  private failed({ path, change }: Pending, errno: string): void {
    // A file that has vanished meanwhile is no failure; the next pass removes its copy.
    const isGone =
      change.what === 'file' &&
      this.system.tree.entry(change.from, change.source.name, false) === null;
    if (!isGone) this.refuse(path, errno);
  }

  refuse(path: string, error: unknown): void {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    if (FULL.includes(errno)) throw refusal(`copy ${path}`, errno, path);
    const what = `copy ${path}${WHY[errno] ?? ''}`;
    this.result.refused.push(refused(path, refusal(what, errno, path)));
  }

  private count(bytes: number): void {
    const { result } = this;
    result.files++;
    result.bytes += bytes;
    this.options.onProgress?.({ files: result.files, bytes: result.bytes });
  }

  /** A file without these attributes is better than no file. */
  private noteLost(
    from: FolderEntry,
    is = this.system.tree.entry(this.ways.copy.here, from.name, true),
  ): void {
    const path = this.path(from.name);
    for (const [name, value] of described(from).attributes)
      if (is?.attributes.get(name)?.equals(value) !== true) {
        const { message } = refusal(`set attribute ${name} of its copy`, 'EOPNOTSUPP', path);
        this.result.lost.push(`${path} has lost its attribute ${name}: ${message}`);
      }
  }

  private isUpToDate(from: FolderEntry, to: FolderEntry | null): to is FolderEntry {
    const { changedSince } = this.options;
    if (to === null || changedSince === undefined || from.ctime >= changedSince) return false;
    const same = (['kind', 'size', 'mtime', 'mode', 'uid', 'gid', 'node', 'target'] as const).every(
      (key) => from[key] === to[key],
    );
    // Names that no longer belong to one file must not do so in the copy.
    return same && names(from) === names(to) && this.claim(from, to);
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
