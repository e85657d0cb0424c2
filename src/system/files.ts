import * as fs from 'node:fs';
import type { PathKind, Reader, System } from './port.js';
import { SystemError } from './system-error.js';

/** Runs one file call and turns Node's error, whose `code` is the errno's name, into ours. */
function attempt<T>(what: string, syscall: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new SystemError({ what: `${what} ${path}`, syscall, errno: (error as NodeJS.ErrnoException).code ?? 'EIO', path });
  }
}

function kindOf(stat: fs.Stats): PathKind {
  if (stat.isDirectory()) return 'directory';
  if (stat.isFile()) return 'file';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isBlockDevice()) return 'block';
  if (stat.isCharacterDevice()) return 'character';
  return 'other';
}

function withFile<T>(path: string, flags: number, mode: number, use: (fd: number) => T): T {
  const fd = fs.openSync(path, flags, mode);
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Files as Node reads them. It has no verb that changes anything: whoever holds only this cannot. */
export const reader: Reader = {
  readText: (path) => attempt('read', 'read', path, () => fs.readFileSync(path, 'utf8')),

  readBytes: (path, offset, length) =>
    attempt('read', 'read', path, () =>
      withFile(path, fs.constants.O_RDONLY, 0, (fd) => {
        const bytes = new Uint8Array(length);
        return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, offset));
      }),
    ),

  kind: (path) =>
    attempt('examine', 'lstat', path, () => {
      try {
        // Covers ENOENT without the cost of making an error to throw it away.
        const stat = fs.lstatSync(path, { throwIfNoEntry: false });
        return stat === undefined ? 'missing' : kindOf(stat);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return 'missing';
        throw error;
      }
    }),

  list: (path) => attempt('list', 'opendir', path, () => fs.readdirSync(path).sort()),

  space: (path) =>
    attempt('measure', 'statfs', path, () => {
      const { blocks, bavail, bsize } = fs.statfsSync(path);
      return { total: blocks * bsize, free: bavail * bsize };
    }),
};

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

function removeTree(path: string, device: number): void {
  const stat = fs.lstatSync(path);
  if (stat.dev !== device) throw Object.assign(new Error(), { code: 'EXDEV' });
  if (!stat.isDirectory()) return fs.unlinkSync(path);
  for (const name of fs.readdirSync(path)) removeTree(`${path}/${name}`, device);
  fs.rmdirSync(path);
}

/** The verbs that change files; the kernel's own verbs are in ffi.ts. */
export const writer: Omit<System, keyof Reader | 'mount' | 'umount' | 'pivotRoot'> = {
  chdir: (path) => attempt('change directory to', 'chdir', path, () => process.chdir(path)),
  mkdir: (path, mode) => attempt('make directory', 'mkdir', path, () => fs.mkdirSync(path, { mode })),
  rmdir: (path) => attempt('remove directory', 'rmdir', path, () => fs.rmdirSync(path)),
  unlink: (path) => attempt('remove', 'unlink', path, () => fs.unlinkSync(path)),

  create: (path, content, mode) =>
    attempt('create', 'create', path, () =>
      withFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, (fd) => {
        try {
          fs.writeSync(fd, content);
        } catch (error) {
          // The name is ours and holds nothing: a full file system must not be left fuller.
          fs.unlinkSync(path);
          throw error;
        }
      }),
    ),

  removeTree: (path) =>
    attempt('remove tree', 'unlink', path, () => {
      if (reader.kind(path) !== 'missing') removeTree(path, fs.lstatSync(path).dev);
    }),
};
