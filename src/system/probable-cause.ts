/** A call to the kernel that failed. */
export interface Attempt {
  /** The attempt; it follows "cannot": `mount jffs2 /dev/mtdblock3 on /tmp/overlay`. */
  what: string;
  /** Name of the system call. */
  syscall: string;
  /** Name of the error, `EINVAL`. */
  errno: string;
  path: string;
  dest?: string;
  fstype?: string;
}

/** One rule; all its calls may fail with all its errors. */
export interface ErrnoRule {
  calls: readonly string[];
  errnos: readonly string[];
  /** Only for this file system type. */
  fstype?: string;
  /** The probable cause and the cure; this follows "cannot …: ERRNO; ". */
  says: string;
}

/**
 * The most probable meaning of an error on a board, and the cure. The first rule that matches
 * counts, so rules for one file system precede the general ones. Sources: mount(2), pivot_root(2),
 * fs/jffs2/{fs,build,scan}.c, fs/overlayfs/super.c, fs/namespace.c,
 * drivers/mtd/{mtdchar,mtdcore,ubi/cdev,ubi/build}.c, drivers/watchdog/watchdog_dev.c of Linux 6.1.
 */
export const ERRNO_RULES: readonly ErrnoRule[] = [
  {
    calls: ['mount'],
    fstype: 'jffs2',
    errnos: ['EIO'],
    says:
      'the partition holds no valid jffs2 node and is not erased, so jffs2 refuses to erase it, ' +
      'or the flash cannot be read (the kernel log says which); copy it first ' +
      '(`cat /dev/mtdN >FILE`); look at its first bytes, and erase it only if nothing on it is ' +
      'needed',
  },
  {
    calls: ['mount'],
    fstype: 'jffs2',
    errnos: ['EINVAL'],
    says:
      'jffs2 needs at least 5 erase blocks, and takes no other options than compr= and ' +
      'rp_size=; check the partition size in /proc/mtd',
  },
  {
    calls: ['mount'],
    fstype: 'jffs2',
    errnos: ['EROFS'],
    says: 'the flash or its partition is write-protected; check for "ro" in the partition table',
  },
  {
    calls: ['mount'],
    fstype: 'ubifs',
    errnos: ['EUCLEAN', 'EINVAL'],
    says:
      'the volume holds what UBIFS does not accept, or it does not know an option; the kernel ' +
      'log says which; copy the volume first (`cat /dev/ubiN_N >FILE`)',
  },
  {
    calls: ['mount'],
    fstype: 'ext4',
    errnos: ['EUCLEAN', 'EBADMSG'],
    says:
      'its journal, its superblock or a table is not as it should be, which may be a power cut ' +
      'that tore a block (the kernel log says which); copy the volume first ' +
      '(`cat /dev/DISK >FILE`), and then let e2fsck check it',
  },
  {
    calls: ['mount'],
    fstype: 'overlay',
    errnos: ['EINVAL'],
    says:
      'upperdir is on an overlay or read-only, or workdir is not beside it on the same ' +
      'mount; the kernel log has the reason',
  },
  {
    calls: ['mount'],
    fstype: 'overlay',
    errnos: ['ENOSPC'],
    says: 'the data partition is full, so overlay cannot prepare its workdir; free space on it',
  },
  {
    calls: ['mount'],
    fstype: 'overlay',
    errnos: ['ENOENT'],
    says: 'a directory named in its options does not exist',
  },
  {
    calls: ['mount'],
    errnos: ['ENODEV'],
    says:
      'this kernel does not know the file system type; build it with it, see ' +
      '/proc/filesystems',
  },
  {
    calls: ['mount'],
    errnos: ['ENOENT'],
    says:
      'the mountpoint or the device node does not exist; check that /dev is mounted and the' +
      ' directory is in the root file system',
  },
  {
    calls: ['mount'],
    errnos: ['ENXIO'],
    says: 'there is no device behind the node; check its major and minor number',
  },
  {
    calls: ['mount'],
    errnos: ['EBUSY'],
    says: 'it is already mounted; see /proc/mounts',
  },
  {
    calls: ['mount'],
    errnos: ['EPERM'],
    says: 'this needs CAP_SYS_ADMIN in the namespace that owns the mounts; run it as root',
  },
  {
    calls: ['move'],
    errnos: ['EINVAL'],
    says:
      'the source is not a mountpoint, or a mount above it is shared; see ' +
      '/proc/self/mountinfo',
  },
  {
    calls: ['move'],
    errnos: ['ENOENT'],
    says: 'the mountpoint does not exist in the new root; create it there',
  },
  {
    calls: ['umount'],
    errnos: ['EBUSY'],
    says: 'a process still has a file or its working directory there',
  },
  {
    calls: ['pivot_root'],
    errnos: ['EINVAL'],
    says:
      "a mount involved is shared, the root is the kernel's own rootfs, or put_old is not " +
      'below new_root; see /proc/self/mountinfo',
  },
  {
    calls: ['pivot_root'],
    errnos: ['EBUSY'],
    says:
      'new_root or put_old is on the mount of the current root; the overlay is not mounted ' +
      'where it should be',
  },
  {
    calls: ['pivot_root'],
    errnos: ['EPERM'],
    says: 'this needs CAP_SYS_ADMIN; run it as root',
  },
  {
    calls: ['remount'],
    errnos: ['EBUSY'],
    says: 'a file on it is open for writing; stop what writes it, or wait until it is done',
  },
  {
    calls: ['erase'],
    errnos: ['EROFS', 'EACCES'],
    says: 'the partition is write-protected; check for "ro" in the partition table',
  },
  {
    calls: ['erase'],
    errnos: ['EPERM'],
    says: 'this needs root, and a chip whose lock can be opened; run it as root',
  },
  {
    calls: ['erase'],
    errnos: ['EIO'],
    says:
      'the block is worn out or stays locked; see the kernel log, and replace the flash if ' +
      'it says so of other blocks too',
  },
  {
    calls: ['erase'],
    errnos: ['EINVAL'],
    says:
      'this is not on the boundary of an erase block, or past the end of the partition; ' +
      'compare it with /proc/mtd',
  },
  {
    calls: ['erase'],
    errnos: ['ENOTTY'],
    says: 'this is no flash; name the character device of an mtd partition, such as /dev/mtd3',
  },
  {
    calls: ['erase'],
    errnos: ['ENOENT'],
    says: 'the character device of the partition is not in /dev; mount devtmpfs there',
  },
  {
    calls: ['erase'],
    errnos: ['EBUSY'],
    says: 'a UBI device or another program holds the partition; detach it, or end that program',
  },
  {
    calls: ['attach'],
    errnos: ['EEXIST'],
    says: 'it is attached already; see /sys/class/ubi',
  },
  {
    calls: ['attach'],
    errnos: ['EINVAL'],
    says:
      'what is on the partition is no UBI, or was made for other sizes of pages and erase ' +
      'blocks; see the kernel log',
  },
  {
    calls: ['attach'],
    errnos: ['ENODEV'],
    says: 'there is no such partition; see /proc/mtd',
  },
  {
    calls: ['attach'],
    errnos: ['ENOENT'],
    says:
      'there is no /dev/ubi_ctrl; build the kernel with CONFIG_MTD_UBI=y, and mount ' +
      'devtmpfs on /dev',
  },
  {
    calls: ['attach'],
    errnos: ['EPERM'],
    says: 'this needs CAP_SYS_RESOURCE; run it as root',
  },
  {
    calls: ['loop'],
    errnos: ['ENOENT', 'ENODEV', 'ENXIO'],
    says:
      'the disk or the loop driver is missing; build the kernel with CONFIG_BLK_DEV_LOOP=y, or ' +
      'load the module before, and mount devtmpfs on /dev',
  },
  {
    calls: ['loop'],
    errnos: ['EBUSY'],
    says: 'every loop device is in use; see /sys/class/block/loop*/loop/backing_file',
  },
  {
    calls: ['modprobe'],
    errnos: ['ENODEV'],
    says:
      'the module is missing, or is of another kernel than the one that runs; the kernel log ' +
      'may say more',
  },
  {
    calls: ['run'],
    errnos: ['ENOENT'],
    says: 'the program, or the interpreter or library that it needs, is missing',
  },
  {
    calls: ['mkfs'],
    errnos: ['EIO'],
    says: 'run it by hand to read what it says; the kernel log has what the device says',
  },
  {
    calls: ['wait'],
    errnos: ['ENODEV'],
    says: 'its driver, its cable or its name is not right',
  },
  {
    calls: ['renameat2'],
    errnos: ['EINVAL'],
    says:
      'this file system lacks RENAME_WHITEOUT: files of the image cannot be renamed and its' +
      ' directories not removed; use a kernel whose jffs2 is patched for it',
  },
  {
    calls: ['renameat2'],
    errnos: ['ENOSYS'],
    says:
      'this kernel lacks RENAME_WHITEOUT: files of the image cannot be renamed and its ' +
      'directories not removed; use a kernel of 3.15 or later',
  },
  {
    calls: ['exchange'],
    errnos: ['EINVAL'],
    says:
      'this file system lacks RENAME_EXCHANGE: directories of the image cannot be removed ' +
      'or replaced; use a kernel whose jffs2 is patched for it',
  },
  {
    calls: ['exchange'],
    errnos: ['ENOSYS'],
    says:
      'this kernel lacks RENAME_EXCHANGE: directories of the image cannot be removed or ' +
      'replaced; use a kernel of 3.15 or later',
  },
  {
    calls: ['setxattr'],
    errnos: ['EOPNOTSUPP'],
    says:
      'the file system keeps no extended attributes; build the kernel with them ' +
      '(CONFIG_JFFS2_FS_XATTR, CONFIG_UBIFS_FS_XATTR, CONFIG_TMPFS_XATTR)',
  },
  {
    calls: ['copy', 'replace', 'create', 'mkdir'],
    errnos: ['ENOSPC'],
    says:
      'the data volume is full (jffs2 keeps a reserve that df does not show); free space on' +
      ' it',
  },
  {
    calls: ['copy', 'replace', 'create'],
    errnos: ['EROFS'],
    says:
      'the data volume is write-protected, or the kernel mounted it read-only after an ' +
      'error; see the kernel log',
  },
  {
    calls: ['replace'],
    errnos: ['EISDIR'],
    says: 'a directory has its name; look at it, and move it away if it is not needed',
  },
  {
    calls: ['watchdog'],
    errnos: ['EBUSY'],
    says:
      'another program feeds it already; leave it to that program, and take it out of the ' +
      'settings',
  },
  {
    calls: ['watchdog'],
    errnos: ['ENOENT'],
    says:
      'this kernel has no such watchdog; correct the setting, or build the kernel with its ' +
      'driver',
  },
  {
    calls: ['watchdog'],
    errnos: ['ENODEV'],
    says:
      'there is no watchdog behind the node; correct the setting, or build the kernel with ' +
      'its driver',
  },
  {
    calls: ['mkdir'],
    errnos: ['EROFS'],
    says:
      'the directory is missing and the file system it belongs on is read-only; add it to ' +
      'the root file system image',
  },
  {
    calls: ['mkdir'],
    errnos: ['ENOTDIR'],
    says:
      'something that is no directory stands in its place, and symlinks are not followed ' +
      'here; look at it, and move it away if it is not needed',
  },
  {
    // native/tree-entries.h: most_names().
    calls: ['opendir', 'unlink'],
    errnos: ['EOVERFLOW'],
    says:
      'the list of its names does not end, because somebody keeps renaming or making files in ' +
      'it; find who does (`fuser -v DIRECTORY`), end that, and repeat this',
  },
];

/** The probable cause of a failed call, and the cure; '' if no rule matches. */
export function probableCause({ syscall, errno, fstype }: Attempt): string {
  const rule = ERRNO_RULES.find(
    (each) =>
      each.calls.includes(syscall) &&
      each.errnos.includes(errno) &&
      (each.fstype === undefined || each.fstype === fstype),
  );
  return rule?.says ?? '';
}
