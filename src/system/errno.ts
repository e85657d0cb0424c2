/**
 * The errors of mount(2), umount2(2), pivot_root(2), of the file calls around them and of the flash
 * drivers, by number. The numbers are those of include/uapi/asm-generic/errno*.h, which ARM, x86
 * and RISC-V share; a person reads the text behind the name. EAGAIN is also EWOULDBLOCK, and
 * EOPNOTSUPP is also ENOTSUP. ENOTSUPP (include/linux/errno.h) should never leave the kernel, but
 * some drivers return it.
 */
const TABLE: Record<number, readonly [name: string, text: string]> = {
  1: ['EPERM', 'operation not permitted'],
  2: ['ENOENT', 'no such file or directory'],
  4: ['EINTR', 'interrupted system call'],
  5: ['EIO', 'input/output error'],
  6: ['ENXIO', 'no such device or address'],
  7: ['E2BIG', 'argument list too long'],
  8: ['ENOEXEC', 'exec format error'],
  9: ['EBADF', 'bad file descriptor'],
  11: ['EAGAIN', 'resource temporarily unavailable'],
  12: ['ENOMEM', 'out of memory'],
  13: ['EACCES', 'permission denied'],
  14: ['EFAULT', 'bad address'],
  15: ['ENOTBLK', 'block device required'],
  16: ['EBUSY', 'device or resource busy'],
  17: ['EEXIST', 'file exists'],
  18: ['EXDEV', 'cross-device link'],
  19: ['ENODEV', 'no such device'],
  20: ['ENOTDIR', 'not a directory'],
  21: ['EISDIR', 'is a directory'],
  22: ['EINVAL', 'invalid argument'],
  23: ['ENFILE', 'too many open files in system'],
  24: ['EMFILE', 'too many open files'],
  25: ['ENOTTY', 'inappropriate ioctl for device'],
  26: ['ETXTBSY', 'text file busy'],
  27: ['EFBIG', 'file too large'],
  28: ['ENOSPC', 'no space left on device'],
  30: ['EROFS', 'read-only file system'],
  31: ['EMLINK', 'too many links'],
  34: ['ERANGE', 'result too large'],
  36: ['ENAMETOOLONG', 'file name too long'],
  38: ['ENOSYS', 'function not implemented'],
  39: ['ENOTEMPTY', 'directory not empty'],
  40: ['ELOOP', 'too many levels of symbolic links'],
  61: ['ENODATA', 'no data available'],
  74: ['EBADMSG', 'bad message (a checksum or ECC that does not match)'],
  75: ['EOVERFLOW', 'value too large'],
  95: ['EOPNOTSUPP', 'operation not supported'],
  110: ['ETIMEDOUT', 'timed out'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
  125: ['ECANCELED', 'operation canceled'],
  524: ['ENOTSUPP', 'operation not supported by the driver'],
};

/** The name of an errno number; `errno N` for one that is not in the table. */
export const errnoName = (number: number): string => TABLE[number]?.[0] ?? `errno ${number}`;

/** The meaning of an errno name in a few words; empty for an unknown one. */
export function errnoText(name: string): string {
  for (const [known, text] of Object.values(TABLE)) if (known === name) return text;
  return '';
}

/** There is no room for more. */
export const FULL: readonly string[] = ['ENOSPC', 'EDQUOT'];
