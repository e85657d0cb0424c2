import t from 'tap';
import { lastRoot } from '../../../../src/explain/story/last-root.js';
import { lastRootWords } from '../../../../src/explain/sentences/words.js';
import { readLines } from '../../../fixtures/complaints.js';

const EXT4 = 'EXT4-fs (sda1): mounted filesystem with ordered data mode. Opts: (null)';

t.test('the root on which process 1 ended', async (t) => {
  const last = (...lines: string[]) => lastRoot(readLines(...lines), 'rootfs');
  t.same(last('Run /init as init process'), { on: 'first', place: 'rootfs' });
  t.match(last('Run /init as init process', EXT4), { on: 'either', other: { where: 'sda1' } });
  t.match(last(EXT4, 'Run /init as init process'), { on: 'first' }, 'an earlier mount is not its');
  t.match(last('Run /init as init process', EXT4, 'systemd[1]: Switching root.'), { on: 'next' });
  t.match(
    last('Run /init as init process', 'run-init: /sbin/init: No such file or directory'),
    { on: 'next' },
    'run-init looks for the program on the new root',
  );
});

t.test('in words', async (t) => {
  const place = { fstype: 'squashfs', where: '/dev/mtdblock2' };
  t.equal(lastRootWords({ on: 'first', place }), 'on squashfs on /dev/mtdblock2');
  t.match(lastRootWords({ on: 'first', place: 'unknown' }), /does not show/);
  t.match(lastRootWords({ on: 'next', place: 'rootfs' }), /another root/);
  t.match(lastRootWords({ on: 'either', place: 'rootfs', other: place }), /or on squashfs/);
});
