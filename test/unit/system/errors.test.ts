import { constants } from 'node:os';
import t from 'tap';
import { errnoName, errnoText } from '../../../src/system/errno.js';
import { MOUNT_FLAGS, flagBits, flagText } from '../../../src/system/flags.js';
import { SystemError } from '../../../src/system/system-error.js';

t.test('every error number has the name and number of the system\'s own table, and a text', async (t) => {
  const system = Object.entries(constants.errno);
  let known = 0;
  for (let number = 1; number < 134; number++) {
    const name = errnoName(number);
    if (name.startsWith('errno ')) continue;
    known++;
    t.not(errnoText(name), '', name);
    const [, theirs] = system.find(([each]) => each === name) ?? [];
    // Node knows the errors of POSIX; the rest are Linux's own (include/uapi/asm-generic/errno*.h).
    const linux: Record<string, number> = { ENOTBLK: 15, EUCLEAN: 117 };
    t.equal(number, theirs ?? linux[name], name);
  }
  t.ok(known >= 25);
});

t.test('an error number that no call documents is still told', async (t) => {
  t.equal(errnoName(4095), 'errno 4095');
  t.equal(errnoText('errno 4095'), '');
  t.equal(new SystemError({ what: 'do it', syscall: 'mount', errno: 'errno 4095', path: '/' }).message, 'cannot do it: errno 4095');
});

t.test('flags are the kernel\'s bits', async (t) => {
  // As the kernel's header gives them: include/uapi/linux/mount.h.
  t.same(MOUNT_FLAGS, { MS_RDONLY: 1, MS_NOSUID: 2, MS_NODEV: 4, MS_NOEXEC: 8, MS_REMOUNT: 32, MS_NOATIME: 1024, MS_BIND: 4096, MS_MOVE: 8192, MS_REC: 16384, MS_UNBINDABLE: 131072, MS_PRIVATE: 262144, MS_SHARED: 1048576 });
  t.equal(flagBits([]), 0);
  t.equal(flagBits(['MS_REC', 'MS_PRIVATE']), 0x44000);
  t.equal(flagBits(['MS_NOATIME', 'MS_NOATIME']), 1024);
  t.equal(flagText(['MS_REC', 'MS_PRIVATE']), 'MS_REC|MS_PRIVATE');
  t.equal(flagText([]), '0');
});

t.test('a refused call tells what was attempted, on what, what was said, the probable cause and what to do', async (t) => {
  const cases: [ConstructorParameters<typeof SystemError>[0], string | RegExp][] = [
    [
      { what: 'mount jffs2 /dev/mtdblock3 on /tmp/overlay', syscall: 'mount', errno: 'EIO', path: '/tmp/overlay', fstype: 'jffs2' },
      /^cannot mount jffs2 \/dev\/mtdblock3 on \/tmp\/overlay: EIO \(input\/output error\); the partition holds no valid jffs2 node .*; look at its first bytes, and erase it only if nothing on it is needed$/,
    ],
    [{ what: 'mount ext4 x on y', syscall: 'mount', errno: 'EIO', path: 'y', fstype: 'ext4' }, 'cannot mount ext4 x on y: EIO (input/output error)'],
    [{ what: 'mount overlay x on y', syscall: 'mount', errno: 'ENODEV', path: 'y', fstype: 'overlay' }, /this kernel does not know the file system type; build it with it/],
    [{ what: 'mount overlay x on y', syscall: 'mount', errno: 'EINVAL', path: 'y', fstype: 'overlay' }, /workdir is not beside it/],
    [{ what: 'pivot', syscall: 'pivot_root', errno: 'EINVAL', path: '/mnt', dest: '/mnt/rom' }, /see \/proc\/self\/mountinfo$/],
    [{ what: 'create /mnt/x', syscall: 'create', errno: 'ENOSPC', path: '/mnt/x' }, /the data partition is full/],
  ];
  for (const [attempt, says] of cases) {
    const error = new SystemError(attempt);
    t.match(error.message, says);
    t.notMatch(error.message, /\n|\.$/);
    t.match({ ...error }, attempt, 'and a report finds every part of it');
  }
});
