/**
 * A root on a UBI volume, as OpenWrt has it on NAND: the image through ubiblock, and the settings
 * on a UBIFS volume beside it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { buildImage } from '../../scripts/image/build-image.js';
import { blank } from '../../scripts/image/flash.js';
import { board, putOnBench } from '../harness/board.js';
import { nandKernel } from '../harness/nand.js';
import { bootState } from '../harness/records.js';

/** UBI on the whole data chip: the packed root file system, and an empty volume in the rest. */
async function chipWithBoth(t: Test): Promise<Buffer> {
  const { folder: made } = await buildImage(board);
  const folder = t.testdir({
    'ubi.ini':
      `[rootfs]\nmode=ubi\nvol_id=0\nvol_type=static\nvol_name=rootfs\n` +
      `image=${join(made, 'rootfs.squashfs')}\n` +
      '[data]\nmode=ubi\nvol_id=1\nvol_type=dynamic\nvol_name=rootfs_data\n' +
      'vol_size=1MiB\nvol_flags=autoresize\n',
  });
  const [ini, image] = [join(folder, 'ubi.ini'), join(folder, 'ubi.img')];
  const block = String(board.flash.eraseBlock);
  execFileSync('/usr/sbin/ubinize', ['-o', image, '-p', block, '-m', '1', '-Q', '1', ini]);
  const chip = blank(board.flash.chips.at(-1)!);
  readFileSync(image).copy(chip);
  return chip;
}

const PARTITIONS = '512k(u-boot),8m(kernel),56832k(spare)ro,-(ubi)';
const ROOT =
  `mtdparts=${board.flash.mtdId}:${PARTITIONS} ubi.mtd=ubi ubi.block=0,rootfs ` +
  'root=/dev/ubiblock0_0';

t.test('a root on ubiblock keeps its settings in the volume beside it', async (t) => {
  const bench = await putOnBench(t, {
    data: await chipWithBoth(t),
    files: { zImage: await nandKernel() },
  });
  const first = await bench.bootToInit({ append: ROOT });
  t.match(await bootState(first), { rung: 'persistent', reason: null });
  const mounts = await first.output('cat /proc/mounts');
  t.match(mounts, /^\/dev\/(?:root|ubiblock0_0) \/rom squashfs ro/m);
  t.match(mounts, /^\S*ubi0_1 \/overlay ubifs rw/m);
  await first.output('echo mine >/root/mine && sync');
  await first.kill();

  // The volume with the settings has a block device too.
  const second = await bench.bootToInit({ append: `${ROOT} ubi.block=0,rootfs_data` });
  t.match(await bootState(second), { rung: 'persistent', reason: null });
  t.equal(await second.output('cat /root/mine'), 'mine\n');
  t.match(await second.output('cat /proc/mounts'), /^\S*ubi0_1 \/overlay ubifs rw/m);
  await second.kill();
});
