/** Finds the files and directories that a person named, so that nobody else chooses them. */
import * as fs from 'node:fs';
import { resolve } from 'node:path';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/** A workstation that is not Linux has none, and there names are reached by path. */
export const DESCRIPTORS = fs.existsSync('/proc/self/fd');

/** Paths of files have one character for each byte. */
export const asBytes = (path: string): Buffer => Buffer.from(path, 'latin1');

export const openPlace = (path: string): number =>
  fs.openSync(asBytes(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);

export const statOf = (fd: number): fs.BigIntStats => fs.fstatSync(fd, { bigint: true });

export const isRoot = (): boolean => process.geteuid?.() === 0;

/** A name in the directory that has it. Whoever gets it closes `folder`. */
export interface NamedPlace {
  folder: number;
  name: string;
  /** The path by which calls reach it. */
  at: string;
  /** The file there, which is no symlink; null if there is none. */
  stat: fs.BigIntStats | null;
}

const OTHERS_MAY_WRITE = 0o022n;
const STICKY = 0o1000n;
const LINKS_AT_MOST = 40;

/** Whether only root can have put the symlink there. */
function isTrusted(link: fs.BigIntStats, folder: fs.BigIntStats): boolean {
  if (folder.uid !== 0n) return false;
  return (
    (folder.mode & OTHERS_MAY_WRITE) === 0n || ((folder.mode & STICKY) !== 0n && link.uid === 0n)
  );
}

function lstatOrNull(path: string): fs.BigIntStats | null {
  return fs.lstatSync(asBytes(path), { bigint: true, throwIfNoEntry: false }) ?? null;
}

const partsOf = (path: string): string[] =>
  path.split('/').filter((part) => part !== '' && part !== '.');

/** The way to a named file, directory by directory. */
class WayToFile {
  folder = openPlace('/');
  readonly left: string[];
  #links = 0;

  constructor(path: string) {
    this.left = partsOf(path);
  }

  at = (name: string): string => `/proc/self/fd/${this.folder}/${name}`;

  enter(path: string): void {
    const next = openPlace(path);
    fs.closeSync(this.folder);
    this.folder = next;
  }

  follow(name: string, link: fs.BigIntStats): void {
    if (isRoot() && !isTrusted(link, statOf(this.folder)))
      throw new Error(
        `${asBytes(name).toString()} is a symlink that another user may have put there, and root ` +
          'does not follow it; name the place that it leads to',
      );
    if (++this.#links > LINKS_AT_MOST) throw new Error('it leads through too many symlinks');
    const target = fs.readlinkSync(asBytes(this.at(name)), 'latin1');
    this.left.unshift(...partsOf(target));
    if (target.startsWith('/')) this.enter('/');
  }

  /** @returns null for a step on the way. */
  step(): NamedPlace | null {
    const name = this.left.shift() ?? '.';
    const at = this.at(name);
    const stat = name === '..' ? null : lstatOrNull(at);
    if (stat?.isSymbolicLink()) this.follow(name, stat);
    else if (this.left.length === 0 && name !== '..')
      return { folder: this.folder, name, at, stat };
    else this.enter(at);
    return null;
  }
}

function byPath(path: string): NamedPlace {
  const real = fs.existsSync(path) ? fs.realpathSync(path) : path;
  const at = Buffer.from(real).toString('latin1');
  const slash = at.lastIndexOf('/');
  const folder = openPlace(fs.realpathSync(at.slice(0, slash) || '/'));
  return { folder, name: at.slice(slash + 1), at, stat: lstatOrNull(at) };
}

/**
 * Goes to a path from directory to directory, by descriptor. Root follows a symlink only where
 * nobody else can have put it.
 * @throws as openat(2), and for a symlink that may be a trap.
 */
export function findNamed(path: string): NamedPlace {
  if (!DESCRIPTORS) return byPath(resolve(path));
  const way = new WayToFile(Buffer.from(resolve(path)).toString('latin1'));
  try {
    for (;;) {
      const found = way.step();
      if (found !== null) return found;
    }
  } catch (error) {
    fs.closeSync(way.folder);
    throw error;
  }
}

/** Opens a directory that a person named. @throws as findNamed(). */
export function openNamed(path: string): number {
  const { folder, at } = findNamed(path);
  try {
    return openPlace(at);
  } finally {
    fs.closeSync(folder);
  }
}

/** @throws as root without /proc. */
export function needDescriptors(what: string): void {
  if (isRoot() && !DESCRIPTORS)
    throw new Error(
      `cannot ${what} as root without /proc, because only /proc/self/fd keeps names from leading ` +
        'elsewhere while other users rename directories; mount /proc, or do this as another user',
    );
}
