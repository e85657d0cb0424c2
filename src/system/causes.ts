/** A call to the kernel that failed. */
export interface Attempt {
  /**
   * What was attempted, as a verb phrase that fits after "cannot": `mount jffs2 /dev/mtdblock3 on
   * /tmp/overlay`.
   */
  what: string;
  /** Name of the system call. */
  syscall: string;
  /** Name of the error, `EINVAL`. */
  errno: string;
  path: string;
  dest?: string;
  fstype?: string;
}

interface ErrnoCause {
  syscall: string;
  errno: string;
  /** Only for this file system type. */
  fstype?: string;
  /** The probable cause and what to do, to stand after "cannot …: ERRNO; ". */
  says: string;
}

/**
 * What an error most probably means on a board, and what to do about it. The first row that fits is
 * used, so rows for one file system come before general ones. Sources: mount(2), pivot_root(2),
 * fs/jffs2/{fs,build,scan}.c, fs/overlayfs/super.c, fs/namespace.c,
 * drivers/mtd/{mtdchar,mtdcore,ubi/cdev,ubi/build}.c, drivers/watchdog/watchdog_dev.c of Linux 6.1.
 */
const CAUSES: readonly ErrnoCause[] = [
  {
    syscall: 'mount',
    fstype: 'jffs2',
    errno: 'EIO',
    says: 'the partition holds no valid jffs2 node and is not erased, so jffs2 refuses to erase it; look at its first bytes, and erase it only if nothing on it is needed',
  },
  {
    syscall: 'mount',
    fstype: 'jffs2',
    errno: 'EINVAL',
    says: 'jffs2 needs at least 5 erase blocks, and takes no other options than compr= and rp_size=; check the partition size in /proc/mtd',
  },
  {
    syscall: 'mount',
    fstype: 'jffs2',
    errno: 'EROFS',
    says: 'the flash or its partition is write-protected; check for "ro" in the partition table',
  },
  {
    syscall: 'mount',
    fstype: 'overlay',
    errno: 'EINVAL',
    says: 'upperdir is on an overlay or read-only, or workdir is not beside it on the same mount; the kernel log has the reason',
  },
  {
    syscall: 'mount',
    fstype: 'overlay',
    errno: 'ENOSPC',
    says: 'the data partition is full, so overlay cannot prepare its workdir; free space on it',
  },
  {
    syscall: 'mount',
    fstype: 'overlay',
    errno: 'ENOENT',
    says: 'a directory named in its options does not exist',
  },
  {
    syscall: 'mount',
    errno: 'ENODEV',
    says: 'this kernel does not know the file system type; build it with it, see /proc/filesystems',
  },
  {
    syscall: 'mount',
    errno: 'ENOENT',
    says: 'the mountpoint or the device node does not exist; check that /dev is mounted and the directory is in the root file system',
  },
  {
    syscall: 'mount',
    errno: 'ENXIO',
    says: 'there is no device behind the node; check its major and minor number',
  },
  { syscall: 'mount', errno: 'EBUSY', says: 'it is already mounted; see /proc/mounts' },
  {
    syscall: 'mount',
    errno: 'EPERM',
    says: 'this needs CAP_SYS_ADMIN in the namespace that owns the mounts; run it as root',
  },
  {
    syscall: 'move',
    errno: 'EINVAL',
    says: 'the source is not a mountpoint, or a mount above it is shared; see /proc/self/mountinfo',
  },
  {
    syscall: 'move',
    errno: 'ENOENT',
    says: 'the mountpoint does not exist in the new root; create it there',
  },
  {
    syscall: 'umount',
    errno: 'EBUSY',
    says: 'a process still has a file or its working directory there',
  },
  {
    syscall: 'pivot_root',
    errno: 'EINVAL',
    says: "a mount involved is shared, the root is the kernel's own rootfs, or put_old is not below new_root; see /proc/self/mountinfo",
  },
  {
    syscall: 'pivot_root',
    errno: 'EBUSY',
    says: 'new_root or put_old is on the mount of the current root; the overlay is not mounted where it should be',
  },
  { syscall: 'pivot_root', errno: 'EPERM', says: 'this needs CAP_SYS_ADMIN; run it as root' },
  {
    syscall: 'remount',
    errno: 'EBUSY',
    says: 'a file on it is open for writing; stop what writes it, or wait until it is done',
  },
  {
    syscall: 'erase',
    errno: 'EROFS',
    says: 'the partition is write-protected; check for "ro" in the partition table',
  },
  {
    syscall: 'erase',
    errno: 'EACCES',
    says: 'the partition is write-protected; check for "ro" in the partition table',
  },
  {
    syscall: 'erase',
    errno: 'EPERM',
    says: 'this needs root, and a chip whose lock can be opened; run it as root',
  },
  {
    syscall: 'erase',
    errno: 'EIO',
    says: 'the block is worn out or stays locked; see the kernel log, and replace the flash if it says so of other blocks too',
  },
  {
    syscall: 'erase',
    errno: 'EINVAL',
    says: 'this is not on the boundary of an erase block, or past the end of the partition; compare it with /proc/mtd',
  },
  {
    syscall: 'erase',
    errno: 'ENOTTY',
    says: 'this is no flash; name the character device of an mtd partition, such as /dev/mtd3',
  },
  {
    syscall: 'erase',
    errno: 'ENOENT',
    says: 'the character device of the partition is not in /dev; mount devtmpfs there',
  },
  {
    syscall: 'erase',
    errno: 'EBUSY',
    says: 'a UBI device or another program holds the partition; detach it, or end that program',
  },
  { syscall: 'attach', errno: 'EEXIST', says: 'it is attached already; see /sys/class/ubi' },
  {
    syscall: 'attach',
    errno: 'EINVAL',
    says: 'what is on the partition is no UBI, or was made for other sizes of pages and erase blocks; see the kernel log',
  },
  { syscall: 'attach', errno: 'ENODEV', says: 'there is no such partition; see /proc/mtd' },
  {
    syscall: 'attach',
    errno: 'ENOENT',
    says: 'there is no /dev/ubi_ctrl; build the kernel with CONFIG_MTD_UBI=y, and mount devtmpfs on /dev',
  },
  { syscall: 'attach', errno: 'EPERM', says: 'this needs CAP_SYS_RESOURCE; run it as root' },
  { syscall: 'wait', errno: 'ENODEV', says: 'its driver, its cable or its name is not right' },
  {
    syscall: 'renameat2',
    errno: 'EINVAL',
    says: 'this file system lacks RENAME_WHITEOUT: files of the image cannot be renamed and its directories not removed; use a kernel whose jffs2 is patched for it',
  },
  {
    syscall: 'renameat2',
    errno: 'ENOSYS',
    says: 'this kernel lacks RENAME_WHITEOUT: files of the image cannot be renamed and its directories not removed; use a kernel of 3.15 or later',
  },
  {
    syscall: 'exchange',
    errno: 'EINVAL',
    says: 'this file system lacks RENAME_EXCHANGE: directories of the image cannot be removed or replaced; use a kernel whose jffs2 is patched for it',
  },
  {
    syscall: 'exchange',
    errno: 'ENOSYS',
    says: 'this kernel lacks RENAME_EXCHANGE: directories of the image cannot be removed or replaced; use a kernel of 3.15 or later',
  },
  {
    syscall: 'setxattr',
    errno: 'EOPNOTSUPP',
    says: 'the file system keeps no extended attributes; build the kernel with them (CONFIG_JFFS2_FS_XATTR, CONFIG_UBIFS_FS_XATTR, CONFIG_TMPFS_XATTR)',
  },
  {
    syscall: 'copy',
    errno: 'ENOSPC',
    says: 'the data volume is full (jffs2 keeps a reserve that df does not show); free space on it',
  },
  {
    syscall: 'copy',
    errno: 'EROFS',
    says: 'the data volume is write-protected, or the kernel mounted it read-only after an error; see the kernel log',
  },
  {
    syscall: 'replace',
    errno: 'ENOSPC',
    says: 'the data volume is full (jffs2 keeps a reserve that df does not show); free space on it',
  },
  {
    syscall: 'replace',
    errno: 'EROFS',
    says: 'the data volume is write-protected, or the kernel mounted it read-only after an error; see the kernel log',
  },
  {
    syscall: 'replace',
    errno: 'EISDIR',
    says: 'a directory has its name; look at it, and move it away if it is not needed',
  },
  {
    syscall: 'watchdog',
    errno: 'EBUSY',
    says: 'another program feeds it already; leave it to that program, and take it out of the settings',
  },
  {
    syscall: 'watchdog',
    errno: 'ENOENT',
    says: 'this kernel has no such watchdog; correct the setting, or build the kernel with its driver',
  },
  {
    syscall: 'watchdog',
    errno: 'ENODEV',
    says: 'there is no watchdog behind the node; correct the setting, or build the kernel with its driver',
  },
  {
    syscall: 'create',
    errno: 'ENOSPC',
    says: 'the data partition is full (jffs2 keeps a reserve that df does not show); free space on it',
  },
  {
    syscall: 'create',
    errno: 'EROFS',
    says: 'the data partition is write-protected, or the kernel mounted it read-only after an error; see the kernel log',
  },
  {
    syscall: 'mkdir',
    errno: 'ENOSPC',
    says: 'the data partition is full (jffs2 keeps a reserve that df does not show); free space on it',
  },
  {
    syscall: 'mkdir',
    errno: 'EROFS',
    says: 'the directory is missing and the file system it belongs on is read-only; add it to the root file system image',
  },
  {
    syscall: 'mkdir',
    errno: 'ENOTDIR',
    says: 'something that is no directory stands in its place, and symlinks are not followed here; look at it, and move it away if it is not needed',
  },
];

/** The first row that fits, or an empty string. */
export function probableCause(attempt: Attempt): string {
  const row = CAUSES.find(
    ({ syscall, errno, fstype }) =>
      syscall === attempt.syscall &&
      errno === attempt.errno &&
      (fstype === undefined || fstype === attempt.fstype),
  );
  return row?.says ?? '';
}
