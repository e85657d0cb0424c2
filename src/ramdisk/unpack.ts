import * as fs from 'node:fs';
import { MEMBERS_AT_MOST, type CpioHeader } from './cpio.js';
import type { Sink } from './cpio-machine.js';
import { kindOf, type Member } from './member.js';
import type { System } from '../system/port.js';
import { inOctal } from '../text/printable.js';
import { RootfsModel, type RootfsEntry } from './rootfs-model.js';

/** What stops an unpacking that the kernel would have gone on with. */
export class UnpackError extends Error {
  override name = 'UnpackError';
}

interface UnpackedEntry extends RootfsEntry {
  uid: number;
  gid: number;
  mtime: number;
  /** Major and minor number as a table has them. */
  node: string;
  /** Only root can make it, so it is in the table and not below the target. */
  absent: boolean;
}

export interface UnpackOptions {
  /** Bytes of data after which it stops. */
  limit: number;
  /** Whether owners can be given away. */
  privileged: boolean;
  /** mknod(2); null where it cannot be called. */
  makeNode: System['makeNode'] | null;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC, O_WRONLY } = fs.constants;

/**
 * Writes what an archive holds below a directory, as the kernel would below its root. Each path is
 * resolved in a model of what was made so far, and only ever made of directories that were made
 * here; symlinks and .. lead nowhere else, and nothing that was there before is written to.
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

  /** What could not be made here as the archive has it, for `pack --table`. */
  get table(): string[] {
    return [...this.#table.values()];
  }

  #outside = (path: string): Buffer =>
    Buffer.concat([Buffer.from(this.target), Buffer.from(path, 'latin1')]);

  #warn(name: string, why: string): false {
    if (this.warnings.length < 100) this.warnings.push(`${nameInOctal(name)}: ${why}`);
    return false;
  }

  /** The reader tells of it. */
  passedOver(): void {}

  trailer(): void {
    this.#model.trailer();
  }

  member(header: CpioHeader, bytes: Buffer, target: Buffer | null): boolean {
    if (++this.#seen > MEMBERS_AT_MOST)
      throw new UnpackError(
        `it has more than ${MEMBERS_AT_MOST} members, as no ramdisk has that is not made to fill a disk`,
      );
    if (this.#model.full)
      throw new UnpackError(
        'it has more names, or longer ones, than any ramdisk that is not made to fill memory',
      );
    const name = bytes.toString('latin1');
    const kind = kindOf(header.mode);
    const node =
      kind === 'character' || kind === 'block' ? `${header.nodeMajor} ${header.nodeMinor}` : '- -';
    const made: UnpackedEntry = {
      kind: kind ?? 'file',
      mode: header.mode & 0o7777,
      target: target?.toString('latin1') ?? '',
      uid: header.uid,
      gid: header.gid,
      mtime: header.mtime,
      node,
      absent: false,
    };
    if (kind === null)
      return this.#warn(name, 'it is of no kind that there is, and the kernel makes nothing of it');
    const path = this.#model.place(name);
    // The root directory itself, as `.`, is there already.
    if (path === null)
      return /^[./]*$/.test(name) && !name.includes('..')
        ? false
        : this.#warn(
            name,
            'its directory is not in the archive before it, so the kernel does not make it and says nothing',
          );
    if (header.size > this.options.limit - this.bytes && kind === 'file')
      throw new UnpackError(
        `${nameInOctal(name)} alone has ${header.size} bytes, and ${this.bytes} of at most ${this.options.limit} are unpacked; raise --limit if that is meant`,
      );
    this.members++;
    try {
      return this.#make(path, header, made);
    } catch (error) {
      if (error instanceof UnpackError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS'
        ? this.#stop(name, error)
        : this.#warn(name, `it could not be made: ${said(error)}`);
    }
  }

  #stop(name: string, error: unknown): never {
    throw new UnpackError(
      `${nameInOctal(name)} could not be written: ${said(error)}; make room, or choose another place`,
      { cause: error },
    );
  }

  /**
   * Of another kind than what is there: that is removed, as the kernel does, which gives up on a
   * directory that is not empty.
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
    const there = this.#model.at(path);
    if (kind === 'directory') {
      // Writable until all that is in it is there.
      if (there === undefined) fs.mkdirSync(file, { mode: 0o700 });
      // Of several times for one directory the kernel keeps the first: it sets them last, in the
      // opposite order (init/initramfs.c: dir_utime).
      this.#model.set(path, there === undefined ? made : { ...made, mtime: there.mtime });
      return false;
    }
    const earlier = kind === 'symlink' ? null : this.#model.earlier(header, path, made);
    if (earlier !== null) {
      // As the kernel does, which makes room for the link first, also for one to itself.
      this.#clean(path, null);
      const linked = this.#model.at(earlier);
      if (linked?.kind !== kind)
        return this.#warn(
          path,
          `it is a hard link to ${nameInOctal(earlier)}, which is not there any more`,
        );
      if (linked.absent) this.#note(path, linked);
      else fs.linkSync(this.#outside(earlier), file);
      this.#model.set(path, linked);
    }
    if (kind === 'file') return this.#begin(path, file, header, made, earlier !== null);
    if (earlier !== null) return false;
    if (kind === 'symlink') fs.symlinkSync(Buffer.from(made.target, 'latin1'), file);
    else made.absent = !this.#node(path, made);
    this.#model.set(path, made);
    if (!made.absent) this.#finish(path, file, made);
    return false;
  }

  /**
   * Device nodes are for root; whoever is not finds them in the table. One that is there already
   * keeps its numbers, as in the kernel.
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
      // In a container also root may not.
      if ((error as { errno?: unknown }).errno !== 'EPERM') throw error;
    }
    this.#note(path, made);
    return false;
  }

  /** A line of the table, which has no way to write a name with a space in it. */
  #note(path: string, { kind, mode, uid, gid, node }: UnpackedEntry): void {
    const name = utf8(path);
    if (/[\s#]/.test(name) || !Buffer.from(name).equals(Buffer.from(path, 'latin1')))
      return void this.#warn(
        path,
        'a table cannot have its name, so its owner or device numbers are lost without being root',
      );
    const letter = {
      file: 'f',
      directory: 'd',
      character: 'c',
      block: 'b',
      fifo: 'p',
      socket: 's',
      symlink: 'l',
    }[kind];
    this.#table.set(path, `${name} ${letter} ${mode.toString(8)} ${uid} ${gid} ${node} - - -`);
  }

  #begin(
    path: string,
    file: Buffer,
    { size }: CpioHeader,
    made: UnpackedEntry,
    linked: boolean,
  ): boolean {
    const there = this.#model.at(path) !== undefined;
    // Who is not root cannot write to what is read-only already.
    if (there) fs.chmodSync(file, 0o600);
    // Through no symlink, and into nothing that was not made here.
    this.#fd = fs.openSync(
      file,
      O_WRONLY | O_NOFOLLOW | (there ? (linked ? 0 : O_TRUNC) : O_CREAT | O_EXCL),
      0o600,
    );
    if (linked && size > 0) fs.ftruncateSync(this.#fd, size);
    const entry = this.#model.at(path) ?? made;
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

  /** Owner, mode and time, in the order in which the one does not undo the other. */
  #finish(path: string, file: Buffer, made: UnpackedEntry): void {
    const { kind, mode, mtime } = made;
    if (!this.#give(file, made) && kind !== 'symlink') this.#note(path, made);
    if (kind !== 'symlink') fs.chmodSync(file, mode);
    fs.lutimesSync(file, mtime, mtime);
  }

  /** Owners that are not mapped in a container cannot be had there (EINVAL). */
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

  /** When all has been read, or nothing more will be: directories get their own mode and time. */
  end(): void {
    this.#close();
    for (const [path, made] of [...this.#model.directories()].reverse())
      this.#finish(path, this.#outside(path), made);
  }
}

/** The bytes of a name, for a person's terminal. */
const nameInOctal = (name: string): string => inOctal(Buffer.from(name, 'latin1'));

const utf8 = (path: string): string => Buffer.from(path, 'latin1').toString('utf8');

/** Without the path behind it, which may be an order to a terminal. */
const said = (error: unknown): string => (error as Error).message.replace(/ '\/.*$/s, '');
