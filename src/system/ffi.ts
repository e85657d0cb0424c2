/**
 * The real kernel, through the C shim.
 *
 * The shim (native/mountroot.c) returns 0 or more, or -errno. ffi.errno() is not used: it asks for
 * errno in a second call, and a garbage collection between the two overwrites it.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { mountAttempt } from './mount-attempt.js';
import type { Attempt } from './probable-cause.js';
import { errnoName } from './errno.js';
import { kernelTime } from './file-time.js';
import { reader, removedAlone, writer } from './files.js';
import { pathOf } from './names.js';
import { openLibrary, pointers } from './native-library.js';
import {
  MNT_DETACH,
  MOUNT_FLAGS,
  NODE_TYPES,
  RENAME_EXCHANGE,
  RENAME_WHITEOUT,
  flagBits,
} from './flags.js';
import type { System } from './port.js';
import { SystemError } from './system-error.js';
import { removeTreeAt } from './remove-tree-at.js';
import { treeDoor } from './tree-ffi.js';
import { refuseForeign } from './trust.js';

/**
 * mount(2) copies one page of options and drops the rest without a word (copy_mount_options,
 * fs/namespace.c).
 */
const LONGEST_DATA = 4095;

const openShim = () =>
  openLibrary('libmountroot.so', {
    mountroot_mount: ['int32', ['string', 'string', 'string', 'uint32', 'string']],
    mountroot_umount: ['int32', ['string', 'int32']],
    mountroot_pivot_root: ['int32', ['string', 'string']],
    mountroot_chroot: ['int32', ['string']],
    mountroot_execve: ['int32', ['string', 'pointer', 'pointer']],
    mountroot_exit: ['void', ['int32']],
    mountroot_syncfs: ['int32', ['string']],
    mountroot_rename: ['int32', ['string', 'string', 'uint32']],
    mountroot_map_shared: ['int32', ['string']],
    mountroot_mknod: ['int32', ['string', 'uint32', 'uint32', 'uint32']],
    mountroot_set_modified: ['int32', ['string', 'int64', 'uint32']],
    mountroot_list_attributes: ['int32', ['string', 'pointer', 'uint32']],
    mountroot_get_attribute: ['int32', ['string', 'string', 'pointer', 'uint32']],
    mountroot_set_attribute: ['int32', ['string', 'string', 'pointer', 'uint32']],
    mountroot_erase_block: ['int32', ['string', 'uint64', 'uint64']],
    mountroot_attach_ubi: ['int32', ['string', 'int32']],
    mountroot_erase_leb: ['int32', ['string', 'int32']],
    mountroot_attach_loop: ['int32', ['string', 'uint64']],
    mountroot_run: ['int32', ['string', 'pointer', 'pointer']],
    mountroot_lock: ['int32', ['string']],
    mountroot_during: ['int32', ['string', 'string', 'uint32']],
    mountroot_watchdog: ['int32', ['string']],
  });

let opened: ReturnType<typeof openShim> | null = null;

/**
 * Opened at the first call, because this module may be part of a kept heap (src/kept-heap), which
 * cannot hold an open library.
 */
const shim = (): ReturnType<typeof openShim> => (opened ??= openShim());

/**
 * The real kernel, with the native parts loaded.
 * @throws when they, or one of the functions in them, are not there.
 */
export function openSystem(): System {
  opened = openShim();
  return system;
}

/**
 * Ends this process at once, without V8's and OpenSSL's teardown (9 ms on the board). Everything
 * must be written by then. If it cannot, because no system was opened, `otherwise` ends it.
 */
export function exitNow(
  status: number,
  otherwise: (status: number) => void = (code) => process.exit(code),
): void {
  opened?.mountroot_exit(status);
  otherwise(status);
}

const { O_DIRECTORY, O_RDONLY } = constants;

const UBI_CONTROL = '/dev/ubi_ctrl';

/** The environment of a program that is run. */
const RUN_PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';

/** The file to which the thread of `during` reports a slow call, and the interval. */
const KERNEL_LOG = '/dev/kmsg';
const TELL_EVERY_MS = 5000;

function check(result: number, attempt: Omit<Attempt, 'errno'>): number {
  if (result < 0) throw new SystemError({ ...attempt, errno: errnoName(-result) });
  return result;
}

/**
 * Refuses strings with a NUL inside. C would cut them there without a message, and the call would
 * work on another name.
 */
function refuse(attempt: Omit<Attempt, 'errno'>, strings: readonly (string | null)[]): void {
  if (strings.some((text) => text?.includes('\0')))
    throw new SystemError({ ...attempt, errno: 'EINVAL' });
}

/**
 * A C string with the exact bytes of a name. ref-napi accepts a Buffer instead of a string,
 * although its types do not say so.
 */
function named<P extends string | null>(path: P): P {
  if (path === null) return path;
  const raw = pathOf(path);
  return (typeof raw === 'string' ? raw : Buffer.concat([raw, Buffer.alloc(1)])) as P;
}

export const system: System = {
  ...reader,
  ...writer,
  tree: treeDoor,
  removeTree(path) {
    // Most scratch directories are empty or missing, and the library of trees need not be loaded.
    if (!removedAlone(path)) removeTreeAt(treeDoor, path);
  },

  // eslint-disable-next-line max-params -- mount(2) has five.
  mount(source, target, fstype, flags, data) {
    const attempt = mountAttempt(source, target, fstype, flags);
    refuse(attempt, [source, target, fstype, data]);
    if (data !== null && Buffer.byteLength(data) > LONGEST_DATA)
      throw new SystemError({
        ...attempt,
        what:
          `${attempt.what} with options longer than ${LONGEST_DATA} bytes, ` +
          'which the kernel would cut',
        errno: 'EINVAL',
      });
    // The types of @types/ffi-napi do not know that a null string is the NULL pointer.
    check(
      shim().mountroot_mount(named(source), named(target), fstype, flagBits(flags), named(data)),
      attempt,
    );
  },

  umount(target, lazy = false) {
    const attempt = {
      what: `${lazy ? 'detach' : 'unmount'} ${target}`,
      syscall: 'umount',
      path: target,
    };
    refuse(attempt, [target]);
    check(shim().mountroot_umount(named(target), lazy ? MNT_DETACH : 0), attempt);
  },

  pivotRoot(newRoot, putOld) {
    const attempt = {
      what: `pivot the root to ${newRoot} with the old root on ${putOld}`,
      syscall: 'pivot_root',
      path: newRoot,
      dest: putOld,
    };
    refuse(attempt, [newRoot, putOld]);
    check(shim().mountroot_pivot_root(named(newRoot), named(putOld)), attempt);
  },

  switchRoot(newRoot) {
    // This stays open, because after the switch no path leads to the old root.
    const old = openSync('/', O_RDONLY | O_DIRECTORY);
    writer.chdir(newRoot);
    const move = (from: string, to: string): void =>
      void check(shim().mountroot_mount(from, to, null, MOUNT_FLAGS.MS_MOVE, null), {
        what: `make ${newRoot} the root`,
        syscall: 'move',
        path: newRoot,
        dest: to,
      });
    try {
      // We use `.`, because after the move to `/` no path leads to its old place.
      move('.', '/');
    } catch (error) {
      writer.chdir('/');
      closeSync(old);
      throw error;
    }
    const changed = shim().mountroot_chroot('.');
    if (changed < 0) {
      move('.', newRoot);
      check(changed, {
        what: `make ${newRoot} the root of this process`,
        syscall: 'chroot',
        path: newRoot,
      });
    }
    writer.chdir('/');
    // With the dot at the end, calls that do not follow links get the directory and not the link.
    return `/proc/self/fd/${old}/.`;
  },

  execve(path, args, env) {
    const attempt = { what: `run ${path}`, syscall: 'execve', path };
    const words = [path, ...args];
    const variables = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    refuse(attempt, [...words, ...variables]);
    check(shim().mountroot_execve(path, pointers(words), pointers(variables)), attempt);
  },

  syncfs(path) {
    const attempt = { what: `write ${path} back to its device`, syscall: 'syncfs', path };
    refuse(attempt, [path]);
    check(shim().mountroot_syncfs(named(path)), attempt);
  },

  renameLeavingWhiteout(from, to) {
    const attempt = {
      what: `rename ${from} to ${to} with RENAME_WHITEOUT`,
      syscall: 'renameat2',
      path: from,
      dest: to,
    };
    refuse(attempt, [from, to]);
    check(shim().mountroot_rename(named(from), named(to), RENAME_WHITEOUT), attempt);
  },

  exchange: (one, other) => exchange(one, other),

  mapShared(path) {
    const attempt = { what: `map ${path} for shared writing`, syscall: 'mmap', path };
    refuse(attempt, [path]);
    check(shim().mountroot_map_shared(named(path)), attempt);
  },

  makeNode(path, type, mode, node) {
    const attempt = { what: `make ${type} node ${path}`, syscall: 'mknod', path };
    refuse(attempt, [path]);
    const numbers = type === 'fifo' || type === 'socket' ? '0:0' : node;
    if (!/^\d{1,9}:\d{1,9}$/.test(numbers)) throw new SystemError({ ...attempt, errno: 'EINVAL' });
    const [major, minor] = numbers.split(':').map(Number);
    check(shim().mountroot_mknod(named(path), NODE_TYPES[type] | mode, major!, minor!), attempt);
  },

  setModified(path, mtime) {
    const attempt = { what: `set the time of ${path}`, syscall: 'utimensat', path };
    refuse(attempt, [path]);
    const { seconds, nanoseconds } = kernelTime(mtime);
    check(shim().mountroot_set_modified(named(path), Number(seconds), nanoseconds), attempt);
  },

  attributes(path) {
    const list = grown(
      { what: `list the extended attributes of ${path}`, syscall: 'listxattr', path },
      [path],
      (room, bytes) => shim().mountroot_list_attributes(named(path), room, bytes),
    );
    const found = new Map<string, Buffer>();
    for (const name of list?.toString('utf8').split('\0').slice(0, -1) ?? []) {
      const value = grown(
        { what: `read attribute ${name} of ${path}`, syscall: 'getxattr', path },
        [path, name],
        (room, bytes) => shim().mountroot_get_attribute(named(path), name, room, bytes),
      );
      // null if it was removed after it was listed.
      if (value !== null) found.set(name, value);
    }
    return found;
  },

  setAttribute(path, name, value) {
    const attempt = { what: `set attribute ${name} of ${path}`, syscall: 'setxattr', path };
    refuse(attempt, [path, name]);
    // The call needs an address, and an empty Buffer may have none.
    const bytes = value.length > 0 ? value : Buffer.alloc(1);
    check(shim().mountroot_set_attribute(named(path), name, bytes, value.length), attempt);
  },

  eraseBlock(device, start, length) {
    const attempt = { what: `erase ${device} from byte ${start}`, syscall: 'erase', path: device };
    refuse(attempt, [device]);
    return check(shim().mountroot_erase_block(device, start, length), attempt) === 1;
  },

  attachUbi(mtd) {
    check(shim().mountroot_attach_ubi(UBI_CONTROL, mtd), {
      what: `attach UBI to mtd${mtd}`,
      syscall: 'attach',
      path: `mtd${mtd}`,
    });
  },

  eraseUbiBlock(device, leb) {
    const attempt = { what: `erase LEB ${leb} of ${device}`, syscall: 'erase', path: device };
    refuse(attempt, [device]);
    return check(shim().mountroot_erase_leb(device, leb), attempt) === 1;
  },

  attachLoop(disk, offset) {
    const attempt = {
      what: `show ${disk} from byte ${offset} on as a loop device`,
      syscall: 'loop',
      path: disk,
    };
    refuse(attempt, [disk]);
    return `loop${check(shim().mountroot_attach_loop(disk, offset), attempt)}`;
  },

  run(program, args) {
    const attempt = { what: `run ${program}`, syscall: 'run', path: program };
    refuse(attempt, [program, ...args]);
    return check(
      shim().mountroot_run(program, pointers([program, ...args]), pointers([RUN_PATH])),
      attempt,
    );
  },

  lock(path) {
    const attempt = { what: `lock ${path}`, syscall: 'flock', path };
    refuse(attempt, [path]);
    refuseForeign(reader, dirname(path), attempt);
    const result = shim().mountroot_lock(path);
    if (result < 0 && errnoName(-result) === 'EAGAIN') return false;
    check(result, attempt);
    return true;
  },

  during(text) {
    // Without the thread only the message is missing, so its errors are ignored.
    shim().mountroot_during(
      text === null ? null : text.replaceAll('\0', ' '),
      KERNEL_LOG,
      TELL_EVERY_MS,
    );
  },

  watchdog(device) {
    const attempt = { what: `open watchdog ${device}`, syscall: 'watchdog', path: device ?? '' };
    refuse(attempt, [device]);
    check(shim().mountroot_watchdog(device), attempt);
  },
};

/**
 * renameat2(2) with RENAME_EXCHANGE: two names change places, and at no moment is either missing.
 * EINVAL if the file system lacks it.
 */
export function exchange(one: string, other: string): void {
  const attempt = {
    what: `exchange ${one} and ${other} with RENAME_EXCHANGE`,
    syscall: 'exchange',
    path: one,
    dest: other,
  };
  refuse(attempt, [one, other]);
  check(shim().mountroot_rename(one, other, RENAME_EXCHANGE), attempt);
}

/**
 * The longest value of an attribute, and the longest list of names (XATTR_SIZE_MAX and
 * XATTR_LIST_MAX, include/uapi/linux/limits.h).
 */
const LONGEST_ATTRIBUTE = 65_536;

/**
 * Reads a value of unknown length into ever bigger buffers. Asking for the length first would be a
 * second call, and the value may grow between the two. null if it does not exist, as on a file
 * system without attributes.
 */
function grown(
  attempt: Omit<Attempt, 'errno'>,
  strings: readonly string[],
  read: (room: Buffer, bytes: number) => number,
): Buffer | null {
  refuse(attempt, strings);
  for (let bytes = 256; ; bytes *= 4) {
    const room = Buffer.alloc(bytes);
    const result = read(room, bytes);
    if (result >= 0) return room.subarray(0, result);
    const errno = errnoName(-result);
    if (errno === 'EOPNOTSUPP' || errno === 'ENODATA') return null;
    if (errno !== 'ERANGE' || bytes >= LONGEST_ATTRIBUTE)
      throw new SystemError({ ...attempt, errno });
  }
}
