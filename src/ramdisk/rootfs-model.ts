import { MEMBERS_AT_MOST, NAMES_AT_MOST, type CpioHeader } from './cpio.js';
import type { Member } from './member.js';

/** Directories of the archive that is built into kernels (usr/default_cpio_list). */
export const PRESENT = ['/dev', '/root'] as const;

const LINKS_AT_MOST = 40;

/**
 * The characters of all paths that are looked up. Each lookup costs as many as its path has, and an
 * archive may be made so that each member needs thousands of lookups.
 */
const LOOKED_UP_AT_MOST = 2 ** 30;

/** A file that an archive has made. Hard links are one such object under several names. */
export interface RootfsEntry {
  kind: Member['kind'];
  mode: number;
  /** The target of a symlink. */
  target: string;
}

/**
 * The tree that the kernel makes of an archive, by absolute path; paths have one character for each
 * byte. Symlinks are followed within the tree, as in the kernel's own root, so nothing leads out.
 */
export class RootfsModel<E extends RootfsEntry = RootfsEntry> {
  readonly #files = new Map<string, E>();
  readonly #links = new Map<string, string>();
  #held = 0;
  #lookedUp = 0;

  /** @param present directories that exist before. */
  constructor(present: readonly string[], directory: () => E) {
    for (const path of ['', ...present]) this.#files.set(path, directory());
  }

  /** An archive's end. */
  trailer(): void {
    this.#links.clear();
  }

  /**
   * Resolves all symlinks of a path except the last. null if its directory does not exist; the
   * kernel then makes nothing and prints nothing.
   */
  place(name: string): string | null {
    const parts = split(name);
    const last = parts.pop();
    if (last === undefined || last === '..') return null;
    const above = this.#resolve(parts);
    if (above === null || this.#files.get(above)?.kind !== 'directory') return null;
    return `${above}/${last}`;
  }

  at(path: string): E | undefined {
    return this.#files.get(path);
  }

  set(path: string, entry: E): void {
    // An entry that replaces another counts too, because its target may be longer.
    const before = this.#files.get(path);
    this.#held += entry.target.length + (before === undefined ? path.length : 0);
    this.#files.set(path, entry);
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  /** The first name of the same file (init/initramfs.c: find_link); null for the first itself. */
  earlier(
    { links, major, minor, inode }: CpioHeader,
    path: string,
    { kind }: RootfsEntry,
  ): string | null {
    if (links < 2) return null;
    const key = `${major}:${minor}:${inode}:${kind}`;
    const before = this.#links.get(key);
    if (before === undefined) this.#links.set(key, path);
    return before ?? null;
  }

  /** All files except the top. */
  *entries(): Generator<[path: string, entry: E], void> {
    for (const [path, entry] of this.#files) if (path !== '') yield [path, entry];
  }

  /** The file at a path, with all symlinks followed. */
  find(path: string): E | undefined {
    const resolved = this.#resolve(split(path));
    return resolved === null ? undefined : this.#files.get(resolved);
  }

  get size(): number {
    return this.#files.size;
  }

  /** Whether it has more files, longer names or more symlinks than any honest ramdisk. */
  get full(): boolean {
    return (
      this.#files.size > MEMBERS_AT_MOST ||
      this.#links.size > MEMBERS_AT_MOST ||
      this.#held > NAMES_AT_MOST ||
      this.#lookedUp > LOOKED_UP_AT_MOST
    );
  }

  #resolve(parts: readonly string[]): string | null {
    // The next part is the last, because shift() of a long array moves all that is left.
    const left = [...parts].reverse();
    let at = '';
    for (let links = 0; left.length > 0;) {
      const part = left.pop()!;
      if (part === '..') {
        at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
        continue;
      }
      const next = `${at}/${part}`;
      this.#lookedUp += next.length;
      const entry = this.#files.get(next);
      if (entry === undefined) return null;
      if (entry.kind !== 'symlink') at = next;
      else {
        if (++links > LINKS_AT_MOST) return null;
        if (entry.target.startsWith('/')) at = '';
        left.push(...split(entry.target).reverse());
      }
    }
    return at;
  }
}

/** Whether a name is the top directory, which already exists. */
export const isTop = (name: string): boolean => /^[./]*$/.test(name) && !name.includes('..');

const split = (path: string): string[] =>
  path.split('/').filter((part) => part !== '' && part !== '.');
