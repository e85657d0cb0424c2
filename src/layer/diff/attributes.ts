import { errnoName } from '../../system/errno.js';

/**
 * Names of the extended attributes of what is at a path (one character a byte; no symlink is
 * followed), and the value of one.
 */
export interface Attributes {
  names(path: string): string[];
  value(path: string, name: string): Buffer | null;
}

/**
 * Enough for almost all; XATTR_LIST_MAX and XATTR_SIZE_MAX (include/uapi/linux/limits.h) for the
 * rest.
 */
const USUAL = 1024;
const LONGEST = 65_536;

const NOT_THERE = ['EOPNOTSUPP', 'ENODATA', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP'];

/**
 * Through the shim, like System.attributes, but for names that are no text, and with the same few
 * buffers for all calls: what a string costs a call is freed only when this process is idle, and
 * here are a hundred thousand.
 * @throws where the native parts cannot be loaded.
 */
export async function openAttributes(): Promise<Attributes> {
  const { openLibrary } = await import('../../system/ffi.js');
  const shim = openLibrary('libmountroot.so', {
    mountroot_list_attributes: ['int32', ['pointer', 'pointer', 'uint32']],
    mountroot_get_attribute: ['int32', ['pointer', 'pointer', 'pointer', 'uint32']],
  });
  const path = Buffer.alloc(LONGEST);
  const name = Buffer.alloc(512);
  const usual = Buffer.alloc(USUAL);
  const put = (room: Buffer, text: string): void => void (room[room.write(text, 'latin1')] = 0);
  const read = (call: (room: Buffer) => number): Buffer | null => {
    for (const room of [usual, Buffer.alloc(LONGEST)]) {
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
    names(of) {
      put(path, of);
      // Most have none: no copy of nothing.
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
