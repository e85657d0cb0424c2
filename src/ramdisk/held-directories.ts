/**
 * Directories that are reached by descriptor. The path `/proc/self/fd/N/NAME` makes each of Node's
 * calls one of the *at family: NAME is looked up in the directory that is open, wherever that
 * directory is by now. So nobody who renames a directory of the tree, or puts a symlink in its
 * place, leads a call elsewhere. Paths have one character for each byte.
 */
import * as fs from 'node:fs';
import { DESCRIPTORS, asBytes, openPlace, openNamed, statOf } from '../system/named-place.js';

/** Tells one file from all others that exist at the same time. */
export interface Identity {
  dev: bigint;
  ino: bigint;
}

export const isSameDirectory = (one: Identity, other: Identity): boolean =>
  one.dev === other.dev && one.ino === other.ino;

const { O_NOFOLLOW } = fs.constants;
/** Node does not name it. Opening with it has no effect on a device, a FIFO or a watchdog. */
const O_PATH = 0o10000000;

/**
 * Lets `use` work on the very file that a name leads to, by a path that leads to no other. That
 * path follows no symlink, and opening it without being asked for does nothing to a device.
 */
export function withFileItself<T>(
  path: string,
  use: (itself: string, stat: fs.BigIntStats) => T,
): T {
  if (!DESCRIPTORS) return use(path, fs.lstatSync(asBytes(path), { bigint: true }));
  const fd = fs.openSync(asBytes(path), O_PATH | O_NOFOLLOW);
  try {
    return use(`/proc/self/fd/${fd}`, statOf(fd));
  } finally {
    fs.closeSync(fd);
  }
}

/** chown(2) and utimes(2) of the path that withFileItself() gives. */
export const chownItself = DESCRIPTORS ? fs.chownSync : fs.lchownSync;
export const utimesItself = DESCRIPTORS ? fs.utimesSync : fs.lutimesSync;

/** More descriptors than these are not open, however deep the tree. */
const OPEN_AT_MOST = 32;

/**
 * Opening so many directories takes minutes. No honest tree needs it, but one may be made so that
 * the way from each file to the next is long.
 */
const STEPS_AT_MOST = 10_000_000;

interface Level extends Identity {
  name: string;
  /** -1 while it is closed. */
  fd: number;
}

/** What HeldDirectories asks of its user. */
export interface TreeRecord {
  /** The identity of a directory below the top; undefined if none is recorded. */
  identityOf: (path: string) => Identity | undefined;
  /** Whether an open directory may be the one that is recorded, besides its identity. */
  accepts?: (stat: fs.BigIntStats) => boolean;
  /** A directory is not what is recorded. Ends the work. */
  changed: (path: string) => never;
}

/**
 * A walk in a tree. Each directory is opened below its parent's descriptor and must be the one that
 * was recorded. The way back is `..`, with the same check.
 */
export class HeldDirectories {
  #levels: Level[] = [];
  #steps = 0;

  readonly #top: Identity;

  /** @param top of the tree, by path. @param fd of it, which this closes. */
  constructor(
    private readonly top: string,
    fd: number,
    private readonly record: TreeRecord,
  ) {
    const { dev, ino } = statOf(fd);
    this.#top = { dev, ino };
    this.#levels.push({ name: '', dev, ino, fd });
  }

  /** A path to which `/NAME` may be added, for the directory at `path`; '' is the top. */
  at(path: string): string {
    const parts = path.split('/').slice(1);
    this.#begin();
    let common = 0;
    while (common < parts.length && this.#levels[common + 1]?.name === parts[common]) common++;
    while (this.#levels.length - 1 > common) this.#up();
    for (const part of parts.slice(common)) this.#down(part);
    return this.#here();
  }

  /** The directory at `path` itself. */
  stat(path: string): fs.BigIntStats {
    this.at(path);
    return statOf(this.#levels.at(-1)!.fd);
  }

  /** The next call opens the top again, by its path, if it is still the same. */
  close(): void {
    for (const { fd } of this.#levels.splice(0)) if (fd >= 0) fs.closeSync(fd);
  }

  #begin(): void {
    if (this.#levels.length > 0) return;
    const fd = openNamed(asBytes(this.top).toString());
    const { dev, ino } = statOf(fd);
    this.#levels.push({ name: '', dev, ino, fd });
    if (!isSameDirectory(this.#top, { dev, ino })) this.record.changed('');
  }

  #here(): string {
    if (DESCRIPTORS) return `/proc/self/fd/${this.#levels.at(-1)!.fd}`;
    return this.top + this.#path();
  }

  #path = (): string =>
    this.#levels
      .slice(1)
      .map(({ name }) => `/${name}`)
      .join('');

  #down(name: string): void {
    const path = `${this.#path()}/${name}`;
    const expected = this.record.identityOf(path);
    if (expected === undefined) this.record.changed(path);
    const { dev, ino } = expected;
    const fd = this.#open(`${this.#here()}/${name}`, expected, path);
    this.#levels.push({ name, dev, ino, fd });
    const oldest = this.#levels[this.#levels.length - OPEN_AT_MOST];
    // The top stays open: it may have been moved to where no path leads.
    if (oldest === undefined || oldest.name === '' || oldest.fd < 0) return;
    fs.closeSync(oldest.fd);
    oldest.fd = -1;
  }

  #up(): void {
    const above = this.#levels.at(-2)!;
    const back = `${this.#here()}/..`;
    const left = this.#levels.pop()!;
    try {
      if (above.fd < 0) above.fd = this.#open(back, above, this.#path());
    } finally {
      if (left.fd >= 0) fs.closeSync(left.fd);
    }
  }

  #open(at: string, expected: Identity, path: string): number {
    if (++this.#steps > STEPS_AT_MOST)
      throw new Error('it leads back and forth between directories more than any real tree');
    let fd;
    try {
      fd = openPlace(at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') this.record.changed(path);
      throw error;
    }
    const stat = statOf(fd);
    if (isSameDirectory(stat, expected) && (this.record.accepts?.(stat) ?? true)) return fd;
    fs.closeSync(fd);
    return this.record.changed(path);
  }
}
