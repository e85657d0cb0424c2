import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoName } from './errno.js';
import { isDoubtful, nameOf, pathOf } from './names.js';
import type { Details, PathKind, Reader, System } from './port.js';
import { SystemError } from './system-error.js';

/**
 * The name of the kernel's error. It comes from the number: Node has no name for some errors
 * (EUCLEAN is `Unknown system error -117`) and another name for others (ENOTSUP). A call that Node
 * itself refuses, for example because of a NUL in a name, has one of Node's own codes.
 */
function errnoOf({ code, errno }: NodeJS.ErrnoException): string {
  if (errno !== undefined) return errnoName(Math.abs(errno));
  if (code === undefined) return 'EIO';
  return code.startsWith('ERR_') ? 'EINVAL' : code;
}

/** Runs one file call and turns Node's error into ours. */
function attempt<T>(what: string, syscall: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    // An inner call has already described the failure.
    if (error instanceof SystemError) throw error;
    throw new SystemError({
      what: `${what} ${path}`,
      syscall,
      errno: errnoOf(error as NodeJS.ErrnoException),
      path,
    });
  }
}

function kindOf(stat: fs.Stats | fs.BigIntStats): PathKind {
  if (stat.isDirectory()) return 'directory';
  if (stat.isFile()) return 'file';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isBlockDevice()) return 'block';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isSocket()) return 'socket';
  return 'other';
}

function detailsOf(stat: fs.BigIntStats): Details {
  const node = stat.isBlockDevice() || stat.isCharacterDevice();
  return {
    kind: kindOf(stat),
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: Number(stat.size),
    mtime: stat.mtimeNs,
    ctime: stat.ctimeNs,
    device: Number(stat.dev),
    inode: Number(stat.ino),
    links: Number(stat.nlink),
    node: node ? nodeOf(stat.rdev) : '',
  };
}

/**
 * Unpacks glibc's dev_t (sysmacros.h), in which the low twelve bits of the major number and the low
 * eight of the minor one are apart from the high ones.
 */
function nodeOf(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

function withFile<T>(path: string, flags: number, mode: number, use: (fd: number) => T): T {
  const fd = fs.openSync(pathOf(path), flags, mode);
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Larger room is not filled with zeros, so pages that nothing is read into take no memory. */
const emptyBytes = (length: number): Uint8Array =>
  length > 4096 ? Buffer.allocUnsafeSlow(length) : new Uint8Array(length);

/** sysfs gives a page for each read(2), and other files may give less than was asked for. */
function readInto(fd: number, room: Uint8Array, offset: number, length: number): Uint8Array {
  let end = 0;
  while (end < length) {
    const read = fs.readSync(fd, room, end, length - end, offset + end);
    if (read === 0) break;
    end += read;
  }
  return room.subarray(0, end);
}

/**
 * The names in a directory. Node decodes them as UTF-8. If that loses bytes, we read them again as
 * bytes.
 */
function namesIn(path: string): string[] {
  const names = fs.readdirSync(pathOf(path), 'utf8');
  return names.some(isDoubtful) ? fs.readdirSync(pathOf(path), 'buffer').map(nameOf) : names;
}

/** Bytes that are no UTF-8 stay what they are, because mountinfo has names of files. */
function textOf(path: string): string {
  const bytes = fs.readFileSync(pathOf(path));
  const text = bytes.toString('utf8');
  return isDoubtful(text) ? nameOf(bytes) : text;
}

function realPathOf(path: string): string {
  const raw = pathOf(path);
  return typeof raw === 'string'
    ? fs.realpathSync(raw)
    : nameOf(fs.realpathSync.native(raw, 'buffer'));
}

function targetOf(path: string): string {
  const target = fs.readlinkSync(pathOf(path));
  return isDoubtful(target) ? nameOf(fs.readlinkSync(pathOf(path), 'buffer')) : target;
}

/** Reads files through Node. It has no verb that changes anything. */
export const reader: Reader = {
  readText: (path) => attempt('read', 'read', path, () => textOf(path)),

  readBytes: (path, offset, length, room) =>
    attempt('read', 'read', path, () =>
      withFile(path, fs.constants.O_RDONLY, 0, (fd) =>
        readInto(fd, room ?? emptyBytes(length), offset, length),
      ),
    ),

  kind: (path) =>
    attempt('examine', 'lstat', path, () => {
      try {
        // For ENOENT this avoids the cost of an error that is thrown away.
        const stat = fs.lstatSync(pathOf(path), { throwIfNoEntry: false });
        return stat === undefined ? 'missing' : kindOf(stat);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return 'missing';
        throw error;
      }
    }),

  realPath: (path) => attempt('resolve', 'realpath', path, () => realPathOf(path)),

  readLink: (path) => attempt('read the link', 'readlink', path, () => targetOf(path)),

  details: (path) =>
    attempt('examine', 'lstat', path, () =>
      detailsOf(fs.lstatSync(pathOf(path), { bigint: true })),
    ),

  list: (path) => attempt('list', 'opendir', path, () => namesIn(path).sort()),

  space: (path) =>
    attempt('measure', 'statfs', path, () => {
      const { blocks, bavail, bsize, type, files, ffree } = fs.statfsSync(pathOf(path), {
        bigint: true,
      });
      // On 32 bits f_type is signed, and a magic number above 2^31 comes out as a huge one.
      const space = {
        total: Number(blocks * bsize),
        free: Number(bavail * bsize),
        type: Number(BigInt.asUintN(32, type)),
      };
      return files > 0n
        ? { ...space, inodes: { total: Number(files), free: Number(ffree) } }
        : space;
    }),
};

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;

/**
 * Removes a partial file of ours. Errors are ignored, because the caller reports why the file is
 * partial.
 */
function discard(path: string): void {
  try {
    fs.unlinkSync(pathOf(path));
  } catch {
    // The file does not exist, or the file system has become read-only.
  }
}

/** Removes a file or an empty directory. Returns false for a directory that is not empty. */
export const removedAlone = (path: string): boolean =>
  attempt('remove', 'unlink', path, () => {
    const kind = reader.kind(path);
    if (kind === 'missing') return true;
    if (kind !== 'directory') fs.unlinkSync(pathOf(path));
    else
      try {
        fs.rmdirSync(pathOf(path));
      } catch (error) {
        // A directory with a mount on it is busy.
        if (!['ENOTEMPTY', 'EBUSY'].includes(String((error as NodeJS.ErrnoException).code)))
          throw error;
        return false;
      }
    return true;
  });

/** fsync(2) of a directory: a name is on stable storage when its directory is. */
function syncDirectory(path: string): void {
  withFile(path, O_RDONLY | O_DIRECTORY, 0, (fd) => fs.fsyncSync(fd));
}

/**
 * Replaces a path by a file that `make` makes beside it. On a failure the old file stays, and the
 * new one is removed.
 */
function replaceWith(path: string, make: (next: string) => void): void {
  const next = `${path}.next`;
  // A boot that lost power may have left one.
  discard(next);
  make(next);
  try {
    fs.renameSync(pathOf(next), pathOf(path));
  } catch (error) {
    discard(next);
    throw error;
  }
  syncDirectory(dirname(path));
}

/**
 * Makes a file that must not exist, and removes it if `fill` fails, so that it does not fill a full
 * file system further.
 */
function makeNew(path: string, mode: number, fill: (fd: number) => void): void {
  withFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, (fd) => {
    try {
      fill(fd);
    } catch (error) {
      discard(path);
      throw error;
    }
  });
}

/** Writes all bytes; write(2) may take fewer. */
function writeAll(fd: number, bytes: Uint8Array, position: number | null): void {
  for (let done = 0; done < bytes.length;)
    done += fs.writeSync(
      fd,
      bytes,
      done,
      bytes.length - done,
      position === null ? null : position + done,
    );
}

const COPIED_AT_ONCE = 65_536;

function copyFile(from: string, to: string, mode: number): void {
  // Without O_NONBLOCK a FIFO would wait for its writer.
  withFile(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, (source) => {
    // A device may have no end.
    if (!fs.fstatSync(source).isFile()) throw Object.assign(new Error(), { code: 'EINVAL' });
    makeNew(to, mode, (target) => {
      const room = Buffer.alloc(COPIED_AT_ONCE);
      for (let bytes; (bytes = fs.readSync(source, room)) > 0;)
        writeAll(target, room.subarray(0, bytes), null);
      fs.fsyncSync(target);
    });
  });
}

/** The verbs that Node lacks. */
type Kernels =
  | 'mount'
  | 'umount'
  | 'pivotRoot'
  | 'switchRoot'
  | 'execve'
  | 'syncfs'
  | 'renameLeavingWhiteout'
  | 'exchange'
  | 'mapShared'
  | 'makeNode'
  | 'setModified'
  | 'attributes'
  | 'setAttribute'
  | 'eraseBlock'
  | 'attachUbi'
  | 'eraseUbiBlock'
  | 'attachLoop'
  | 'run'
  | 'lock'
  | 'during'
  | 'watchdog'
  | 'tree'
  | 'removeTree';

/** fsync(2) of a device. Flash has no cache, and its driver answers EINVAL. */
function flush(fd: number): void {
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  }
}

/** The verbs that change files. ffi.ts has those that Node lacks. */
export const writer: Omit<System, keyof Reader | Kernels> = {
  chdir: (path) => attempt('change directory to', 'chdir', path, () => process.chdir(path)),
  mkdir: (path, mode) =>
    attempt('make directory', 'mkdir', path, () => fs.mkdirSync(pathOf(path), { mode })),
  rmdir: (path) => attempt('remove directory', 'rmdir', path, () => fs.rmdirSync(pathOf(path))),
  unlink: (path) => attempt('remove', 'unlink', path, () => fs.unlinkSync(pathOf(path))),
  create: (path, content, mode) =>
    attempt('create', 'create', path, () =>
      makeNew(path, mode, (fd) => {
        fs.writeFileSync(fd, content);
        fs.fsyncSync(fd);
      }),
    ),

  replace: (path, content, mode) =>
    attempt('replace', 'replace', path, () =>
      replaceWith(path, (next) =>
        makeNew(next, mode, (fd) => {
          fs.writeFileSync(fd, content);
          fs.fsyncSync(fd);
        }),
      ),
    ),

  replaceLink: (target, path) =>
    attempt('replace', 'replace', path, () =>
      replaceWith(path, (next) => fs.symlinkSync(pathOf(target), pathOf(next))),
    ),

  rename: (from, to) =>
    attempt(`rename ${from} to`, 'rename', to, () => fs.renameSync(pathOf(from), pathOf(to))),
  symlink: (target, path) =>
    attempt('make link', 'symlink', path, () => fs.symlinkSync(pathOf(target), pathOf(path))),
  link: (existing, path) =>
    attempt(`link ${existing} to`, 'link', path, () => fs.linkSync(pathOf(existing), pathOf(path))),
  copyFile: (from, to, mode) =>
    attempt(`copy ${from} to`, 'copy', to, () => copyFile(from, to, mode)),
  setOwner: (path, uid, gid) =>
    attempt('set the owner of', 'lchown', path, () => fs.lchownSync(pathOf(path), uid, gid)),

  setMode: (path, mode) =>
    attempt('set the mode of', 'chmod', path, () => {
      // chmod(2) follows symlinks, and Linux had no call that does not before 6.6.
      if (fs.lstatSync(pathOf(path)).isSymbolicLink())
        throw Object.assign(new Error(), { code: 'EOPNOTSUPP' });
      fs.chmodSync(pathOf(path), mode);
    }),

  writeFlash: (device, offset, bytes) =>
    attempt('write to', 'write', device, () =>
      withFile(device, O_WRONLY | O_NOFOLLOW, 0, (fd) => {
        writeAll(fd, bytes, offset);
        flush(fd);
      }),
    ),

  sleep: (milliseconds) =>
    void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds),
};
