/** The walk of native/tree-copy.h, with the other calls of a door. */
import { isSameTime } from '../file-time.js';
import { joined } from '../joined.js';
import { OF_ONE_MOUNT } from '../one-mount.js';
import { SystemError } from '../system-error.js';
import type {
  CopyPair,
  CopyPoint,
  CopyStep,
  CopyWalk,
  Folder,
  FolderEntry,
  TreeChange,
  TreeDoor,
} from '../tree-door.js';

/** What it needs of a door. */
export interface Copyable extends Pick<
  TreeDoor,
  'entries' | 'entry' | 'self' | 'enter' | 'close' | 'apply'
> {
  /** Whether two regular files of one size do. */
  holdsSame: (at: CopyPoint, one: FolderEntry, copy: FolderEntry) => boolean;
}

const NO_ATTRIBUTES: ReadonlyMap<string, Buffer> = new Map();

const isPlain = ({ attributes }: FolderEntry): boolean =>
  [...attributes.keys()].every((name) => OF_ONE_MOUNT.includes(name));

const namesOf = ({ links, node }: FolderEntry): number => (node === '0:0' ? 1 : links);

const described = ({ mode, uid, gid, mtime }: FolderEntry) => ({
  ...{ mode, uid, gid, mtime, attributes: NO_ATTRIBUTES, needed: 0 },
});

/** What became of a name; if nothing, the error of the change that was tried. */
type Fate = { done: true } | { done: false; errno: string | null };

const DONE: Fate = { done: true };
const NOT_ORDINARY: Fate = { done: false, errno: null };

class CopyByEntries {
  files = 0;
  bytes = 0;
  removed = 0;

  constructor(
    private readonly door: Copyable,
    private readonly how: CopyWalk,
  ) {}

  private hasChanged = ({ ctime }: FolderEntry): boolean =>
    this.how.since === null || ctime >= this.how.since;

  private change(change: TreeChange): string | null {
    return this.door.apply([change])[0]!.errno;
  }

  private isUpToDate(at: CopyPoint, one: FolderEntry, copy: FolderEntry): boolean {
    const same = (['kind', 'size', 'mode', 'uid', 'gid', 'node', 'target'] as const).every(
      (key) => one[key] === copy[key],
    );
    if (this.hasChanged(one) || !same || namesOf(copy) !== 1) return false;
    if (!isSameTime(one.mtime, copy.mtime)) return false;
    return one.kind !== 'file' || !at.moved || this.door.holdsSame(at, one, copy);
  }

  private extra(at: CopyPoint, { name }: FolderEntry): Fate {
    if (at.path === '' && name === this.how.ours) return DONE;
    const errno = this.change({ what: 'remove', in: at.to, name });
    if (errno !== null) return { done: false, errno };
    this.removed++;
    return DONE;
  }

  private name(at: CopyPoint, one: FolderEntry, copy: FolderEntry | null): Fate {
    if (one.errno !== null || namesOf(one) !== 1 || copy?.kind === 'directory') return NOT_ORDINARY;
    if (copy !== null && copy.errno === null && this.isUpToDate(at, one, copy)) return DONE;
    if (!isPlain(one)) return NOT_ORDINARY;
    const { name, target } = one;
    const making = { in: at.to, name, scratch: this.how.scratch, ...described(one) };
    let errno: string | null;
    if (one.kind === 'file')
      errno = this.change({ what: 'file', from: at.from, source: one, sync: false, ...making });
    else if (one.kind === 'symlink') errno = this.change({ what: 'symlink', target, ...making });
    else return NOT_ORDINARY;
    if (errno === 'ESTALE' || errno === 'ENOENT') return NOT_ORDINARY;
    if (errno !== null) return { done: false, errno };
    this.files++;
    if (one.kind === 'file') this.bytes += one.size;
    return DONE;
  }

  private *told(): Generator<CopyStep, void> {
    const { files, bytes, removed } = this;
    this.files = this.bytes = this.removed = 0;
    if (files > 0 || removed > 0) yield { what: 'progress', files, bytes, removed };
  }

  *within(at: CopyPoint): Generator<CopyStep, void> {
    const left: CopyPair[] = [];
    const folders: string[] = [];
    for (const [one, copy] of joined(
      this.door.entries(at.from, true),
      this.door.entries(at.to, true),
    ))
      if (one?.kind === 'directory' && one.errno === null) folders.push(one.name);
      else {
        const fate = one === null ? this.extra(at, copy!) : this.name(at, one, copy);
        if (!fate.done) left.push([one, copy, fate.errno]);
      }
    yield* this.told();
    // What failed to be made may be another file by now.
    if (left.length > 0) yield { what: 'names', at, pairs: left };
    for (const name of folders) yield* this.below(at, name);
  }

  private *below(at: CopyPoint, name: string): Generator<CopyStep, void> {
    const inner = this.entered(at, name);
    if (inner === null || typeof inner === 'string') {
      yield { what: 'folder', at, name, errno: inner };
      return;
    }
    const { point, original } = inner;
    try {
      yield* this.within(point);
      const errno = this.change({ what: 'describe', in: point.to, ...described(original) });
      if (errno !== null) yield { what: 'undescribed', at: point, original, errno };
    } finally {
      for (const folder of [point.from, point.to]) this.door.close(folder);
    }
  }

  /** Null if the caller must do it; the error of making it. */
  private entered(
    at: CopyPoint,
    name: string,
  ): { point: CopyPoint; original: FolderEntry } | string | null {
    const { door } = this;
    const opened: Folder[] = [];
    const isOpened = (above: Folder): FolderEntry | null => {
      const folder = door.enter(above, name);
      opened.push(folder);
      const entry = door.self(folder, true);
      return isPlain(entry) ? entry : null;
    };
    let end: string | null = null;
    try {
      const original = isOpened(at.from);
      if (original !== null) end = this.madeFolder(at, name);
      if (original !== null && end === null && isOpened(at.to) !== null) {
        const [from, to] = opened.splice(0) as [Folder, Folder];
        const path = at.path === '' ? name : `${at.path}/${name}`;
        const moved = at.moved || this.hasChanged(original);
        return { point: { path, from, to, moved }, original };
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    } finally {
      for (const folder of opened) door.close(folder);
    }
    return end;
  }

  /** Makes a directory of the copy if there is nothing. */
  private madeFolder(at: CopyPoint, name: string): string | null {
    const { scratch } = this.how;
    if (this.door.entry(at.to, name, false) !== null) return null;
    return this.change({ what: 'folder', in: at.to, name, scratch });
  }
}

export function copyByEntries(
  door: Copyable,
  from: Folder,
  to: Folder,
  how: CopyWalk,
): Generator<CopyStep, void> {
  const walk = new CopyByEntries(door, how);
  const moved = how.moved || how.since === null || door.self(from, false).ctime >= how.since;
  return walk.within({ path: '', from, to, moved });
}
