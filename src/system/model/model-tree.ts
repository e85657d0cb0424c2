import type { Details, PathKind } from '../port.js';

/** The error of a call of the model. Calls turns it into a SystemError. */
export class Errno extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** One file of any kind. Hard links are one such object under several names. */
export interface ModelInode {
  kind: PathKind;
  number: number;
  mode: number;
  uid: number;
  gid: number;
  mtime: bigint;
  ctime: bigint;
  /** The bytes of a file, or the target of a symlink. */
  content: string;
  /** `major:minor` of a device node. */
  node: string;
  attributes: Map<string, string>;
  entries: Map<string, ModelInode>;
}

/**
 * A mounted file system; paths are within it, and `/` is its root. Every change throws Errno as the
 * kernel would.
 */
export interface Files {
  readonly fstype: string;
  /** This belongs to the file system, so a remount changes it for all mounts of it. */
  readonly: boolean;
  find(path: string): ModelInode | null;
  list(path: string): string[];
  add(path: string, inode: ModelInode): void;
  /** The inode to change at a path. An overlay copies it up first. */
  change(path: string): ModelInode;
  remove(path: string): void;
  rename(from: string, to: string, whiteout: boolean): void;
}

let numbers = 1;
let time = 1_700_000_000_000_000_000n;

export const inode = (kind: PathKind, changes: Partial<ModelInode> = {}): ModelInode => {
  time += 1_000_000n;
  return {
    kind,
    number: numbers++,
    mode: kind === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    mtime: time,
    ctime: time,
    content: '',
    node: '',
    attributes: new Map(),
    entries: new Map(),
    ...changes,
  };
};

export const isWhiteout = ({ kind, node }: ModelInode): boolean =>
  kind === 'character' && node === '0:0';

/**
 * The names of a path. They are cached, because the tests use the same few thousand paths millions
 * of times.
 */
export function split(path: string): readonly string[] {
  let names = known.get(path);
  if (names === undefined) known.set(path, (names = path.split('/').filter((part) => part !== '')));
  return names;
}
const known = new Map<string, readonly string[]>();

export const parent = (path: string): string => `/${split(path).slice(0, -1).join('/')}`;
export const base = (path: string): string => split(path).at(-1) ?? '';
/** A path within a directory. */
export function within(top: string, path: string): string {
  if (path === '/') return top;
  return top === '/' ? path : top + path;
}

/** A deep copy. Names that share an inode still share one. */
export function clone(top: ModelInode, known = new Map<ModelInode, ModelInode>()): ModelInode {
  const before = known.get(top);
  if (before) return before;
  const copy: ModelInode = { ...top, attributes: new Map(top.attributes), entries: new Map() };
  known.set(top, copy);
  for (const [name, entry] of top.entries) copy.entries.set(name, clone(entry, known));
  return copy;
}

export function detailsOf(
  { kind, mode, uid, gid, content, mtime, ctime, number, node }: ModelInode,
  device: number,
  links: number,
): Details {
  return {
    kind,
    mode,
    uid,
    gid,
    size: Buffer.byteLength(content),
    mtime,
    ctime,
    device,
    inode: number,
    links,
    node,
  };
}

/** A file system that is a tree: on flash, in memory, or the image. */
export class Tree implements Files {
  root = inode('directory');
  readonly = false;
  /** The number of names that still fit; then ENOSPC. */
  room = Infinity;
  /** The state after a power cut: that of the last sync. */
  private durable = clone(this.root);
  private durableRoom = Infinity;
  private readonly unsynced = new Set<ModelInode>();

  constructor(
    readonly fstype: string,
    /** Whether it supports the two flags of renameat2(2). */
    private readonly knows: { whiteout: boolean; mapping?: boolean } = { whiteout: true },
  ) {}

  /** Whether its files can be mapped for shared writing. */
  get maps(): boolean {
    return this.knows.mapping !== false;
  }

  find(path: string): ModelInode | null {
    let at: ModelInode | undefined = this.root;
    for (const name of split(path)) at = at?.entries.get(name);
    return at ?? null;
  }

  private directory(path: string): ModelInode {
    const found = this.find(path);
    if (found === null) throw new Errno('ENOENT');
    if (found.kind !== 'directory') throw new Errno('ENOTDIR');
    return found;
  }

  list(path: string): string[] {
    return [...this.directory(path).entries.keys()];
  }

  private writable(): void {
    if (this.readonly) throw new Errno('EROFS');
  }

  add(path: string, added: ModelInode): void {
    this.writable();
    const above = this.directory(parent(path));
    if (above.entries.has(base(path))) throw new Errno('EEXIST');
    if (this.room < 1) throw new Errno('ENOSPC');
    this.room -= 1;
    above.entries.set(base(path), added);
    above.mtime = time;
    this.unsynced.add(added);
  }

  change(path: string): ModelInode {
    this.writable();
    const found = this.find(path);
    if (found === null) throw new Errno('ENOENT');
    time += 1_000_000n;
    found.ctime = time;
    this.unsynced.add(found);
    return found;
  }

  remove(path: string): void {
    this.writable();
    const found = this.find(path);
    if (found === null) throw new Errno('ENOENT');
    if (found.entries.size > 0) throw new Errno('ENOTEMPTY');
    this.directory(parent(path)).entries.delete(base(path));
    this.room += 1;
  }

  rename(from: string, to: string, whiteout: boolean): void {
    this.writable();
    const moved = this.find(from);
    if (moved === null) throw new Errno('ENOENT');
    const target = this.find(to);
    if (target === moved) return;
    if (whiteout && !this.knows.whiteout) throw new Errno('EINVAL');
    if (target !== null && target.entries.size > 0) throw new Errno('ENOTEMPTY');
    this.directory(parent(to)).entries.set(base(to), moved);
    this.directory(parent(from)).entries.delete(base(from));
    if (whiteout)
      this.directory(parent(from)).entries.set(base(from), inode('character', { node: '0:0' }));
  }

  /**
   * A power cut in the middle of jffs2_rename (fs/jffs2/dir.c), which makes the new name and then
   * removes the old one. Both names remain.
   */
  halfRename(from: string, to: string): void {
    this.directory(parent(to)).entries.set(base(to), this.find(from)!);
  }

  exchange(one: string, other: string): void {
    this.writable();
    const [first, second] = [this.find(one), this.find(other)];
    if (first === null || second === null) throw new Errno('ENOENT');
    if (!this.knows.whiteout) throw new Errno('EINVAL');
    this.directory(parent(one)).entries.set(base(one), second);
    this.directory(parent(other)).entries.set(base(other), first);
  }

  /**
   * fsync(2) and syncfs(2) do the same here: flash file systems write in order, so all earlier
   * changes are on the flash too.
   */
  sync(): void {
    this.durable = clone(this.root);
    this.durableRoom = this.room;
    this.unsynced.clear();
  }

  /**
   * Cuts the power. `kept`: everything was written back before. `lost`: nothing was written back
   * since the last sync. `torn`: names were written back and contents were not, so a file that was
   * renamed without fsync becomes empty.
   */
  cut(way: Cut): void {
    if (way === 'lost') Object.assign(this, { root: clone(this.durable), room: this.durableRoom });
    if (way === 'torn')
      for (const each of this.unsynced) if (each.kind === 'file') each.content = '';
    this.sync();
  }
}

export type Cut = 'kept' | 'lost' | 'torn';
export const CUTS: readonly Cut[] = ['kept', 'lost', 'torn'];
