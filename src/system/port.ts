import type { Details, PathKind } from './details.js';
import type { MountFlag } from './flags.js';
import type { TreeDoor } from './tree-door.js';

export type { Details, PathKind } from './details.js';

/**
 * The reading half of a System. Facts, plans, dry runs and reports get only this, so they can
 * change nothing.
 */
export interface Reader {
  /** The whole text of a file. @throws {SystemError} as open(2) and read(2). */
  readText(path: string): string;
  /**
   * `length` bytes from `offset`, fewer only at the end; in `room`, if it is given, which has so
   * many bytes: new memory is freed late. @throws {SystemError} as open(2) and pread(2).
   */
  readBytes(path: string, offset: number, length: number, room?: Uint8Array): Uint8Array;
  /** The path with all symlinks resolved. @throws {SystemError} as realpath(3). */
  realPath(path: string): string;
  /** The target of a symlink. @throws {SystemError} as readlink(2), EINVAL for anything else. */
  readLink(path: string): string;
  /** @throws {SystemError} for anything but ENOENT and ENOTDIR, which are `missing`. */
  kind(path: string): PathKind;
  /** @throws {SystemError} as lstat(2). */
  details(path: string): Details;
  /** Names in a directory, sorted. @throws {SystemError} as opendir(3). */
  list(path: string): string[];
  /**
   * statfs(2): sizes in bytes, the magic number of the file system, and its inodes if their number
   * is fixed.
   */
  space(path: string): {
    total: number;
    free: number;
    type: number;
    inodes?: { total: number; free: number };
  };
}

/** The calls for a faithful copy of a tree, besides names and contents. They follow no symlink. */
export interface TreeSystem {
  rename(from: string, to: string): void;
  /** symlink(2): EEXIST if the path exists. */
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
   * Copies a file's bytes to a new file, which is on stable storage (fsync(2)) when this returns.
   * EEXIST if the path exists.
   */
  copyFile(from: string, to: string, mode: number): void;
  /** lchown(2). */
  setOwner(path: string, uid: number, gid: number): void;
  /** chmod(2), but EOPNOTSUPP for a symlink. */
  setMode(path: string, mode: number): void;
  /** utimensat(2) of the modification time, nanoseconds since 1970. */
  setModified(path: string, mtime: bigint): void;
  /**
   * Extended attributes by name, of all namespaces that the caller may see; empty on a file system
   * without them.
   */
  attributes(path: string): Map<string, Buffer>;
  setAttribute(path: string, name: string, value: Buffer): void;
}

/** Flash through the mtd and UBI drivers, disks through loop devices, and the makers of both. */
interface FlashSystem {
  /**
   * Erases one block through the character device (MEMUNLOCK for a chip that starts locked,
   * MEMERASE; include/uapi/mtd/mtd-abi.h). Returns false for a bad block of NAND, which it skips.
   * @throws {SystemError} EIO for a block that cannot be erased, EROFS or EACCES for a
   * write-protected partition.
   */
  eraseBlock(device: string, start: number, length: number): boolean;
  /** Writes bytes into erased flash through the character device. */
  writeFlash(device: string, offset: number, bytes: Uint8Array): void;
  /**
   * Shows a disk from an offset on as a loop device (LOOP_CTL_GET_FREE, LOOP_SET_FD,
   * LOOP_SET_STATUS64; include/uapi/linux/loop.h), and returns its name, `loop0`. The kernel frees
   * it when this process has ended and nothing on it is mounted. Several system calls.
   */
  attachLoop(disk: string, offset: number): string;
  /**
   * Runs a program without a shell and without input or output, and waits for it. Returns its exit
   * status. @throws {SystemError} if it cannot be run.
   */
  run(program: string, args: readonly string[]): number;
  /** UBI_IOCATT on /dev/ubi_ctrl (include/uapi/mtd/ubi-user.h); the driver chooses the number. */
  attachUbi(mtd: number): void;
  /**
   * Erases one logical block of a UBI volume, and waits for that (UBI_IOCEBISMAP, UBI_IOCEBER;
   * include/uapi/mtd/ubi-user.h). Returns false if nothing was mapped there.
   * @throws {SystemError} EBUSY if the volume is in use, EROFS if it cannot be written.
   */
  eraseUbiBlock(device: string, leb: number): boolean;
}

/**
 * The only interface to the kernel. Each verb is one system call unless its comment says otherwise,
 * and throws only SystemError. Implementations: `ffi` (the real kernel), `dry-run` (lists the
 * calls), `model` (a kernel in memory).
 */
export interface System extends Reader, TreeSystem, FlashSystem {
  /** Trees by descriptor. */
  readonly tree: TreeDoor;
  /** mount(2); `null` is the NULL pointer. */
  mount(
    source: string | null,
    target: string,
    fstype: string | null,
    flags: readonly MountFlag[],
    data: string | null,
  ): void;
  /**
   * umount2(2). `lazy` (MNT_DETACH) hides the mount now, and the kernel unmounts it when nobody
   * uses it any more.
   */
  umount(target: string, lazy?: boolean): void;
  /** pivot_root(2). */
  pivotRoot(newRoot: string, putOld: string): void;
  /**
   * Makes a mounted directory `/` from an initramfs, where pivot_root(2) cannot: chdir(2), mount(2)
   * of `.` onto `/` with MS_MOVE, chroot(2), chdir(2). After a failure the root is as before. It
   * changes the root of this process and its children only. Returns a path through which the old
   * root can still be reached.
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
   * and writes it. It is on stable storage when this returns, because many file systems accept data
   * that their device then refuses.
   */
  create(path: string, content: string | Buffer, mode: number): void;
  /**
   * Replaces a file atomically: writes a file beside it, then fsync(2), rename(2) and fsync of the
   * directory. Several system calls.
   */
  replace(path: string, content: string, mode: number): void;
  /**
   * Replaces anything except a directory by a symlink, atomically: makes it beside the path, then
   * rename(2) and fsync of the directory. Several system calls.
   */
  replaceLink(target: string, path: string): void;
  /**
   * Removes a tree by descriptor, without following symlinks or crossing a mount: what is below a
   * mount stays, and so do the directories above it, and the error is EXDEV. A missing tree is no
   * error. Many system calls.
   */
  removeTree(path: string): void;
  /** syncfs(2) of the file system that holds the path. */
  syncfs(path: string): void;
  /**
   * renameat2(2) with RENAME_WHITEOUT, which overlay needs from its upper file system; EINVAL if
   * the file system lacks it.
   */
  renameLeavingWhiteout(from: string, to: string): void;
  /** renameat2(2) with RENAME_EXCHANGE, which overlay needs too: two names change places. */
  exchange(one: string, other: string): void;
  /** mmap(2) of a file for shared writing, for a moment; EINVAL if the file system refuses it. */
  mapShared(path: string): void;
  /**
   * flock(2) on a file, which is created if it is missing. The lock is held until this process
   * ends. Returns false when another process holds it.
   */
  lock(path: string): boolean;
  /** Blocks this process for this time. */
  sleep(milliseconds: number): void;
  /**
   * Announces a call that may take long. Until a call with null, a thread writes `text` and the
   * elapsed time to the kernel log every few seconds, and feeds the watchdog that `watchdog`
   * opened.
   */
  during(text: string | null): void;
  /**
   * Opens a watchdog device, which is fed from now on; null disarms and closes it (magic close).
   */
  watchdog(device: string | null): void;
}
