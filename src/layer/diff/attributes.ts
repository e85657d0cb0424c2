import { errnoName } from '../../system/errno.js';
import type { PairReaders } from './pairs.js';

/**
 * Extended attributes: their names at a path, and the value of one. Paths and names have one
 * character for each byte, and no symlink is followed.
 */
export interface Attributes {
  names(path: string): string[];
  value(path: string, name: string): Buffer | null;
  /** Reads whole directories, and trees. */
  pairs?: PairReaders;
}

/**
 * Sizes that are enough for almost all values, and the limits of the kernel
 * (include/uapi/linux/limits.h).
 */
const USUAL = 1024;
const LONGEST = 65_536;

const NOT_THERE = ['EOPNOTSUPP', 'ENODATA', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP'];

/**
 * Like System.attributes, but for names that are not UTF-8, and with the same few buffers for all
 * calls: the memory for the strings of a call is freed only when the process is idle, and a walk
 * makes a hundred thousand calls.
 * @throws where the native parts cannot be loaded.
 */
export async function openAttributes(): Promise<Attributes> {
  const { openLibrary } = await import('../../system/native-library.js');
  const { openPairs } = await import('../../system/tree-pairs-ffi.js');
  const shim = openLibrary('libmountroot.so', {
    mountroot_list_attributes: ['int32', ['pointer', 'pointer', 'uint32']],
    mountroot_get_attribute: ['int32', ['pointer', 'pointer', 'pointer', 'uint32']],
  });
  const path = Buffer.alloc(LONGEST);
  const name = Buffer.alloc(512);
  const usual = Buffer.alloc(USUAL);
  const put = (room: Buffer, text: string): void => void (room[room.write(text, 'latin1')] = 0);
  const read = (call: (room: Buffer) => number): Buffer | null => {
    for (const bytes of [USUAL, LONGEST]) {
      const room = bytes === USUAL ? usual : Buffer.alloc(bytes);
      const result = call(room);
      if (result >= 0) return Buffer.from(room.subarray(0, result));
      const errno = errnoName(-result);
      if (NOT_THERE.includes(errno)) return null;
      if (errno !== 'ERANGE')
        throw Object.assign(new Error(`${errno}: cannot read its extended attributes`), {
          code: errno,
        });
    }
    return null;
  };
  return {
    pairs: openPairs(),
    names(of) {
      put(path, of);
      // Most files have none, and need no copy.
      const result = shim.mountroot_list_attributes(path as never, usual, USUAL);
      if (result === 0) return [];
      const list = read((room) => shim.mountroot_list_attributes(path as never, room, room.length));
      return list === null ? [] : list.toString('latin1').split('\0').slice(0, -1);
    },
    value(of, attribute) {
      put(path, of);
      put(name, attribute);
      return read((room) => shim.mountroot_get_attribute(path as never, name, room, room.length));
    },
  };
}
