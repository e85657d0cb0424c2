import type { Details, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

export interface CopyResult {
  /** Non-directories that were brought over in this pass. */
  files: number;
  bytes: number;
  /** Names that were in the copy and are not in the original any more. */
  removed: number;
  /** What could not be brought over, and why: one sentence each. */
  refused: { path: string; error: string }[];
}

export interface CopyOptions {
  /** When the last pass began, in nanoseconds since 1970: what changed since is copied even if it has kept its size and time. */
  changedSince?: bigint;
}

/** A file is complete under this name before it gets its own; one that is found was left by a power cut. */
const BESIDE = '.mountroot-copy';

/**
 * Overlay's notes on one mount of its own: where a file was copied up from, whether a directory holds such files, what it counts links by. In another mount they
 * would be wrong; overlay makes them anew. What stays says what the layer shows: opaque, redirect, whiteout (fs/overlayfs/overlayfs.h).
 */
const OF_ONE_MOUNT = ['origin', 'impure', 'nlink', 'upper', 'uuid'].map((name) => `trusted.overlay.${name}`);

/** Going on makes it no better. */
const FULL = ['ENOSPC', 'EDQUOT'];

/**
 * Makes one directory what another is, so that an overlay with the copy as its upper layer shows what it showed with the original: dot-files, whiteouts, opaque
 * directories, hard links, devices, owners, modes, times, extended attributes. Each name is as it was or as it is to be, never half; no symlink is
 * followed and no mount crossed. Done again it brings over only what has changed.
 * @throws {SystemError} ENOSPC and EDQUOT at once; whatever else cannot be copied is listed, and the rest is.
 */
export function copyTree(system: System, from: string, to: string, options: CopyOptions = {}): CopyResult {
  const copier = new Copier(system, system.details(from).device, options.changedSince);
  copier.directory(from, to, system.details(from));
  return copier.result;
}

/** Overlay makes all whiteouts links of one, which it keeps in the workdir (since 5.7); they have nothing in common but that. */
const names = ({ links, node }: Details): number => (node === '0:0' ? 1 : links);

class Copier {
  readonly result: CopyResult = { files: 0, bytes: 0, removed: 0, refused: [] };
  /** Inodes of several names, and the first of the copies' names. */
  private readonly linked = new Map<number, string>();

  constructor(
    private readonly system: System,
    private readonly device: number,
    private readonly since: bigint | undefined,
  ) {}

  /** Whether it was done; a failure is noted, unless nothing can go on. */
  private attempt(path: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      const { errno, message } = error as SystemError;
      if (FULL.includes(errno) || !(error instanceof SystemError)) throw error;
      // What has vanished meanwhile is for the next pass to see.
      if (errno !== 'ENOENT' || this.system.kind(path) !== 'missing') this.result.refused.push({ path, error: message });
    }
  }

  directory(from: string, to: string, original: Details): void {
    const { system } = this;
    const found = system.list(from);
    const wanted = new Set(found);
    for (const name of system.list(to))
      if (!wanted.has(name)) {
        system.removeTree(`${to}/${name}`);
        if (name !== BESIDE) this.result.removed++;
      }
    for (const name of found) this.attempt(`${from}/${name}`, () => this.entry(`${from}/${name}`, `${to}/${name}`, `${to}/${BESIDE}`));
    // Last, because everything that is made in a directory changes its time.
    this.attempt(from, () => this.describe(from, to, original));
  }

  private entry(from: string, to: string, beside: string): void {
    const { system } = this;
    if (to === beside) throw new SystemError({ what: `copy ${from}, for its name is one that mountroot uses itself`, syscall: 'copy', errno: 'EEXIST', path: from });
    const original = system.details(from);
    const copy = system.kind(to) === 'missing' ? null : system.details(to);
    if (original.kind === 'directory') {
      if (original.device !== this.device) throw new SystemError({ what: `copy ${from}, for something is mounted there`, syscall: 'copy', errno: 'EXDEV', path: from });
      if (copy !== null && (copy.kind !== 'directory' || this.hasMore(from, to))) system.removeTree(to);
      // Nobody but root looks into it before its own mode is set.
      if (system.kind(to) === 'missing') system.mkdir(to, 0o700);
      return this.directory(from, to, original);
    }
    const first = names(original) > 1 ? this.linked.get(original.inode) : undefined;
    if (names(original) > 1 && first === undefined) this.linked.set(original.inode, to);
    if (first !== undefined ? this.isSameFile(first, copy) : this.isUpToDate(from, to, original, copy)) return;
    if (copy?.kind === 'directory') system.removeTree(to);
    // Left by an entry before this one that failed half-way.
    system.removeTree(beside);
    if (first === undefined) {
      this.make(from, beside, original);
      this.describe(from, beside, original);
    } else system.link(first, beside);
    system.rename(beside, to);
    this.result.files++;
    this.result.bytes += original.kind === 'file' && first === undefined ? original.size : 0;
  }

  private make(from: string, to: string, { kind, mode, node }: Details): void {
    const { system } = this;
    if (kind === 'file') system.copyFile(from, to, 0o600);
    else if (kind === 'symlink') system.symlink(system.readLink(from), to);
    else if (kind === 'character' || kind === 'block' || kind === 'fifo' || kind === 'socket') system.makeNode(to, kind, mode, node);
    else throw new SystemError({ what: `copy ${from}, which is of a kind that cannot be made`, syscall: 'copy', errno: 'EINVAL', path: from });
  }

  /** Owner before mode, because a new owner takes set-user-ID away; time last. */
  private describe(from: string, to: string, { kind, mode, uid, gid, mtime }: Details): void {
    const { system } = this;
    const now = system.details(to);
    if (now.uid !== uid || now.gid !== gid) system.setOwner(to, uid, gid);
    if (kind !== 'symlink' && (system.details(to).mode !== mode || now.uid !== uid || now.gid !== gid)) system.setMode(to, mode);
    const there = system.attributes(to);
    for (const [name, value] of this.attributesOf(from)) if (!there.get(name)?.equals(value)) system.setAttribute(to, name, value);
    if (system.details(to).mtime !== mtime) system.setModified(to, mtime);
  }

  private attributesOf = (path: string): [string, Buffer][] => [...this.system.attributes(path)].filter(([name]) => !OF_ONE_MOUNT.includes(name));

  /** Whether the copy has attributes that the original has not: there is no call here that takes one away. */
  private hasMore(from: string, to: string): boolean {
    const wanted = new Set(this.attributesOf(from).map(([name]) => name));
    return this.attributesOf(to).some(([name]) => !wanted.has(name));
  }

  private isSameFile = (first: string, copy: Details | null): boolean => copy !== null && this.system.details(first).inode === copy.inode;

  private isUpToDate(from: string, to: string, original: Details, copy: Details | null): boolean {
    if (copy === null || this.since === undefined || original.ctime >= this.since) return false;
    const same = (['kind', 'size', 'mtime', 'mode', 'uid', 'gid', 'node'] as const).every((key) => original[key] === copy[key]);
    // Names that are no longer of one file must not stay so in the copy.
    return same && names(original) === names(copy) && (original.kind !== 'symlink' || this.system.readLink(from) === this.system.readLink(to));
  }
}
