import type { MountFlag } from './flags.js';

/** What lstat(2) finds at a path: never what a symlink points to. */
export type PathKind = 'missing' | 'directory' | 'file' | 'symlink' | 'block' | 'character' | 'other';

/** The reading half of the door to the kernel: all that facts, plans, dry runs and reports may use. It can change nothing. */
export interface Reader {
  /** Whole text of a file. @throws {SystemError} as open(2) and read(2). */
  readText(path: string): string;
  /** Up to `length` bytes from `offset`, fewer at the end. @throws {SystemError} as open(2) and pread(2). */
  readBytes(path: string, offset: number, length: number): Uint8Array;
  /** @throws {SystemError} for anything but ENOENT and ENOTDIR, which are `missing`. */
  kind(path: string): PathKind;
  /** Names in a directory, sorted. @throws {SystemError} as opendir(3). */
  list(path: string): string[];
  /** Sizes in bytes, as statfs(2). */
  space(path: string): { total: number; free: number };
}

/**
 * The whole door: a dozen verbs, each one system call but where said. Every one throws a SystemError and nothing else.
 * Tenants: `ffi` (the real kernel) and `dry-run` (writes down what would be called).
 */
export interface System extends Reader {
  /** mount(2); `null` is the NULL pointer. */
  mount(source: string | null, target: string, fstype: string | null, flags: readonly MountFlag[], data: string | null): void;
  /** umount2(2) without flags: a lazy unmount would only hide that something still uses the mount. */
  umount(target: string): void;
  /** pivot_root(2). */
  pivotRoot(newRoot: string, putOld: string): void;
  chdir(path: string): void;
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  /** Creates a file that must not exist (O_CREAT|O_EXCL|O_NOFOLLOW, so not through a symlink either) and writes it. */
  create(path: string, content: string, mode: number): void;
  /** Removes a tree without following symlinks or crossing a mount; a missing one is no error. Many system calls. */
  removeTree(path: string): void;
}
