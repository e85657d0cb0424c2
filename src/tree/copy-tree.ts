import type { Details, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

export interface CopyResult {
  /** The number of non-directories that this pass copied. */
  files: number;
  bytes: number;
  /** The number of names that were removed because the original no longer has them. */
  removed: number;
  /** The failures to copy, with the reason: one sentence each. */
  refused: { path: string; error: string; errno: string }[];
  /**
   * Attributes that the copy lacks although the rest of the file is complete: one sentence each.
   */
  lost: string[];
}

export interface CopyOptions {
  /**
   * The start of the last pass, in nanoseconds since 1970. A file that changed since then is copied
   * even if its size and time are the same. A file that did not change since then is skipped if its
   * size and time are the same. Without `since` everything is copied, because nobody knows who
   * wrote the existing files.
   */
  changedSince?: bigint;
  /** Is called after each file with the number of files and bytes copied so far. */
  onProgress?: (done: { files: number; bytes: number }) => void;
}

/** A file is completed under this name before it gets its own. A power cut may leave one. */
const BESIDE = '.mountroot-copy';

/**
 * Overlay's notes about one of its mounts (fs/overlayfs/overlayfs.h): the source of a copied-up
 * file, as a handle and the number of a file system (origin), whether a directory holds such files
 * (impure), the base of the link count (nlink), the file of an index entry (upper), and the
 * overlay's own id (uuid). They would be wrong in another mount, and overlay makes them anew or
 * does not need them. All others are copied, because they decide what the layer shows: opaque,
 * redirect, metacopy (the data is the lower file's, found by name or redirect, never by origin),
 * whiteout and whiteouts (6.7), protattr (immutable and append-only, 5.14).
 */
const OF_ONE_MOUNT = ['origin', 'impure', 'nlink', 'upper', 'uuid'].map(
  (name) => `trusted.overlay.${name}`,
);

/** These tell overlay where the content is. Without them the file would have other content. */
const NEEDED = ['redirect', 'metacopy'].map((name) => `trusted.overlay.${name}`);

/** Nothing more can be copied after one of these. */
const FULL = ['ENOSPC', 'EDQUOT'];

/**
 * Makes one directory a copy of another, so that an overlay shows the same files with either as its
 * upper layer: dot-files, whiteouts, opaque directories, hard links, devices, owners, modes, times,
 * extended attributes. Each name in the copy changes atomically. The copy follows no symlink and
 * crosses no mount; but a bind mount of the same file system looks like a directory. A repeated
 * call copies only the changes.
 * @throws {SystemError} ENOSPC and EDQUOT at once, ENOTDIR if one of the two is no directory. All
 *   other failures are listed in the result, and the rest is copied.
 */
export function copyTree(
  system: System,
  from: string,
  to: string,
  options: CopyOptions = {},
): CopyResult {
  const [original, copy] = [directoryAt(system, from), directoryAt(system, to)];
  const copier = new Copier(system, original.device, copy.device, options);
  copier.directory(from, to, original);
  return copier.result;
}

const refusal = (what: string, errno: string, path: string): SystemError =>
  new SystemError({ what, syscall: 'copy', errno, path });

/** A symlink to a directory is no directory either. */
function directoryAt(system: System, path: string): Details {
  const details = system.details(path);
  if (details.kind !== 'directory')
    throw refusal(`copy from or to ${path}, because it is a ${details.kind}`, 'ENOTDIR', path);
  return details;
}

/**
 * The number of names of a file. Whiteouts count as separate files: overlay makes all of them links
 * of one file in the workdir (since 5.7), and they have nothing else in common.
 */
const names = ({ links, node }: Details): number => (node === '0:0' ? 1 : links);

/** A name in the original, and the same name in the copy. */
interface Entry {
  from: string;
  to: string;
  /** The path at which the copy is made before it gets its name. */
  beside: string;
  original: Details;
  /** The file that has this name in the copy now. */
  copy: Details | null;
}

class Copier {
  readonly result: CopyResult = { files: 0, bytes: 0, removed: 0, refused: [], lost: [] };
  /** From the inode of an original with several names to the first name of its copy. */
  private readonly linked = new Map<number, string>();
  /** From the inode of an up-to-date copy with several names to the inode of its original. */
  private readonly claimed = new Map<number, number>();

  constructor(
    private readonly system: System,
    private readonly device: number,
    private readonly copyDevice: number,
    private readonly options: CopyOptions,
  ) {}

  /** Makes a call and lists its failure. Throws if no further copying is possible after it. */
  private attempt(path: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      const { errno, message } = error as SystemError;
      if (FULL.includes(errno) || !(error instanceof SystemError)) throw error;
      // A file that has vanished meanwhile is no failure; the next pass removes its copy.
      if (errno !== 'ENOENT' || this.system.kind(path) !== 'missing')
        this.result.refused.push({ path, error: message, errno });
    }
  }

  directory(from: string, to: string, original: Details): void {
    const { system } = this;
    const found = system.list(from);
    const wanted = new Set(found);
    for (const name of system.list(to))
      if (!wanted.has(name) || name === BESIDE)
        this.attempt(`${to}/${name}`, () => {
          this.remove(`${to}/${name}`, system.details(`${to}/${name}`));
          if (name !== BESIDE) this.result.removed++;
        });
    for (const name of found)
      this.attempt(`${from}/${name}`, () => this.entry(`${from}/${name}`, to, name));
    // This is last, because every new name in a directory changes its time.
    this.attempt(from, () => this.describe(from, to, original));
  }

  private entry(from: string, directory: string, name: string): void {
    const { system } = this;
    const [to, beside] = [`${directory}/${name}`, `${directory}/${BESIDE}`];
    if (name === BESIDE)
      throw refusal(`copy ${from}, because mountroot uses this name itself`, 'EEXIST', from);
    const original = system.details(from);
    const copy = system.kind(to) === 'missing' ? null : system.details(to);
    const entry = { from, to, beside, original, copy };
    if (original.kind === 'directory') this.subdirectory(entry);
    else this.file(entry);
  }

  private subdirectory({ from, to, original, copy }: Entry): void {
    if (original.device !== this.device)
      throw refusal(`copy ${from}, because something is mounted there`, 'EXDEV', from);
    const isUsable =
      copy?.kind === 'directory' && copy.device === this.copyDevice && !this.hasMore(from, to);
    if (copy !== null && !isUsable) this.remove(to, copy);
    // Only root can look into it before its own mode is set.
    if (this.system.kind(to) === 'missing') this.system.mkdir(to, 0o700);
    this.directory(from, to, original);
  }

  private file(entry: Entry): void {
    const { to, original, copy } = entry;
    const hasMoreNames = names(original) > 1;
    const first = hasMoreNames ? this.linked.get(original.inode) : undefined;
    const isDone =
      first !== undefined ? this.isSameFile(first, copy) : this.isUpToDate(entry, copy);
    if (!isDone) {
      if (copy?.kind === 'directory') this.remove(to, copy);
      this.put(entry, first);
    }
    // We wait until the copy exists. Otherwise, if the copy failed, the file's other names would
    // become names of the old file at this path.
    if (hasMoreNames && first === undefined) this.linked.set(original.inode, to);
  }

  /** Puts the copy in its place. @param first another name of the copy, if there is one already. */
  private put({ from, to, beside, original }: Entry, first: string | undefined): void {
    const { system, result } = this;
    // An earlier entry left it if it could not remove it.
    system.removeTree(beside);
    try {
      if (first === undefined) {
        this.make(from, beside, original);
        this.describe(from, beside, original);
      } else system.link(first, beside);
      system.rename(beside, to);
    } catch (error) {
      this.discard(beside);
      throw error;
    }
    result.files++;
    result.bytes += original.kind === 'file' && first === undefined ? original.size : 0;
    this.options.onProgress?.({ files: result.files, bytes: result.bytes });
  }

  /**
   * Removes a partial file, because an overlay would show it. A failure here is not reported,
   * because the caller reports why the file is partial. The removal is tried again before the next
   * file.
   */
  private discard(beside: string): void {
    try {
      this.system.removeTree(beside);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  }

  /**
   * Removes the obstacle at the copy's path. removeTree alone would empty a file system mounted
   * there.
   */
  private remove(path: string, { kind, device }: Details): void {
    if (kind === 'directory' && device !== this.copyDevice)
      throw refusal(`change ${path}, because something is mounted there`, 'EXDEV', path);
    this.system.removeTree(path);
  }

  private make(from: string, to: string, { kind, mode, node }: Details): void {
    const { system } = this;
    if (kind === 'file') system.copyFile(from, to, 0o600);
    else if (kind === 'symlink') system.symlink(system.readLink(from), to);
    else if (kind === 'character' || kind === 'block' || kind === 'fifo' || kind === 'socket')
      system.makeNode(to, kind, mode, node);
    else throw refusal(`copy ${from}, which is of a kind that cannot be made`, 'EINVAL', from);
  }

  /**
   * Gives the copy the owner, mode, attributes and time of the original. The owner goes before the
   * mode, because a new owner takes set-user-ID away; the time goes last.
   */
  private describe(from: string, to: string, { kind, mode, uid, gid, mtime }: Details): void {
    const { system } = this;
    const now = system.details(to);
    const hasOtherOwner = now.uid !== uid || now.gid !== gid;
    if (hasOtherOwner) system.setOwner(to, uid, gid);
    if (kind !== 'symlink' && (system.details(to).mode !== mode || hasOtherOwner))
      system.setMode(to, mode);
    this.copyAttributes(from, to);
    if (system.details(to).mtime !== mtime) system.setModified(to, mtime);
  }

  private copyAttributes(from: string, to: string): void {
    const { system, result } = this;
    const wanted = this.attributesOf(from);
    // Most files have none. A call through FFI takes kilobytes that come back only when this
    // process is idle.
    if (wanted.length === 0) return;
    const there = system.attributes(to);
    for (const [name, value] of wanted)
      if (!there.get(name)?.equals(value))
        try {
          system.setAttribute(to, name, value);
        } catch (error) {
          const isUnsupported = error instanceof SystemError && error.errno === 'EOPNOTSUPP';
          if (!isUnsupported || NEEDED.includes(name)) throw error;
          // A file without this attribute is better than no file.
          result.lost.push(`${from} has lost its attribute ${name}: ${error.message}`);
        }
  }

  private attributesOf = (path: string): [string, Buffer][] =>
    [...this.system.attributes(path)].filter(([name]) => !OF_ONE_MOUNT.includes(name));

  /** Whether the copy has attributes that the original has not: no call here removes one. */
  private hasMore(from: string, to: string): boolean {
    const wanted = new Set(this.attributesOf(from).map(([name]) => name));
    return this.attributesOf(to).some(([name]) => !wanted.has(name));
  }

  private isSameFile = (first: string, copy: Details | null): boolean =>
    copy !== null && this.system.details(first).inode === copy.inode;

  private isUpToDate({ from, to, original }: Entry, copy: Details | null): boolean {
    const { changedSince } = this.options;
    if (copy === null || changedSince === undefined || original.ctime >= changedSince) return false;
    const same = (['kind', 'size', 'mtime', 'mode', 'uid', 'gid', 'node'] as const).every(
      (key) => original[key] === copy[key],
    );
    // Names that no longer belong to one file must not do so in the copy.
    return (
      same &&
      names(original) === names(copy) &&
      (original.kind !== 'symlink' || this.system.readLink(from) === this.system.readLink(to)) &&
      this.claim(original, copy)
    );
  }

  /**
   * Whether a file is the copy of this original alone. Records that it now is. An equal number of
   * names does not mean that they are the right names.
   */
  private claim(original: Details, copy: Details): boolean {
    if (names(copy) === 1) return true;
    const owner = this.claimed.get(copy.inode) ?? original.inode;
    this.claimed.set(copy.inode, owner);
    return owner === original.inode;
  }
}
