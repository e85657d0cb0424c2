/** Data volumes for boards: disks, and flash with UBI. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { blank } from '../../scripts/image/flash.js';
import { board } from './board.js';

/** A disk with a file system, in the folder of a test. */
export function diskWith(t: Test, mkfs: string[], megabytes: number): string {
  const file = join(t.testdir({}), `disk-${mkfs[0]}.img`);
  execFileSync('truncate', ['-s', `${megabytes}M`, file]);
  execFileSync(`/sbin/${mkfs[0]}`, [...mkfs.slice(1), file], { stdio: 'ignore' });
  return file;
}

/**
 * Puts UBI on the whole data chip, with one empty volume in all of it. UBIFS formats it when it is
 * first mounted.
 */
export function ubiChip(t: Test): Buffer {
  const folder = t.testdir({
    'ubi.ini':
      '[data]\nmode=ubi\nvol_id=0\nvol_type=dynamic\nvol_name=rootfs_data\n' +
      'vol_size=8MiB\nvol_flags=autoresize\n',
  });
  execFileSync('/usr/sbin/ubinize', [
    '-o',
    join(folder, 'ubi.img'),
    '-p',
    String(board.flash.eraseBlock),
    '-m',
    '1',
    join(folder, 'ubi.ini'),
  ]);
  const data = blank(board.flash.chips.at(-1)!);
  readFileSync(join(folder, 'ubi.img')).copy(data);
  return data;
}
