import * as fs from 'node:fs';
import { MEMBERS_AT_MOST, type CpioHeader } from './cpio.js';
import type { Sink } from './cpio-machine.js';
import { kindOfMode, type Member } from './member.js';
import type { System } from '../system/port.js';
import { inOctal } from '../text/printable.js';
import { RootfsModel, type RootfsEntry } from './rootfs-model.js';

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
  /** True if it is only in the table, because only root can make it. */
  absent: boolean;
}

export interface UnpackOptions {
  /** The limit of the data in bytes. */
  limit: number;
  /** Whether chown(2) to other owners is possible. */
  privileged: boolean;
  /** mknod(2); null if it cannot be called. */
  makeNode: System['makeNode'] | null;
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

/** Whether a name is the top directory, which already exists. */
const isTop = (name: string): boolean => /^[./]*$/.test(name) && !name.includes('..');

function entryOf(header: CpioHeader, kind: Member['kind'], target: Buffer | null): UnpackedEntry {
  const { uid, gid, mtime, nodeMajor, nodeMinor } = header;
  const isDevice = kind === 'character' || kind === 'block';
  return {
    ...{ kind, uid, gid, mtime },
    mode: header.mode & 0o7777,
    target: target?.toString('latin1') ?? '',
    node: isDevice ? `${nodeMajor} ${nodeMinor}` : '- -',
    absent: false,
  };
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC, O_WRONLY } = fs.constants;

/**
 * Writes an archive below a directory, as the kernel does below its root. Each path is resolved in
 * a model of the files made so far, so it contains only directories that were made here. Symlinks
 * and .. cannot lead elsewhere, and no older file is written to.
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
    absent: false,
  }));
  #fd = -1;
  #open: { path: Buffer; made: UnpackedEntry } | null = null;

  /** @param target an empty directory. */
  constructor(
    private readonly target: string,
    private readonly options: UnpackOptions,
  ) {}

  /** Lines for `pack --table`: owners and nodes that could not be made here. */
  get table(): string[] {
    return [...this.#table.values()];
  }

  #outside = (path: string): Buffer =>
    Buffer.concat([Buffer.from(this.target), Buffer.from(path, 'latin1')]);

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
    const path = this.#model.place(name);
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
      const { code } = error as NodeJS.ErrnoException;
      return ENDS_IT.includes(code ?? '')
        ? this.#stop(name, error)
        : this.#warn(name, `it could not be made: ${said(error)}`);
    }
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
      `${nameInOctal(name)} could not be written: ${said(error)}; make room, or choose another ` +
        'place',
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
    if (there.kind === 'directory') fs.rmdirSync(this.#outside(path));
    else if (!there.absent) fs.unlinkSync(this.#outside(path));
    this.#model.remove(path);
    this.#table.delete(path);
  }

  #make(path: string, header: CpioHeader, made: UnpackedEntry): boolean {
    const file = this.#outside(path);
    const { kind } = made;
    this.#clean(path, kind === 'symlink' ? null : kind);
    if (kind === 'directory') return this.#directory(path, file, made);
    const earlier = kind === 'symlink' ? null : this.#model.earlier(header, path, made);
    if (earlier !== null && !this.#link(earlier, path, kind)) return false;
    if (kind === 'file')
      return this.#begin(path, file, made, earlier === null ? null : header.size);
    if (earlier !== null) return false;
    if (kind === 'symlink') fs.symlinkSync(Buffer.from(made.target, 'latin1'), file);
    else made.absent = !this.#node(path, made);
    this.#model.set(path, made);
    if (!made.absent) this.#finish(path, file, made);
    return false;
  }

  #directory(path: string, file: Buffer, made: UnpackedEntry): false {
    const there = this.#model.at(path);
    // The directory stays writable until its content exists.
    if (there === undefined) fs.mkdirSync(file, { mode: 0o700 });
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
    if (linked.absent) this.#note(path, linked);
    else fs.linkSync(this.#outside(earlier), this.#outside(path));
    this.#model.set(path, linked);
    return true;
  }

  /**
   * Makes a device node, FIFO or socket, or adds it to the table if only root can make it. As in
   * the kernel, an existing one keeps its numbers. @returns whether it exists.
   */
  #node(path: string, made: UnpackedEntry): boolean {
    const { makeNode, privileged } = this.options;
    const there = this.#model.at(path);
    if (there !== undefined) made.node = there.node;
    if (there?.absent === false) return true;
    const file = utf8(`${this.target}${path}`);
    try {
      if (
        makeNode !== null &&
        privileged &&
        there === undefined &&
        Buffer.from(file).equals(this.#outside(path))
      ) {
        makeNode(
          file,
          made.kind as 'character' | 'block' | 'fifo' | 'socket',
          made.mode,
          made.node.replace(' ', ':'),
        );
        return true;
      }
    } catch (error) {
      // Root in a container may not make device nodes.
      if ((error as { errno?: unknown }).errno !== 'EPERM') throw error;
    }
    this.#note(path, made);
    return false;
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
  #begin(path: string, file: Buffer, made: UnpackedEntry, linkedSize: number | null): true {
    const there = this.#model.at(path);
    // Only root can write to a file that is already read-only.
    if (there !== undefined) fs.chmodSync(file, 0o600);
    const keep = linkedSize === null ? O_TRUNC : 0;
    const way = there === undefined ? O_CREAT | O_EXCL : keep;
    this.#fd = fs.openSync(file, O_WRONLY | O_NOFOLLOW | way, 0o600);
    if (linkedSize !== null && linkedSize > 0) fs.ftruncateSync(this.#fd, linkedSize);
    const entry = there ?? made;
    Object.assign(entry, made);
    this.#model.set(path, entry);
    this.#open = { path: file, made: entry };
    return true;
  }

  data(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.bytes > this.options.limit)
      throw new UnpackError(
        `it unpacks to more than ${this.options.limit} bytes; raise --limit if that is meant`,
      );
    try {
      for (let done = 0; done < bytes.length;) done += fs.writeSync(this.#fd, bytes, done);
    } catch (error) {
      this.#stop(this.#inner(this.#open!.path), error);
    }
  }

  complete(): void {
    const { path, made } = this.#open!;
    this.#close();
    this.#finish(this.#inner(path), path, made);
  }

  #inner = (file: Buffer): string =>
    file.subarray(Buffer.byteLength(this.target)).toString('latin1');

  #close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
    this.#open = null;
  }

  /** Sets owner, mode and time. The owner is first because a new owner clears bits of the mode. */
  #finish(path: string, file: Buffer, made: UnpackedEntry): void {
    const { kind, mode, mtime } = made;
    if (!this.#give(file, made) && kind !== 'symlink') this.#note(path, made);
    if (kind !== 'symlink') fs.chmodSync(file, mode);
    fs.lutimesSync(file, mtime, mtime);
  }

  /** @returns false if the owner cannot be set. EINVAL means that a container does not map it. */
  #give(file: Buffer, { uid, gid }: UnpackedEntry): boolean {
    if (!this.options.privileged) return false;
    try {
      fs.lchownSync(file, uid, gid);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EPERM' && code !== 'EINVAL') throw error;
      return false;
    }
  }

  /** Ends the unpacking: directories get their own mode and time. */
  end(): void {
    this.#close();
    for (const [path, made] of [...this.#model.directories()].reverse())
      this.#finish(path, this.#outside(path), made);
  }
}

/** The bytes of a name, for a person's terminal. */
const nameInOctal = (name: string): string => inOctal(Buffer.from(name, 'latin1'));

const utf8 = (path: string): string => Buffer.from(path, 'latin1').toString('utf8');

/** Node's message without the path, which may hold escape sequences for the terminal. */
const said = (error: unknown): string => (error as Error).message.replace(/ '\/.*$/s, '');
