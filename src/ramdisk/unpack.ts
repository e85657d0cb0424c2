import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import { MEMBERS_AT_MOST, type CpioHeader } from './cpio.js';
import type { Sink } from './cpio-machine.js';
import type { Identity } from './held-directories.js';
import { Landing, TreeChanged, type LandingOptions } from './landing.js';
import { kindOfMode, type Member } from './member.js';
import { needDescriptors, openNamed } from '../system/named-place.js';
import { inOctal } from '../text/printable.js';
import { withoutPath } from '../text/without-path.js';
import { PRESENT, RootfsModel, isTop, type RootfsEntry } from './rootfs-model.js';

/** Stops an unpacking that the kernel would continue. */
export class UnpackError extends Error {
  override name = 'UnpackError';
}

interface UnpackedEntry extends RootfsEntry {
  uid: number;
  gid: number;
  mtime: number;
  /** Major and minor number as a table has them. */
  node: string;
  /** null if it is only in the table, because only root can make it. */
  id: Identity | null;
  /** False while data of a file are missing. */
  whole: boolean;
}

export interface UnpackOptions extends Omit<LandingOptions, 'identityOf'> {
  /** The limit of the data in bytes. */
  limit: number;
}

/** Errors after which no further writing is possible. */
const ENDS_IT = ['ENOSPC', 'EDQUOT', 'EROFS'];

const WARNINGS = {
  noKind: 'it is of no kind that there is, and the kernel makes nothing of it',
  noDirectory:
    'its directory is not in the archive before it, so the kernel does not make it and says ' +
    'nothing',
  noTable:
    'a table cannot have its name, so its owner or device numbers are lost without being root',
} as const;

/** Letters of kinds in a table. */
const LETTERS: Record<Member['kind'], string> = {
  file: 'f',
  directory: 'd',
  character: 'c',
  block: 'b',
  fifo: 'p',
  socket: 's',
  symlink: 'l',
};

function entryOf(header: CpioHeader, kind: Member['kind'], target: Buffer | null): UnpackedEntry {
  const { uid, gid, mtime, nodeMajor, nodeMinor } = header;
  const isDevice = kind === 'character' || kind === 'block';
  return {
    ...{ kind, uid, gid, mtime },
    mode: header.mode & 0o7777,
    target: target?.toString('latin1') ?? '',
    node: isDevice ? `${nodeMajor} ${nodeMinor}` : '- -',
    id: null,
    whole: kind !== 'file',
  };
}

/**
 * Writes an archive below a directory, as the kernel does below its root. Each path is resolved in
 * a model of the files made so far, so it contains only directories that were made here. Symlinks
 * and .. cannot lead elsewhere, and no older file is written to. Who may rename things in the
 * directory cannot lead it elsewhere either (landing.ts); his changes end the unpacking.
 */
export class Unpacker implements Sink {
  readonly warnings: string[] = [];
  members = 0;
  bytes = 0;
  #seen = 0;
  readonly #table = new Map<string, string>();
  readonly #model = new RootfsModel<UnpackedEntry>([], () => ({
    kind: 'directory',
    mode: 0o755,
    target: '',
    uid: 0,
    gid: 0,
    mtime: 0,
    node: '',
    id: null,
    whole: true,
  }));
  readonly #landing: Landing;
  #fd = -1;
  #open: { path: string; made: UnpackedEntry } | null = null;

  /** @param target an empty directory. @param fd of it, which this closes. */
  constructor(
    target: string,
    private readonly options: UnpackOptions,
    fd?: number,
  ) {
    needDescriptors('unpack');
    const top = Buffer.from(target).toString('latin1');
    this.#landing = new Landing(top, fd ?? openNamed(target), {
      ...options,
      identityOf: (path) => this.#model.at(path)?.id ?? undefined,
    });
  }

  /** Lines for `pack --table`: owners and nodes that could not be made here. */
  get table(): string[] {
    return [...this.#table.values()];
  }

  #warn(name: string, why: string): false {
    if (this.warnings.length < 100) this.warnings.push(`${nameInOctal(name)}: ${why}`);
    return false;
  }

  /** The reader reports this member. */
  passedOver(): void {}

  trailer(): void {
    this.#model.trailer();
  }

  member(header: CpioHeader, bytes: Buffer, target: Buffer | null): boolean {
    this.#count();
    const name = bytes.toString('latin1');
    const kind = kindOfMode(header.mode);
    if (kind === null) return this.#warn(name, WARNINGS.noKind);
    const path = this.#model.place(name) ?? this.#placeInPresent(name);
    // The root directory itself, as `.`, exists already.
    if (path === null) return isTop(name) ? false : this.#warn(name, WARNINGS.noDirectory);
    const { limit } = this.options;
    if (header.size > limit - this.bytes && kind === 'file')
      throw new UnpackError(
        `${nameInOctal(name)} alone has ${header.size} bytes, and ${this.bytes} of at most ` +
          `${limit} are unpacked; raise --limit if that is meant`,
      );
    this.members++;
    try {
      return this.#make(path, header, entryOf(header, kind, target));
    } catch (error) {
      if (error instanceof UnpackError) throw error;
      if (error instanceof TreeChanged) throw changed(error);
      const { code } = error as NodeJS.ErrnoException;
      return ENDS_IT.includes(code ?? '')
        ? this.#stop(name, error)
        : this.#warn(name, `it could not be made: ${withoutPath(error)}`);
    }
  }

  /** The place of a member in a directory that the kernel has before, which is made for it. */
  #placeInPresent(name: string): string | null {
    const [, top] = /^[./]*([^/]+)\/+[^/]+$/.exec(name) ?? [];
    const present = PRESENT.find((path) => path === `/${top}`);
    if (present === undefined || this.#model.at(present) !== undefined) return null;
    const root = { mode: 0o755, target: '', uid: 0, gid: 0, mtime: 0, node: '- -' };
    this.#directory(present, { ...root, kind: 'directory', id: null, whole: true });
    return this.#model.place(name);
  }

  /** @throws {UnpackError} for more members than any real ramdisk has. */
  #count(): void {
    if (++this.#seen > MEMBERS_AT_MOST)
      throw new UnpackError(
        `it has more than ${MEMBERS_AT_MOST} members, as no ramdisk has that is not made to fill ` +
          'a disk',
      );
    if (this.#model.full)
      throw new UnpackError(
        'it has more names, or longer ones, than any ramdisk that is not made to fill memory',
      );
  }

  #stop(name: string, error: unknown): never {
    throw new UnpackError(
      `${nameInOctal(name)} could not be written: ${withoutPath(error)}; make room, or choose ` +
        'another place',
      { cause: error },
    );
  }

  /**
   * Removes a file of another kind, as the kernel does. As in the kernel, it fails for a directory
   * that is not empty.
   */
  #clean(path: string, kind: Member['kind'] | null): void {
    const there = this.#model.at(path);
    if (there === undefined || there.kind === kind) return;
    if (there.id !== null) this.#landing.remove(path, there.kind);
    this.#model.remove(path);
    this.#table.delete(path);
  }

  #make(path: string, header: CpioHeader, made: UnpackedEntry): boolean {
    const { kind } = made;
    this.#clean(path, kind === 'symlink' ? null : kind);
    if (kind === 'directory') return this.#directory(path, made);
    const earlier = kind === 'symlink' ? null : this.#model.earlier(header, path, made);
    if (earlier !== null && !this.#link(earlier, path, kind)) return false;
    if (kind === 'file') return this.#begin(path, made, earlier === null ? null : header.size);
    if (earlier !== null) return false;
    if (kind === 'symlink') made.id = this.#landing.symlink(made.target, path);
    else this.#node(path, made, kind);
    this.#model.set(path, made);
    return false;
  }

  #directory(path: string, made: UnpackedEntry): false {
    const there = this.#model.at(path);
    made.id = there === undefined ? this.#landing.directory(path) : there.id;
    // If a directory occurs several times, the kernel keeps its first time, because it sets the
    // times at the end in reverse order (init/initramfs.c: dir_utime).
    this.#model.set(path, there === undefined ? made : { ...made, mtime: there.mtime });
    return false;
  }

  /** A further name of an earlier member. @returns whether that member still exists. */
  #link(earlier: string, path: string, kind: Member['kind']): boolean {
    // The kernel first removes the file at the link's path, even for a link to itself.
    this.#clean(path, null);
    const linked = this.#model.at(earlier);
    if (linked?.kind !== kind)
      return this.#warn(
        path,
        `it is a hard link to ${nameInOctal(earlier)}, which is not there any more`,
      );
    if (linked.id === null) this.#note(path, linked);
    else this.#landing.link(earlier, path, { id: linked.id, kind });
    this.#model.set(path, linked);
    return true;
  }

  /**
   * Makes a device node, FIFO or socket, or adds it to the table if only root can make it. As in
   * the kernel, an existing one keeps its numbers.
   */
  #node(path: string, made: UnpackedEntry, kind: NodeKind): void {
    const there = this.#model.at(path);
    if (there !== undefined) made.node = there.node;
    made.id =
      there === undefined ? this.#landing.node(path, kind, made.node.replace(' ', ':')) : there.id;
    if (made.id === null) this.#note(path, made);
  }

  /** Adds a line to the table. A name in it cannot contain a space. */
  #note(path: string, { kind, mode, uid, gid, node }: UnpackedEntry): void {
    const name = utf8(path);
    if (/[\s#]/.test(name) || !Buffer.from(name).equals(Buffer.from(path, 'latin1')))
      return void this.#warn(path, WARNINGS.noTable);
    this.#table.set(
      path,
      `${name} ${LETTERS[kind]} ${mode.toString(8)} ${uid} ${gid} ${node} - - -`,
    );
  }

  /**
   * @param linkedSize the size in the header of a further name of a file; null for a first name.
   */
  #begin(path: string, made: UnpackedEntry, linkedSize: number | null): true {
    const there = this.#model.at(path);
    made.id = there?.id ?? null;
    if (made.id === null) ({ fd: this.#fd, id: made.id } = this.#landing.create(path));
    else {
      this.#fd = this.#landing.reopen(path, made.id);
      if (linkedSize === null) ftruncateSync(this.#fd);
    }
    if (linkedSize !== null && linkedSize > 0) ftruncateSync(this.#fd, linkedSize);
    const entry = there ?? made;
    Object.assign(entry, made);
    this.#model.set(path, entry);
    this.#open = { path, made: entry };
    return true;
  }

  data(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.bytes > this.options.limit)
      throw new UnpackError(
        `it unpacks to more than ${this.options.limit} bytes; raise --limit if that is meant`,
      );
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      this.#stop(this.#open!.path, error);
    }
  }

  complete(): void {
    this.#open!.made.whole = true;
    this.#close();
  }

  #close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    this.#open = null;
  }

  /**
   * Ends the unpacking: all files get their owner, mode and time. Others may enter a directory only
   * when it is theirs, so what is in it comes first.
   * @throws {UnpackError} if somebody else has changed the tree.
   */
  end(): void {
    const settled = new Map<UnpackedEntry, boolean>();
    try {
      this.#close();
      for (const [path, made] of innerFirst(this.#model.entries()))
        if (made.id !== null && made.whole && !settled.has(made))
          settled.set(made, this.#landing.settle(path, made.id, made.kind, made));
    } catch (error) {
      throw error instanceof TreeChanged ? changed(error) : error;
    } finally {
      this.#landing.close();
      this.#noteOwners(settled);
    }
  }

  #noteOwners(settled: ReadonlyMap<UnpackedEntry, boolean>): void {
    const lost = [...this.#model.entries()].filter(
      ([, made]) => settled.get(made) === false && made.kind !== 'symlink',
    );
    const isDirectory = ([, { kind }]: (typeof lost)[number]): boolean => kind === 'directory';
    const files = lost.filter((each) => !isDirectory(each));
    for (const [path, made] of [...files, ...lost.filter(isDirectory).reverse()])
      this.#note(path, made);
  }
}

type NodeKind = Exclude<Member['kind'], 'file' | 'directory' | 'symlink'>;

/** In an order that leads from each directory to one nearby. */
function innerFirst<E>(directories: Iterable<[path: string, entry: E]>): [string, E][] {
  const key = (path: string): string => path.replaceAll('/', '\0');
  return [...directories]
    .map(([path, entry]) => ({ key: key(path), path, entry }))
    .sort((one, other) => (one.key < other.key ? 1 : -1))
    .map(({ path, entry }) => [path, entry]);
}

const changed = (error: TreeChanged): UnpackError =>
  new UnpackError(
    `${nameInOctal(error.path)} is not what was made there: somebody else changes the tree ` +
      'meanwhile; unpack into a directory in which only you may write',
    { cause: error },
  );

/** The bytes of a name, for a person's terminal. */
const nameInOctal = (name: string): string => inOctal(Buffer.from(name, 'latin1'));

const utf8 = (path: string): string => Buffer.from(path, 'latin1').toString('utf8');
