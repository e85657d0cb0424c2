import type { Details, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

export interface CopyResult {
  /** Non-directories that were brought over in this pass. */
  files: number;
  bytes: number;
  /** Names that were in the copy and are not in the original any more. */
  removed: number;
  /** What could not be brought over, and why: one sentence each. */
  refused: { path: string; error: string; errno: string }[];
  /**
   * Attributes that the copy cannot have, though all else of the file is there: one sentence each.
   */
  lost: string[];
}

export interface CopyOptions {
  /**
   * When the last pass began, in nanoseconds since 1970: what changed since is copied even if it
   * has kept its size and time, and what did not change and has the same size and time is not.
   * Without it everything is copied: nobody knows who wrote what is there already.
   */
  changedSince?: bigint;
  /** Told after each file that was brought over how many there are by now, and bytes. */
  onProgress?: (done: { files: number; bytes: number }) => void;
}

/**
 * A file is complete under this name before it gets its own; one that is found was left by a power
 * cut.
 */
const BESIDE = '.mountroot-copy';

/**
 * Overlay's notes on one mount of its own (fs/overlayfs/overlayfs.h): where a file was copied up
 * from, by a handle and the number of a file system (origin), whether a directory holds such files
 * (impure), what links are counted by (nlink), what an index entry stands for (upper), which
 * overlay it is (uuid). In another mount they would be wrong; overlay makes them anew, or does
 * without. All others travel, for they say what the layer shows: opaque, redirect, metacopy (the
 * data is the lower file's, found by name or redirect, never by origin), whiteout and whiteouts
 * (6.7), protattr (immutable and append-only, 5.14).
 */
const OF_ONE_MOUNT = ['origin', 'impure', 'nlink', 'upper', 'uuid'].map(
  (name) => `trusted.overlay.${name}`,
);

/** Where the content is: a file without these would be another one. */
const NEEDED = ['redirect', 'metacopy'].map((name) => `trusted.overlay.${name}`);

/** Going on makes it no better. */
const FULL = ['ENOSPC', 'EDQUOT'];

/**
 * Makes one directory what another is, so that an overlay with the copy as its upper layer shows
 * what it showed with the original: dot-files, whiteouts, opaque directories, hard links, devices,
 * owners, modes, times, extended attributes. Each name is as it was or as it is to be, never half;
 * no symlink is followed and no mount crossed, by the number of the file system (a bind mount of
 * the same one cannot be told). Done again it brings over only what has changed.
 * @throws {SystemError} ENOSPC and EDQUOT at once, ENOTDIR where one of the two is no directory;
 *   whatever else cannot be copied is listed, and the rest is.
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

/** Also a symlink to a directory is none. */
function directoryAt(system: System, path: string): Details {
  const details = system.details(path);
  if (details.kind !== 'directory')
    throw new SystemError({
      what: `copy from or to ${path}, for it is a ${details.kind}`,
      syscall: 'copy',
      errno: 'ENOTDIR',
      path,
    });
  return details;
}

/**
 * Overlay makes all whiteouts links of one, which it keeps in the workdir (since 5.7); they have
 * nothing in common but that.
 */
const names = ({ links, node }: Details): number => (node === '0:0' ? 1 : links);

class Copier {
  readonly result: CopyResult = { files: 0, bytes: 0, removed: 0, refused: [], lost: [] };
  /** Inodes of several names, and the first of the copies' names. */
  private readonly linked = new Map<number, string>();
  /**
   * Inodes of several names among the copies that were up to date, and the inodes they are copies
   * of.
   */
  private readonly claimed = new Map<number, number>();

  constructor(
    private readonly system: System,
    private readonly device: number,
    private readonly copyDevice: number,
    private readonly options: CopyOptions,
  ) {}

  /** Whether it was done; a failure is noted, unless nothing can go on. */
  private attempt(path: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      const { errno, message } = error as SystemError;
      if (FULL.includes(errno) || !(error instanceof SystemError)) throw error;
      // What has vanished meanwhile is for the next pass to see.
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
      this.attempt(`${from}/${name}`, () =>
        this.entry(`${from}/${name}`, `${to}/${name}`, `${to}/${BESIDE}`),
      );
    // Last, because everything that is made in a directory changes its time.
    this.attempt(from, () => this.describe(from, to, original));
  }

  private entry(from: string, to: string, beside: string): void {
    const { system } = this;
    if (to === beside)
      throw new SystemError({
        what: `copy ${from}, for its name is one that mountroot uses itself`,
        syscall: 'copy',
        errno: 'EEXIST',
        path: from,
      });
    const original = system.details(from);
    const copy = system.kind(to) === 'missing' ? null : system.details(to);
    if (original.kind === 'directory') {
      if (original.device !== this.device)
        throw new SystemError({
          what: `copy ${from}, for something is mounted there`,
          syscall: 'copy',
          errno: 'EXDEV',
          path: from,
        });
      if (
        copy !== null &&
        (copy.kind !== 'directory' || copy.device !== this.copyDevice || this.hasMore(from, to))
      )
        this.remove(to, copy);
      // Nobody but root looks into it before its own mode is set.
      if (system.kind(to) === 'missing') system.mkdir(to, 0o700);
      return this.directory(from, to, original);
    }
    const first = names(original) > 1 ? this.linked.get(original.inode) : undefined;
    if (
      first !== undefined
        ? !this.isSameFile(first, copy)
        : !this.isUpToDate(from, to, original, copy)
    ) {
      if (copy?.kind === 'directory') this.remove(to, copy);
      this.bring(from, to, beside, original, first);
    }
    // Not before it is there: other names of a file that could not be copied would become names of
    // what stood here until now.
    if (names(original) > 1 && first === undefined) this.linked.set(original.inode, to);
  }

  private bring(
    from: string,
    to: string,
    beside: string,
    original: Details,
    first: string | undefined,
  ): void {
    const { system, result } = this;
    // Left by an entry before this one, where it could not be discarded.
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
   * An overlay would show it. That it cannot be removed either is no news beside why it is half
   * made; it is tried again before the next.
   */
  private discard(beside: string): void {
    try {
      this.system.removeTree(beside);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  }

  /**
   * Removes what is in the copy's way; removeTree by itself would empty what is mounted right
   * there.
   */
  private remove(path: string, { kind, device }: Details): void {
    if (kind === 'directory' && device !== this.copyDevice)
      throw new SystemError({
        what: `change ${path}, for something is mounted there`,
        syscall: 'copy',
        errno: 'EXDEV',
        path,
      });
    this.system.removeTree(path);
  }

  private make(from: string, to: string, { kind, mode, node }: Details): void {
    const { system } = this;
    if (kind === 'file') system.copyFile(from, to, 0o600);
    else if (kind === 'symlink') system.symlink(system.readLink(from), to);
    else if (kind === 'character' || kind === 'block' || kind === 'fifo' || kind === 'socket')
      system.makeNode(to, kind, mode, node);
    else
      throw new SystemError({
        what: `copy ${from}, which is of a kind that cannot be made`,
        syscall: 'copy',
        errno: 'EINVAL',
        path: from,
      });
  }

  /** Owner before mode, because a new owner takes set-user-ID away; time last. */
  private describe(from: string, to: string, { kind, mode, uid, gid, mtime }: Details): void {
    const { system } = this;
    const now = system.details(to);
    if (now.uid !== uid || now.gid !== gid) system.setOwner(to, uid, gid);
    if (
      kind !== 'symlink' &&
      (system.details(to).mode !== mode || now.uid !== uid || now.gid !== gid)
    )
      system.setMode(to, mode);
    const wanted = this.attributesOf(from);
    // Most files have none, and a call that goes through FFI takes kilobytes that come back only
    // when this process is idle.
    const there = wanted.length > 0 ? system.attributes(to) : new Map<string, Buffer>();
    for (const [name, value] of wanted)
      if (!there.get(name)?.equals(value))
        try {
          system.setAttribute(to, name, value);
        } catch (error) {
          if (
            !(error instanceof SystemError) ||
            error.errno !== 'EOPNOTSUPP' ||
            NEEDED.includes(name)
          )
            throw error;
          // A file without a note of it is worth more than none.
          this.result.lost.push(`${from} has lost its attribute ${name}: ${error.message}`);
        }
    if (system.details(to).mtime !== mtime) system.setModified(to, mtime);
  }

  private attributesOf = (path: string): [string, Buffer][] =>
    [...this.system.attributes(path)].filter(([name]) => !OF_ONE_MOUNT.includes(name));

  /**
   * Whether the copy has attributes that the original has not: there is no call here that takes one
   * away.
   */
  private hasMore(from: string, to: string): boolean {
    const wanted = new Set(this.attributesOf(from).map(([name]) => name));
    return this.attributesOf(to).some(([name]) => !wanted.has(name));
  }

  private isSameFile = (first: string, copy: Details | null): boolean =>
    copy !== null && this.system.details(first).inode === copy.inode;

  private isUpToDate(from: string, to: string, original: Details, copy: Details | null): boolean {
    const { changedSince } = this.options;
    if (copy === null || changedSince === undefined || original.ctime >= changedSince) return false;
    const same = (['kind', 'size', 'mtime', 'mode', 'uid', 'gid', 'node'] as const).every(
      (key) => original[key] === copy[key],
    );
    // Names that are no longer of one file must not stay so in the copy.
    return (
      same &&
      names(original) === names(copy) &&
      (original.kind !== 'symlink' || this.system.readLink(from) === this.system.readLink(to)) &&
      this.claim(original, copy)
    );
  }

  /**
   * Whether the copy is a copy of this file alone, and from now on it is: as many names as the
   * original may still be the wrong ones.
   */
  private claim(original: Details, copy: Details): boolean {
    if (names(copy) === 1) return true;
    const owner = this.claimed.get(copy.inode) ?? original.inode;
    this.claimed.set(copy.inode, owner);
    return owner === original.inode;
  }
}
