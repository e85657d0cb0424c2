import { constants as file } from 'node:fs';
import { constants } from 'node:os';
import t from 'tap';
import { errnoName, errnoText } from '../../../src/system/errno.js';
import {
  MNT_DETACH,
  MOUNT_FLAGS,
  NODE_TYPES,
  RENAME_WHITEOUT,
  flagBits,
  flagText,
} from '../../../src/system/flags.js';
import { SystemError } from '../../../src/system/system-error.js';

t.test(
  "every error number has the name and number of the system's own table, and a text",
  async (t) => {
    const system = Object.entries(constants.errno);
    let known = 0;
    for (let number = 1; number < 600; number++) {
      const name = errnoName(number);
      if (name.startsWith('errno ')) continue;
      known++;
      t.not(errnoText(name), '', name);
      const [, theirs] = system.find(([each]) => each === name) ?? [];
      // Node knows the errors of POSIX; the rest are Linux's own
      // (include/uapi/asm-generic/errno*.h), and the last the kernel's own (include/linux/errno.h).
      const linux: Record<string, number> = { ENOTBLK: 15, EUCLEAN: 117, ENOTSUPP: 524 };
      t.equal(number, theirs ?? linux[name], name);
    }
    t.ok(known >= 40);
  },
);

t.test('an error number that no call documents is still reported', async (t) => {
  t.equal(errnoName(4095), 'errno 4095');
  t.equal(errnoText('errno 4095'), '');
  t.equal(
    new SystemError({ what: 'do it', syscall: 'mount', errno: 'errno 4095', path: '/' }).message,
    'cannot do it: errno 4095',
  );
});

t.test("flags are the kernel's bits", async (t) => {
  // The values of the kernel's header: include/uapi/linux/mount.h.
  t.same(MOUNT_FLAGS, {
    MS_RDONLY: 1,
    MS_NOSUID: 2,
    MS_NODEV: 4,
    MS_NOEXEC: 8,
    MS_REMOUNT: 32,
    MS_NOATIME: 1024,
    MS_BIND: 4096,
    MS_MOVE: 8192,
    MS_REC: 16384,
    MS_UNBINDABLE: 131072,
    MS_PRIVATE: 262144,
    MS_SHARED: 1048576,
  });
  t.same({ MNT_DETACH, RENAME_WHITEOUT }, { MNT_DETACH: 2, RENAME_WHITEOUT: 4 });
  t.same(NODE_TYPES, {
    fifo: file.S_IFIFO,
    character: file.S_IFCHR,
    block: file.S_IFBLK,
    socket: file.S_IFSOCK,
  });
  t.equal(flagBits([]), 0);
  t.equal(flagBits(['MS_REC', 'MS_PRIVATE']), 0x44000);
  t.equal(flagBits(['MS_NOATIME', 'MS_NOATIME']), 1024);
  t.equal(flagText(['MS_REC', 'MS_PRIVATE']), 'MS_REC|MS_PRIVATE');
  t.equal(flagText([]), '0');
});

t.test(
  "an error names the attempt, its object, the kernel's answer, the probable cause and " +
    'the cure',
  async (t) => {
    const cases: [ConstructorParameters<typeof SystemError>[0], string | RegExp][] = [
      [
        {
          what: 'mount jffs2 /dev/mtdblock3 on /tmp/overlay',
          syscall: 'mount',
          errno: 'EIO',
          path: '/tmp/overlay',
          fstype: 'jffs2',
        },
        /^cannot mount jffs2 \/dev\/mtdblock3 on \/tmp\/overlay: EIO \(input\/output error\); the partition holds no valid jffs2 node .*; look at its first bytes, and erase it only if nothing on it is needed$/,
      ],
      [
        { what: 'mount ext4 x on y', syscall: 'mount', errno: 'EIO', path: 'y', fstype: 'ext4' },
        'cannot mount ext4 x on y: EIO (input/output error)',
      ],
      [
        {
          what: 'mount overlay x on y',
          syscall: 'mount',
          errno: 'ENODEV',
          path: 'y',
          fstype: 'overlay',
        },
        /this kernel does not know the file system type; build it with it/,
      ],
      [
        {
          what: 'mount overlay x on y',
          syscall: 'mount',
          errno: 'EINVAL',
          path: 'y',
          fstype: 'overlay',
        },
        /workdir is not beside it/,
      ],
      [
        { what: 'pivot', syscall: 'pivot_root', errno: 'EINVAL', path: '/mnt', dest: '/mnt/rom' },
        /see \/proc\/self\/mountinfo$/,
      ],
      [
        { what: 'create /mnt/x', syscall: 'create', errno: 'ENOSPC', path: '/mnt/x' },
        /the data volume is full/,
      ],
      [
        { what: 'replace /mnt/x', syscall: 'replace', errno: 'ENOSPC', path: '/mnt/x' },
        /the data volume is full .*; free space on it$/,
      ],
      [
        { what: 'copy /a to /b', syscall: 'copy', errno: 'EROFS', path: '/b' },
        /write-protected, or the kernel mounted it read-only/,
      ],
      [
        {
          what: 'erase /dev/mtd3 from byte 0',
          syscall: 'erase',
          errno: 'EROFS',
          path: '/dev/mtd3',
        },
        /write-protected; check for "ro" in the partition table$/,
      ],
      [
        { what: 'attach UBI to mtd3', syscall: 'attach', errno: 'EINVAL', path: 'mtd3' },
        /is no UBI/,
      ],
      [
        {
          what: 'rename /a to /b with RENAME_WHITEOUT',
          syscall: 'renameat2',
          errno: 'EINVAL',
          path: '/a',
        },
        /lacks RENAME_WHITEOUT: .*; use a kernel whose jffs2 is patched for it$/,
      ],
      [
        {
          what: 'set attribute user.x of /a',
          syscall: 'setxattr',
          errno: 'EOPNOTSUPP',
          path: '/a',
        },
        /keeps no extended attributes; build the kernel with them/,
      ],
      [
        {
          what: 'open watchdog /dev/watchdog',
          syscall: 'watchdog',
          errno: 'EBUSY',
          path: '/dev/watchdog',
        },
        /another program feeds it already/,
      ],
    ];
    for (const [attempt, says] of cases) {
      const error = new SystemError(attempt);
      t.match(error.message, says);
      t.notMatch(error.message, /\n|\.$/);
      t.match({ ...error }, attempt, 'and a report finds every part of it');
    }
  },
);
