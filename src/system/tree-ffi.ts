/** The tree door of the real kernel (native/tree.c). */
import { errnoName } from './errno.js';
import { openLibrary } from './native-library.js';
import { pathOf } from './names.js';
import { SystemError } from './system-error.js';
import type { Changed, Folder, FolderEntry, TreeChange, TreeDoor } from './tree-door.js';
import { decodeEntries, encodeChange, isCut } from './tree-records.js';

const openTree = () =>
  openLibrary('libmountroot-tree.so', {
    tree_open: ['int32', ['pointer', 'int32']],
    tree_enter: ['int32', ['int32', 'pointer']],
    tree_scratch: ['int32', ['int32', 'pointer']],
    tree_above: ['int32', ['int32']],
    tree_again: ['int32', ['int32']],
    tree_close: ['int32', ['int32']],
    tree_open_file: ['int32', ['int32', 'pointer']],
    tree_list: ['int32', ['int32']],
    tree_next: ['int32', ['int32', 'int32', 'pointer', 'uint32', 'int32']],
    tree_end: ['int32', ['int32']],
    tree_entry: ['int32', ['int32', 'pointer', 'pointer', 'uint32', 'int32']],
    tree_apply: ['int32', ['pointer', 'uint32', 'pointer']],
  });

let opened: ReturnType<typeof openTree> | null = null;
/** Opened at the first walk: most starts walk through no tree. */
const native = (): ReturnType<typeof openTree> => (opened ??= openTree());

interface RealFolder extends Folder {
  fd: number;
  /** For messages. */
  path: string;
}

/** Every folder of this door was made by it. */
const real = (folder: object): RealFolder => folder as RealFolder;

/** Bytes: enough for a hundred usual entries, and the most for one with very many attributes. */
const USUAL_ROOM = 65_536;
const MOST_ROOM = 16 << 20;

/** The changes of one call, in bytes, so that its memory stays small. */
const CHANGES_AT_ONCE = 65_536;

interface Failing {
  what: string;
  syscall: string;
  path: string;
}

function check(result: number, failing: Failing): number {
  if (result < 0) throw new SystemError({ ...failing, errno: errnoName(-result) });
  return result;
}

/** A string of C. @throws {SystemError} EINVAL for a NUL inside, at which C would cut it. */
function cString(text: string, failing: Failing): Buffer {
  if (isCut(text)) throw new SystemError({ ...failing, errno: 'EINVAL' });
  const path = pathOf(text);
  return Buffer.concat([typeof path === 'string' ? Buffer.from(path) : path, Buffer.alloc(1)]);
}

/** Reads records into a buffer that grows until the next record fits. */
class Room {
  private bytes = Buffer.alloc(USUAL_ROOM);

  read(call: (bytes: Buffer, room: number) => number, failing: Failing): FolderEntry[] {
    for (;;) {
      const result = call(this.bytes, this.bytes.length);
      if (result < 0 && errnoName(-result) === 'ERANGE' && this.bytes.length < MOST_ROOM)
        this.bytes = Buffer.alloc(this.bytes.length * 2);
      else return decodeEntries(this.bytes.subarray(0, check(result, failing)));
    }
  }
}

let room: Room | null = null;
const read = (call: (bytes: Buffer, room: number) => number, failing: Failing): FolderEntry[] =>
  (room ??= new Room()).read(call, failing);

/** Makes a Folder of a new descriptor. */
function folderOf(fd: number, path: string): RealFolder {
  try {
    const { device, inode } = lookAt(fd, '', false, path)!;
    return { fd, path, device, inode };
  } catch (error) {
    native().tree_close(fd);
    throw error;
  }
}

/** @param name '' for the directory itself. */
function lookAt(fd: number, name: string, attributes: boolean, path: string): FolderEntry | null {
  const failing = { what: `examine ${path}`, syscall: 'lstat', path };
  const bytes = name === '' ? null : cString(name, failing);
  const [entry] = read(
    (to, size) => native().tree_entry(fd, bytes, to, size, attributes ? 1 : 0),
    failing,
  );
  if (entry !== undefined && entry.errno !== null)
    throw new SystemError({ ...failing, errno: entry.errno });
  return entry ?? null;
}

const below = (folder: Folder, name: string): string => `${real(folder).path}/${name}`;

function* entries(folder: Folder, attributes: boolean): Generator<FolderEntry, void> {
  const { path } = real(folder);
  const failing = { what: `list ${path}`, syscall: 'opendir', path };
  const list = check(native().tree_list(real(folder).fd), failing);
  try {
    for (;;) {
      const some = read(
        // The descriptor changes if the folder is closed and opened again meanwhile.
        (bytes, size) => native().tree_next(list, real(folder).fd, bytes, size, attributes ? 1 : 0),
        failing,
      );
      if (some.length === 0) return;
      yield* some;
    }
  } finally {
    native().tree_end(list);
  }
}

/** The error that a change has before the kernel sees it; null if there is none. */
const refusal = (change: TreeChange): Changed | null =>
  ('name' in change && isCut(change.name)) || (change.what === 'symlink' && isCut(change.target))
    ? { errno: 'EINVAL', lost: 0 }
    : null;

const IS_FULL = ['ENOSPC', 'EDQUOT', 'EROFS'];

function apply(changes: readonly TreeChange[]): Changed[] {
  const results: Changed[] = [];
  for (let next = 0; next < changes.length;) {
    const refused = refusal(changes[next]!);
    if (refused !== null) {
      results.push(refused);
      next++;
      continue;
    }
    const records: Buffer[] = [];
    for (let bytes = 0; next < changes.length && bytes < CHANGES_AT_ONCE; next++) {
      if (refusal(changes[next]!) !== null) break;
      const record = encodeChange(changes[next]!, (folder) => real(folder).fd);
      records.push(record);
      bytes += record.length;
    }
    const some = applySome(records);
    results.push(...some);
    if (some.some(({ errno }) => errno !== null && IS_FULL.includes(errno)))
      for (; next < changes.length; next++) results.push({ errno: 'ECANCELED', lost: 0 });
  }
  return results;
}

function applySome(records: Buffer[]): Changed[] {
  const bytes = Buffer.concat(records);
  const results = Buffer.alloc(4 * records.length);
  check(native().tree_apply(bytes as never, bytes.length, results), {
    what: 'change a tree',
    syscall: 'tree_apply',
    path: '/',
  });
  return records.map((_, index) => {
    const result = results.readInt32LE(4 * index);
    return result < 0 ? { errno: errnoName(-result), lost: 0 } : { errno: null, lost: result };
  });
}

export const treeDoor: TreeDoor = {
  open(path, follow = false) {
    const failing = { what: `open ${path}`, syscall: 'open', path };
    const bytes = cString(path, failing);
    return folderOf(check(native().tree_open(bytes as never, follow ? 1 : 0), failing), path);
  },

  enter(folder, name) {
    const path = below(folder, name);
    const failing = { what: `open ${path}`, syscall: 'open', path };
    const fd = check(native().tree_enter(real(folder).fd, cString(name, failing)), failing);
    const entered = folderOf(fd, path);
    // Before Linux 5.6 the kernel does not say that it crossed into a mount.
    if (entered.device === folder.device) return entered;
    native().tree_close(fd);
    throw new SystemError({ ...failing, errno: 'EXDEV' });
  },

  scratch(folder, name) {
    const path = below(folder, name);
    const failing = { what: `make directory ${path}`, syscall: 'mkdir', path };
    const bytes = cString(name, failing) as never;
    return folderOf(check(native().tree_scratch(real(folder).fd, bytes), failing), path);
  },

  above(folder, { device, inode }) {
    const path = real(folder).path.replace(/\/[^/]*$/, '');
    const failing = { what: `go back to ${path}`, syscall: 'open', path };
    const fd = check(native().tree_above(real(folder).fd), failing);
    const found = folderOf(fd, path);
    if (found.device === device && found.inode === inode) return found;
    native().tree_close(fd);
    throw new SystemError({ ...failing, errno: 'ESTALE' });
  },

  again(folder) {
    const { fd, path } = real(folder);
    const failing = { what: `open ${path}`, syscall: 'open', path };
    return folderOf(check(native().tree_again(fd), failing), path);
  },

  close: (folder) => void native().tree_close(real(folder).fd),
  entries,
  entry: (folder, name, attributes) =>
    lookAt(real(folder).fd, name, attributes, below(folder, name)),
  self: (folder, attributes) => lookAt(real(folder).fd, '', attributes, real(folder).path)!,

  openFile(folder, name) {
    const path = below(folder, name);
    const failing = { what: `read ${path}`, syscall: 'open', path };
    return check(native().tree_open_file(real(folder).fd, cString(name, failing)), failing);
  },

  apply,
};
