import type { MountFlag } from './flags.js';

/** What lstat(2) finds at a path: never what a symlink points to. */
export type PathKind =
  | 'missing'
  | 'directory'
  | 'file'
  | 'symlink'
  | 'block'
  | 'character'
  | 'fifo'
  | 'socket'
  | 'other';

/** lstat(2), as far as anybody here needs it. */
export interface Details {
  kind: PathKind;
  /** Permissions with set-user-ID, set-group-ID and sticky bit: 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes. */
  size: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  ctime: bigint;
  /** Number of the file system and of the file in it; two names of one file have both in common. */
  device: number;
  inode: number;
  links: number;
  /** `major:minor` of a device node, else ''. A whiteout is the character device 0:0. */
  node: string;
}

/**
 * The reading half of the door to the kernel: all that facts, plans, dry runs and reports may use.
 * It can change nothing.
 */
export interface Reader {
  /** Whole text of a file. @throws {SystemError} as open(2) and read(2). */
  readText(path: string): string;
  /**
   * Up to `length` bytes from `offset`, fewer at the end. @throws {SystemError} as open(2) and
   * pread(2).
   */
  readBytes(path: string, offset: number, length: number): Uint8Array;
  /** The path behind all symlinks. @throws {SystemError} as realpath(3). */
  realPath(path: string): string;
  /** What a symlink says. @throws {SystemError} as readlink(2), EINVAL for what is no symlink. */
  readLink(path: string): string;
  /** @throws {SystemError} for anything but ENOENT and ENOTDIR, which are `missing`. */
  kind(path: string): PathKind;
  /** @throws {SystemError} as lstat(2). */
  details(path: string): Details;
  /** Names in a directory, sorted. @throws {SystemError} as opendir(3). */
  list(path: string): string[];
  /**
   * Sizes in bytes, the magic number of the file system, and the inodes where it has a number of
   * them, as statfs(2).
   */
  space(path: string): {
    total: number;
    free: number;
    type: number;
    inodes?: { total: number; free: number };
  };
}

/** What a whole tree's fidelity needs beyond names and contents. Nothing here follows a symlink. */
export interface TreeSystem {
  rename(from: string, to: string): void;
  /** symlink(2): EEXIST where something stands. */
  symlink(target: string, path: string): void;
  /** link(2). */
  link(existing: string, path: string): void;
  /**
   * mknod(2) of a device node, FIFO or socket; `node` is `major:minor` for devices, '' otherwise.
   */
  makeNode(
    path: string,
    type: 'character' | 'block' | 'fifo' | 'socket',
    mode: number,
    node: string,
  ): void;
  /**
   * A new file with the bytes of another, on stable storage when it returns (fsync(2)); EEXIST
   * where something stands.
   */
  copyFile(from: string, to: string, mode: number): void;
  /** lchown(2). */
  setOwner(path: string, uid: number, gid: number): void;
  /** chmod(2) of what is no symlink (EOPNOTSUPP for one). */
  setMode(path: string, mode: number): void;
  /** utimensat(2) of the modification time, nanoseconds since 1970. */
  setModified(path: string, mtime: bigint): void;
  /**
   * Extended attributes by name, all namespaces the caller may see; a file system without them has
   * none.
   */
  attributes(path: string): Map<string, Buffer>;
  setAttribute(path: string, name: string, value: Buffer): void;
}

/** Flash, as the mtd and UBI drivers offer it. */
interface FlashSystem {
  /**
   * Erases one block through the character device (MEMUNLOCK where the chip starts locked,
   * MEMERASE; include/uapi/mtd/mtd-abi.h). Bad blocks of NAND are left out: returns false for one.
   * @throws {SystemError} EIO for a block that will not be erased, EROFS or EACCES for a
   * write-protected partition.
   */
  eraseBlock(device: string, start: number, length: number): boolean;
  /** Writes bytes into erased flash through the character device. */
  writeFlash(device: string, offset: number, bytes: Uint8Array): void;
  /**
   * UBI_IOCATT on /dev/ubi_ctrl (include/uapi/mtd/ubi-user.h), with the driver's own choice of
   * number.
   */
  attachUbi(mtd: number): void;
}

/**
 * The whole door. Each verb is one system call but where said, and every one throws a SystemError
 * and nothing else. Tenants: `ffi` (the real kernel), `dry-run` (writes down what would be called),
 * `model` (a kernel in memory).
 */
export interface System extends Reader, TreeSystem, FlashSystem {
  /** mount(2); `null` is the NULL pointer. */
  mount(
    source: string | null,
    target: string,
    fstype: string | null,
    flags: readonly MountFlag[],
    data: string | null,
  ): void;
  /**
   * umount2(2). `lazy` (MNT_DETACH) only hides the mount until nobody uses it any more: for what
   * cannot be in the way again.
   */
  umount(target: string, lazy?: boolean): void;
  /** pivot_root(2). */
  pivotRoot(newRoot: string, putOld: string): void;
  /**
   * Makes a mounted directory `/` where pivot_root(2) cannot, from an initramfs: chdir(2), mount(2)
   * of `.` onto `/` with MS_MOVE, chroot(2), chdir(2); what fails is taken back. Concerns this
   * process alone and those it becomes or makes. Returns a path through which the old root can
   * still be reached.
   */
  switchRoot(newRoot: string): string;
  /** execve(2): returns only by throwing. `args` without the program's own name. */
  execve(path: string, args: readonly string[], env: Record<string, string | undefined>): void;
  chdir(path: string): void;
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  /**
   * Creates a file that must not exist (O_CREAT|O_EXCL|O_NOFOLLOW, so not through a symlink either)
   * and writes it, on stable storage when it returns: many a file system takes what its device then
   * refuses.
   */
  create(path: string, content: string, mode: number): void;
  /**
   * Puts a file in the place of another, whole or not at all: written beside it, fsync(2),
   * rename(2), fsync of the directory. Several system calls.
   */
  replace(path: string, content: string, mode: number): void;
  /**
   * A symlink in the place of whatever non-directory has its name, whole or not at all: made beside
   * it, rename(2), fsync of the directory.
   */
  replaceLink(target: string, path: string): void;
  /**
   * Removes a tree without following symlinks or crossing a mount; a missing one is no error. Many
   * system calls.
   */
  removeTree(path: string): void;
  /** syncfs(2) of the file system that holds the path. */
  syncfs(path: string): void;
  /**
   * renameat2(2) with RENAME_WHITEOUT, which overlay needs of its upper file system: EINVAL where
   * it lacks it.
   */
  renameLeavingWhiteout(from: string, to: string): void;
  /** The same with RENAME_EXCHANGE, which overlay needs too: two names change places. */
  exchange(one: string, other: string): void;
  /**
   * flock(2) on a file, made where it is missing and held until this process ends; false when
   * another process holds it.
   */
  lock(path: string): boolean;
  /** Waits; nothing else of this process runs meanwhile. */
  sleep(milliseconds: number): void;
  /**
   * While one call keeps this process busy, a thread says `text` and for how long on the kernel log
   * every few seconds, and feeds the watchdog that `watchdog` opened. null ends it.
   */
  during(text: string | null): void;
  /** Opens a watchdog device to be fed from now on; null disarms and closes it (magic close). */
  watchdog(device: string | null): void;
}
