import { FULL } from '../system/errno.js';
import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';
import type {
  Changed,
  CopyPair,
  CopyPoint,
  CopyStep,
  FolderEntry,
  TreeChange,
} from '../system/tree-door.js';
import { copyOf, described, hasMore, names } from './copied-entry.js';
import { copyByListing } from './copy-by-listing.js';
import {
  WHY,
  errnoOf,
  isRefusal,
  refusal,
  refused,
  type CopyOptions,
  type CopyResult,
} from './copy-result.js';
import type { Descent } from './descent.js';
import type { Scratch } from './scratch.js';
import { UpToDate } from './up-to-date.js';

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
  /** The number of levels on either way that lead to it. */
  depth: number;
  steps: Iterator<CopyStep, void>;
  /** Where its walk waits. */
  at: CopyPoint;
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
  private readonly upToDate: UpToDate;

  constructor(
    private readonly system: System,
    private readonly ways: Ways,
    private readonly options: CopyOptions,
  ) {
    this.upToDate = new UpToDate(options.changedSince);
  }

  run(): void {
    const { original } = this.ways;
    try {
      this.enter(this.system.tree.self(original.here, true), this.ways.from);
      for (let level; (level = this.levels.at(-1)) !== undefined;) {
        const step = this.nextOf(level);
        if (step !== null) this.take(level, step);
        else if (this.levels.length === 1) return;
        else this.leave(level);
      }
    } finally {
      while (this.levels.length > 1) this.drop();
      this.levels[0]?.steps.return?.();
    }
  }

  /** Null at the end of a directory, or if the rest of it cannot be seen. */
  private nextOf({ steps }: Level): CopyStep | null {
    try {
      const next = steps.next();
      return next.done === true ? null : next.value;
    } catch (error) {
      this.refuse(this.path(''), error);
      return null;
    }
  }

  private take(level: Level, step: CopyStep): void {
    if (step.what === 'progress') {
      this.result.removed += step.removed;
      if (step.files > 0) this.count(step.bytes, step.files);
      return;
    }
    this.visit(level, step.at);
    if (step.what === 'names') this.takeNames(step.pairs);
    else if (step.what === 'undescribed') this.refuse(this.path(''), step.errno);
    else if (step.errno !== null) this.refuse(this.path(step.name), step.errno);
    else {
      const path = this.path(step.name);
      const entered = this.entered(step.name);
      // The visit goes on until that directory is left.
      if (entered !== null) return this.enter(entered, path);
    }
    this.endVisit(level);
  }

  private visit(level: Level, at: CopyPoint): void {
    level.at = at;
    if (at.path === '') return;
    this.ways.original.visit(at.path, at.from);
    this.ways.copy.visit(at.path, at.to);
  }

  private endVisit(level: Level): void {
    if (level.at.path === '') return;
    for (const way of [this.ways.original, this.ways.copy]) way.endVisit();
    level.at = { ...level.at, path: '' };
  }

  private takeNames(pairs: Iterable<CopyPair>): void {
    try {
      for (const [from, to, errno] of pairs)
        // The walk tried to copy or to remove it.
        if (errno !== null) this.refuse(this.path((from ?? to)!.name), errno);
        else if (from === null) this.removeExtra(to!);
        else if (from.errno !== null) this.refuse(this.path(from.name), from.errno);
        else if (from.kind === 'directory') this.refuse(this.path(from.name), 'ESTALE');
        else this.file(from, to);
    } catch (error) {
      this.refuse(this.path(''), error);
    }
    this.flush();
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
    const level = this.levels.at(-1);
    const here = level?.path ?? this.ways.from;
    return [here, level?.at.path ?? '', name].filter((part) => part !== '').join('/');
  }

  private leave({ original: entry, path, depth: own }: Level): void {
    const { original, copy } = this.ways;
    this.describe(entry);
    this.drop();
    try {
      original.up();
      copy.up();
    } catch (error) {
      this.refuse(path, error);
      // Somebody moved a directory under the walk. What can be found again is copied.
      const depth = (): number => Math.min(original.depth, copy.depth);
      for (const way of [original, copy]) if (way.depth >= own) way.back();
      while (original.depth > depth()) original.back();
      while (copy.depth > depth()) copy.back();
      while (this.levels.at(-1)!.depth > depth()) this.drop();
    }
    this.endVisit(this.levels.at(-1)!);
  }

  private drop(): void {
    this.levels.pop()?.steps.return?.();
  }

  /** Begins with a directory in which both ways are. */
  private enter(entry: FolderEntry, path: string): void {
    const { original, copy, scratch } = this.ways;
    const { tree } = this.system;
    const since = this.options.changedSince ?? null;
    const above = this.levels.at(-1);
    const moved = above?.at.moved ?? false;
    const at: CopyPoint = {
      path: '',
      from: original.here,
      to: copy.here,
      moved: moved || since === null || entry.ctime >= since,
    };
    const ours = above === undefined ? scratch.name : '';
    const how = { scratch: scratch.folder, ours, since, moved };
    const steps = tree.copy?.(at.from, at.to, how) ?? copyByListing(tree, at);
    this.levels.push({ original: entry, path, depth: original.depth, steps, at });
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
    const isDone =
      first !== undefined
        ? to?.inode === first.inode
        : this.upToDate.has(from, to, this.levels.at(-1)!.at.moved);
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
    // The file that found out is named already.
    if (FULL.includes(errno) && error instanceof SystemError && isRefusal(error)) throw error;
    if (FULL.includes(errno)) throw refusal(`copy ${path}`, errno, path);
    const what = `copy ${path}${WHY[errno] ?? ''}`;
    this.result.refused.push(refused(path, refusal(what, errno, path)));
  }

  private count(bytes: number, files = 1): void {
    const { result } = this;
    result.files += files;
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
}
