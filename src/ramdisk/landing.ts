/** Makes the files of an archive below a directory, by descriptor. */
import * as fs from 'node:fs';
import type { System } from '../system/port.js';
import {
  HeldDirectories,
  chownItself,
  isSameDirectory,
  utimesItself,
  withFileItself,
  type Identity,
} from './held-directories.js';
import { kindOfMode, type Member } from './member.js';
import { DESCRIPTORS, asBytes, statOf } from '../system/named-place.js';

/** Somebody else changes the tree meanwhile. */
export class TreeChanged extends Error {
  override name = 'TreeChanged';

  constructor(readonly path: string) {
    super('somebody else changed it meanwhile');
  }
}

/** What a file gets when it is complete. */
interface Properties {
  uid: number;
  gid: number;
  mode: number;
  /** Seconds since 1970. */
  mtime: number;
}

export interface LandingOptions {
  /** Whether chown(2) to other owners is possible. */
  privileged: boolean;
  /** mknod(2); null if it cannot be called. */
  makeNode: System['makeNode'] | null;
  /** The identity of a directory that was made. */
  identityOf: (path: string) => Identity | undefined;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

const SPECIAL = 0o6000;

/** Until the whole tree is there, nobody else comes into it. */
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

export class Landing {
  readonly #held: HeldDirectories;

  /** @param fd of the top, which this closes. */
  constructor(
    top: string,
    fd: number,
    private readonly options: LandingOptions,
  ) {
    this.#held = new HeldDirectories(top, fd, {
      identityOf: options.identityOf,
      accepts: this.#isOurs,
      changed: (path) => {
        throw new TreeChanged(path);
      },
    });
  }

  close(): void {
    this.#held.close();
  }

  /**
   * Root keeps all files until the end, and nobody else can make one that belongs to root. The
   * number of an inode alone tells less, because the next file may get that of a removed one.
   */
  #isOurs = ({ uid }: fs.BigIntStats): boolean =>
    !this.options.privileged || uid === BigInt(process.geteuid?.() ?? uid);

  #at = (path: string): string => `${this.#held.at(folderOf(path))}/${nameOf(path)}`;

  /** Checks that a new file was made by this process. */
  #fresh(path: string, kind: Member['kind']): Identity {
    const { dev } = this.#held.stat(folderOf(path));
    return this.#withFile(path, (_, stat) => {
      const made =
        kindOfMode(Number(stat.mode)) === kind &&
        stat.dev === dev &&
        (kind === 'directory' || stat.nlink === 1n);
      if (!made) throw new TreeChanged(path);
      return { dev, ino: stat.ino };
    });
  }

  directory(path: string): Identity {
    fs.mkdirSync(asBytes(this.#at(path)), { mode: PRIVATE_DIRECTORY });
    return this.#fresh(path, 'directory');
  }

  symlink(target: string, path: string): Identity {
    fs.symlinkSync(asBytes(target), asBytes(this.#at(path)));
    return this.#fresh(path, 'symlink');
  }

  /** @param node major and minor number, with a colon. @returns null if this may not make it. */
  node(
    path: string,
    kind: 'character' | 'block' | 'fifo' | 'socket',
    node: string,
  ): Identity | null {
    const { makeNode, privileged } = this.options;
    const file = asBytes(this.#at(path));
    if (makeNode === null || !privileged || !Buffer.from(file.toString()).equals(file)) return null;
    try {
      makeNode(file.toString(), kind, PRIVATE_FILE, node);
    } catch (error) {
      // Root in a container may not make device nodes.
      if ((error as { errno?: unknown }).errno === 'EPERM') return null;
      throw error;
    }
    return this.#fresh(path, kind);
  }

  create(path: string): { fd: number; id: Identity } {
    const way = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const fd = fs.openSync(asBytes(this.#at(path)), way, PRIVATE_FILE);
    const { dev, ino } = statOf(fd);
    return { fd, id: { dev, ino } };
  }

  /** Opens a file that was made before, for writing. */
  reopen(path: string, id: Identity): number {
    return this.#itself(path, id, 'file', (file) => fs.openSync(asBytes(file), O_WRONLY));
  }

  link(earlier: string, path: string, { id, kind }: { id: Identity; kind: Member['kind'] }): void {
    // Both directories are open only if one is the other, or is on the way to it. The first one is
    // held by a descriptor of its own.
    const folder = fs.openSync(asBytes(`${this.#held.at(folderOf(earlier))}/.`), 'r');
    try {
      const from = DESCRIPTORS ? `/proc/self/fd/${folder}/${nameOf(earlier)}` : this.#at(earlier);
      fs.linkSync(asBytes(from), asBytes(this.#at(path)));
    } finally {
      fs.closeSync(folder);
    }
    this.#itself(path, id, kind, () => undefined);
  }

  remove(path: string, kind: Member['kind']): void {
    const at = asBytes(this.#at(path));
    if (kind === 'directory') fs.rmdirSync(at);
    else fs.unlinkSync(at);
  }

  /** Sets owner, mode and time. @returns false if the owner cannot be set. */
  settle(path: string, id: Identity, kind: Member['kind'], how: Properties): boolean {
    return this.#itself(path, id, kind, (file) => {
      const owned = this.#give(() => chownItself(asBytes(file), how.uid, how.gid));
      if (kind !== 'symlink') fs.chmodSync(asBytes(file), this.#modeOf(how.mode, owned));
      utimesItself(asBytes(file), how.mtime, how.mtime);
      return owned;
    });
  }

  /** A program that root could not give away must not run as root. */
  #modeOf = (mode: number, owned: boolean): number =>
    owned || !this.options.privileged ? mode : mode & ~SPECIAL;

  /** @returns false if the owner cannot be set. EINVAL means that a container does not map it. */
  #give(chown: () => void): boolean {
    if (!this.options.privileged) return false;
    try {
      chown();
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EPERM' && code !== 'EINVAL') throw error;
      return false;
    }
  }

  #itself<T>(path: string, id: Identity, kind: Member['kind'], use: (file: string) => T): T {
    return this.#withFile(path, (file, stat) => {
      if (!isSameDirectory(stat, id) || kindOfMode(Number(stat.mode)) !== kind)
        throw new TreeChanged(path);
      return use(file);
    });
  }

  #withFile<T>(path: string, use: (file: string, stat: fs.BigIntStats) => T): T {
    const at = this.#at(path);
    let found = false;
    try {
      return withFileItself(at, (file, stat) => {
        found = true;
        if (!this.#isOurs(stat)) throw new TreeChanged(path);
        return use(file, stat);
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw !found && code === 'ENOENT' ? new TreeChanged(path) : error;
    }
  }
}
