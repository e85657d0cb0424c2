import { constants } from 'node:os';
import t from 'tap';
import { errnoName, errnoText } from '../../../src/system/errno.js';
import { flagBits, flagText } from '../../../src/system/flags.js';
import { SystemError } from '../../../src/system/system-error.js';

t.test('errno numbers have the names that this machine gives them too', async (t) => {
  for (const [name, number] of Object.entries(constants.errno)) {
    const ours = errnoName(number);
    if (!ours.startsWith('errno ') && name !== 'EWOULDBLOCK' && name !== 'ENOTSUP') t.equal(ours, name);
  }
  t.equal(errnoName(9999), 'errno 9999');
  t.equal(errnoText('EIO'), 'input/output error');
});

t.test('mount flags have the kernel\'s numbers', async (t) => {
  t.equal(flagBits(['MS_REC', 'MS_PRIVATE']), 0x44000);
  t.equal(flagBits(['MS_NOATIME']), 1024);
  t.equal(flagBits(['MS_MOVE']), 8192);
  t.equal(flagBits([]), 0);
  t.equal(flagText(['MS_REC', 'MS_PRIVATE']), 'MS_REC|MS_PRIVATE');
  t.equal(flagText([]), '0');
});

t.test('an error says what was attempted, on what, what the kernel said, the probable cause and what to do', async (t) => {
  const error = new SystemError({ what: 'mount jffs2 /dev/mtdblock3 on /tmp/overlay', syscall: 'mount', errno: 'EIO', path: '/tmp/overlay', fstype: 'jffs2' });
  t.match(error.message, /^cannot mount jffs2 \/dev\/mtdblock3 on \/tmp\/overlay: EIO \(input\/output error\); the partition holds no valid jffs2 node .*; look at its first bytes/);
  t.notMatch(error.message, /\n|\.$/);
  t.match(error, { syscall: 'mount', errno: 'EIO', path: '/tmp/overlay', fstype: 'jffs2' });
  t.equal(new SystemError({ what: 'list /x', syscall: 'opendir', errno: 'EACCES', path: '/x' }).message, 'cannot list /x: EACCES (permission denied)');
});
