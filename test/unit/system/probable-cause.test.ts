import t from 'tap';
import { ERRNO_RULES, probableCause } from '../../../src/system/probable-cause.js';

/** Each pair of a call and an error that has a probable cause, with the beginning of the cause. */
const ROWS: [call: string, fstype: string | null, errno: string, begins: string][] = [
  ['mount', 'jffs2', 'EIO', 'the partition holds no valid jffs2 node and is not erased'],
  ['mount', 'jffs2', 'EINVAL', 'jffs2 needs at least 5 erase blocks'],
  ['mount', 'ext4', 'EUCLEAN', 'its journal, its superblock or a table is not as it should be'],
  ['mount', 'ext4', 'EBADMSG', 'its journal, its superblock or a table is not as it should be'],
  ['mount', 'jffs2', 'EROFS', 'the flash or its partition is write-protected'],
  ['mount', 'ubifs', 'EUCLEAN', 'the volume holds what UBIFS does not accept'],
  ['mount', 'ubifs', 'EINVAL', 'the volume holds what UBIFS does not accept'],
  ['mount', 'overlay', 'EINVAL', 'upperdir is on an overlay or read-only'],
  ['mount', 'overlay', 'ENOSPC', 'the data partition is full'],
  ['mount', 'overlay', 'ENOENT', 'a directory named in its options does not exist'],
  ['mount', null, 'ENODEV', 'this kernel does not know the file system type'],
  ['mount', null, 'ENOENT', 'the mountpoint or the device node does not exist'],
  ['mount', null, 'ENXIO', 'there is no device behind the node'],
  ['mount', null, 'EBUSY', 'it is already mounted'],
  ['mount', null, 'EPERM', 'this needs CAP_SYS_ADMIN in the namespace that owns the mounts'],
  ['move', null, 'EINVAL', 'the source is not a mountpoint'],
  ['move', null, 'ENOENT', 'the mountpoint does not exist in the new root'],
  ['umount', null, 'EBUSY', 'a process still has a file or its working directory there'],
  ['pivot_root', null, 'EINVAL', 'a mount involved is shared'],
  ['pivot_root', null, 'EBUSY', 'new_root or put_old is on the mount of the current root'],
  ['pivot_root', null, 'EPERM', 'this needs CAP_SYS_ADMIN'],
  ['remount', null, 'EBUSY', 'a file on it is open for writing'],
  ['erase', null, 'EROFS', 'the partition is write-protected'],
  ['erase', null, 'EACCES', 'the partition is write-protected'],
  ['erase', null, 'EPERM', 'this needs root'],
  ['erase', null, 'EIO', 'the block is worn out or stays locked'],
  ['erase', null, 'EINVAL', 'this is not on the boundary of an erase block'],
  ['erase', null, 'ENOTTY', 'this is no flash'],
  ['erase', null, 'ENOENT', 'the character device of the partition is not in /dev'],
  ['erase', null, 'EBUSY', 'a UBI device or another program holds the partition'],
  ['attach', null, 'EEXIST', 'it is attached already'],
  ['attach', null, 'EINVAL', 'what is on the partition is no UBI'],
  ['attach', null, 'ENODEV', 'there is no such partition'],
  ['attach', null, 'ENOENT', 'there is no /dev/ubi_ctrl'],
  ['attach', null, 'EPERM', 'this needs CAP_SYS_RESOURCE'],
  ['loop', null, 'ENOENT', 'the disk or the loop driver is missing'],
  ['loop', null, 'ENODEV', 'the disk or the loop driver is missing'],
  ['loop', null, 'ENXIO', 'the disk or the loop driver is missing'],
  ['loop', null, 'EBUSY', 'every loop device is in use'],
  ['modprobe', null, 'ENODEV', 'the module is missing, or is of another kernel'],
  ['run', null, 'ENOENT', 'the program, or the interpreter'],
  ['mkfs', null, 'EIO', 'run it by hand'],
  ['wait', null, 'ENODEV', 'its driver, its cable or its name is not right'],
  ['renameat2', null, 'EINVAL', 'this file system lacks RENAME_WHITEOUT'],
  ['renameat2', null, 'ENOSYS', 'this kernel lacks RENAME_WHITEOUT'],
  ['exchange', null, 'EINVAL', 'this file system lacks RENAME_EXCHANGE'],
  ['exchange', null, 'ENOSYS', 'this kernel lacks RENAME_EXCHANGE'],
  ['setxattr', null, 'EOPNOTSUPP', 'the file system keeps no extended attributes'],
  ['copy', null, 'ENOSPC', 'the data volume is full'],
  ['copy', null, 'EROFS', 'the data volume is write-protected'],
  ['replace', null, 'ENOSPC', 'the data volume is full'],
  ['replace', null, 'EROFS', 'the data volume is write-protected'],
  ['replace', null, 'EISDIR', 'a directory has its name'],
  ['watchdog', null, 'EBUSY', 'another program feeds it already'],
  ['watchdog', null, 'ENOENT', 'this kernel has no such watchdog'],
  ['watchdog', null, 'ENODEV', 'there is no watchdog behind the node'],
  ['create', null, 'ENOSPC', 'the data volume is full'],
  ['create', null, 'EROFS', 'the data volume is write-protected'],
  ['mkdir', null, 'ENOSPC', 'the data volume is full'],
  [
    'mkdir',
    null,
    'EROFS',
    'the directory is missing and the file system it belongs on is read-only',
  ],
  ['mkdir', null, 'ENOTDIR', 'something that is no directory stands in its place'],
  ['opendir', null, 'EOVERFLOW', 'the list of its names does not end'],
  ['unlink', null, 'EOVERFLOW', 'the list of its names does not end'],
];

const attempt = (syscall: string, errno: string, fstype: string | null) => ({
  what: 'do it',
  syscall,
  errno,
  path: '/',
  ...(fstype !== null && { fstype }),
});

t.test(
  'each rule is found for each of its calls and errors, in the order of the table',
  async (t) => {
    const pairs = ERRNO_RULES.flatMap(({ calls, errnos, fstype }) =>
      calls.flatMap((call) => errnos.map((errno) => `${call} ${errno} ${fstype ?? ''}`)),
    );
    t.same(
      new Set(pairs),
      new Set(ROWS.map(([call, fstype, errno]) => `${call} ${errno} ${fstype ?? ''}`)),
    );
    t.equal(pairs.length, new Set(pairs).size, 'none of them twice');
    for (const [call, fstype, errno, begins] of ROWS)
      t.ok(
        probableCause(attempt(call, errno, fstype)).startsWith(begins),
        `${call} ${fstype ?? ''} ${errno}: ${probableCause(attempt(call, errno, fstype))}`,
      );
  },
);

t.test('a rule for one file system is not used for another, and no rule is no cause', async (t) => {
  t.equal(probableCause(attempt('mount', 'EIO', 'ext4')), '');
  t.equal(probableCause(attempt('mount', 'EIO', null)), '');
  t.equal(probableCause(attempt('open', 'EROFS', null)), '');
  t.match(probableCause(attempt('mount', 'ENOENT', 'overlay')), /named in its options/);
  t.match(probableCause(attempt('mount', 'ENOENT', 'ext4')), /the device node does not exist/);
});

t.test('the text of a rule fits after a semicolon', async (t) => {
  for (const { says } of ERRNO_RULES) t.match(says, /^[a-z].*[^.]$/);
});
