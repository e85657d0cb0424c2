/**
 * The real kernel. The only file that knows ffi-napi, pointers and the C shim: another FFI would change nothing else.
 *
 * The shim (native/mountroot.c) returns 0 or -errno. ffi.errno() is not used: it asks for errno in a second call, and a garbage collection
 * between the two overwrites it.
 */
import { join } from 'node:path';
import ffi from 'ffi-napi';
import type { Attempt } from './causes.js';
import { errnoName } from './errno.js';
import { reader, writer } from './files.js';
import { flagBits } from './flags.js';
import type { System } from './port.js';
import { SystemError } from './system-error.js';

// The bundle is CommonJS; beside it lies native/<platform>-<architecture>/ with the shim and the two addons.
declare const __dirname: string;

/** mount(2) copies one page of options and drops the rest without a word (copy_mount_options, fs/namespace.c). */
const LONGEST_DATA = 4095;

const shim = ffi.Library(join(__dirname, 'native', `${process.platform}-${process.arch}`, 'libmountroot.so'), {
  mountroot_mount: ['int32', ['string', 'string', 'string', 'uint32', 'string']],
  mountroot_umount: ['int32', ['string', 'int32']],
  mountroot_pivot_root: ['int32', ['string', 'string']],
});

function check(result: number, attempt: Omit<Attempt, 'errno'>): void {
  if (result < 0) throw new SystemError({ ...attempt, errno: errnoName(-result) });
}

/** A NUL inside a string would silently cut it at the C side: such a name cannot exist, so the call is refused as the kernel would. */
function refuse(attempt: Omit<Attempt, 'errno'>, strings: readonly (string | null)[]): void {
  if (strings.some((text) => text?.includes('\0'))) throw new SystemError({ ...attempt, errno: 'EINVAL' });
}

export const system: System = {
  ...reader,
  ...writer,

  mount(source, target, fstype, flags, data) {
    const move = flags.includes('MS_MOVE');
    const what = move ? `move ${source} to ${target}` : fstype === null ? `change the propagation of ${target}` : `mount ${fstype} ${source} on ${target}`;
    const attempt = { what, syscall: move ? 'move' : 'mount', path: move ? source! : target, dest: target, ...(fstype !== null && { fstype }) };
    refuse(attempt, [source, target, fstype, data]);
    if (data !== null && Buffer.byteLength(data) > LONGEST_DATA)
      throw new SystemError({ ...attempt, what: `${what} with options longer than ${LONGEST_DATA} bytes, which the kernel would cut`, errno: 'EINVAL' });
    // The types of @types/ffi-napi do not know that a null string is the NULL pointer.
    check(shim.mountroot_mount(source as string, target, fstype as string, flagBits(flags), data as string) as number, attempt);
  },

  umount(target) {
    const attempt = { what: `unmount ${target}`, syscall: 'umount', path: target };
    refuse(attempt, [target]);
    check(shim.mountroot_umount(target, 0) as number, attempt);
  },

  pivotRoot(newRoot, putOld) {
    const attempt = { what: `pivot the root to ${newRoot} with the old root on ${putOld}`, syscall: 'pivot_root', path: newRoot, dest: putOld };
    refuse(attempt, [newRoot, putOld]);
    check(shim.mountroot_pivot_root(newRoot, putOld) as number, attempt);
  },
};
