/**
 * The roots of OpenWrt's images: one that is written to, data behind a squashfs on a disk, and the
 * failsafe shell. The calls are those of OpenWrt's preinit.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, openSync, closeSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { stageRootfs } from '../../scripts/image/rootfs.js';
import { mtdparts } from '../../scripts/lib/board.js';
import { board, putOnBench } from '../harness/board.js';
import { rootfsWith } from '../harness/rootfs-variant.js';
import { bootState } from '../harness/records.js';

/** The same flash without a partition of the name rootfs_data. */
const NO_DATA = mtdparts({
  ...board.flash,
  partitions: board.flash.partitions.map((each) => ({
    ...each,
    name: each.name === 'rootfs_data' ? 'spare' : each.name,
  })),
});
const onDisk = (fstype: string, word: string): string =>
  `root=/dev/vda rootfstype=${fstype} ${word} ${NO_DATA}`;

t.test('changes on a writable root last, and nothing is laid over it', async (t) => {
  const disk = join(t.testdir({}), 'root.img');
  execFileSync('truncate', ['-s', '256M', disk]);
  execFileSync('/sbin/mkfs.ext4', ['-q', '-d', await stageRootfs(board), disk]);
  const bench = await putOnBench(t);
  const options = { disks: [disk], append: onDisk('ext4', 'rw') };
  const first = await bench.bootToInit(options);
  t.match(await bootState(first), { rung: 'persistent', reason: null, exit: 0 });
  t.match(await first.output('cat /proc/mounts'), /^\/dev\/root \/ ext4 rw,noatime/m);
  t.match(await first.run('mountroot reset --yes 2>&1'), {
    status: 1,
    output: /keeps its changes itself.*nothing was reset/s,
  });
  await first.output('echo mine >/root/mine && sync');
  await first.kill();
  const second = await bench.bootToInit(options);
  t.equal(await second.output('cat /root/mine'), 'mine\n');
  await second.powerOff();
});

const ALIGNMENT = 64 << 10;

/** A disk with the image, and with `data` behind it if there are any. */
function behind(folder: string, image: string, data: string | null): string {
  const disk = join(folder, 'disk.img');
  copyFileSync(image, disk);
  const used = Number(readFileSync(image).readBigUInt64LE(40));
  const offset = Math.ceil(used / ALIGNMENT) * ALIGNMENT;
  execFileSync('truncate', ['-s', String(offset), disk]);
  execFileSync('truncate', ['-s', String(offset + (32 << 20)), disk]);
  if (data !== null) {
    const file = openSync(disk, 'r+');
    writeSync(file, readFileSync(data), 0, statSync(data).size, offset);
    closeSync(file);
  }
  return disk;
}

function emptyExt4(folder: string): string {
  const file = join(folder, 'data.img');
  execFileSync('truncate', ['-s', '32M', file]);
  execFileSync('/sbin/mkfs.ext4', ['-q', '-F', '-L', 'rootfs_data', file]);
  return file;
}

t.test('settings are kept behind the squashfs of a disk', async (t) => {
  const image = await rootfsWith({});
  const folder = t.testdir({});
  const disk = behind(folder, image, emptyExt4(folder));
  const bench = await putOnBench(t);
  const options = { disks: [disk], append: onDisk('squashfs', 'ro') };
  const first = await bench.bootToInit(options);
  t.match(await bootState(first), { rung: 'persistent', reason: null, warnings: [] });
  t.match(await first.output('cat /proc/mounts'), /^\/dev\/loop0 \/overlay ext4 rw,noatime/m);
  t.equal(await first.output('cat /sys/class/block/loop0/loop/backing_file'), '/dev/vda\n');
  t.equal(await first.output('cat /overlay/.mountroot/attempts'), '0\n', 'done confirmed it');
  await first.output('echo mine >/root/mine && rm /etc/os-release && sync');
  await first.kill();
  const second = await bench.bootToInit(options);
  t.equal(await second.output('cat /root/mine; ls /etc/os-release 2>/dev/null; true'), 'mine\n');
  t.match(await second.run('mountroot reset --yes 2>&1'), { status: 0 });
  await second.powerOff();
  const third = await bench.bootToInit(options);
  t.match(await bootState(third), { rung: 'persistent' });
  t.equal(await third.output('ls /root/mine 2>/dev/null; ls /etc/os-release'), '/etc/os-release\n');
  await third.powerOff();
});

t.test('a file system is made there by order, and a root in memory moves to it', async (t) => {
  const folder = t.testdir({});
  // The board has no e2fsprogs: this program writes a file system that was made on this machine.
  const image = await rootfsWith({
    'usr/share/empty.ext4.gz': execFileSync('gzip', ['-9nc', emptyExt4(folder)], {
      maxBuffer: 1 << 26,
    }),
    'usr/sbin/mkfs.ext4':
      '#!/bin/sh\nfor device; do :; done\nzcat /usr/share/empty.ext4.gz >"$device"\nsync\n',
  });
  const bench = await putOnBench(t);
  const options = { disks: [behind(folder, image, null)], append: onDisk('squashfs', 'ro') };
  const first = await bench.bootToInit(options);
  t.match(await bootState(first), {
    rung: 'volatile',
    reason: 'unknown-content',
    because: /nothing is behind the squashfs on vda.*done --set make=auto/,
  });
  await first.output('echo early >/root/early');
  t.match(await first.run('mountroot done --set make=auto 2>&1'), { status: 0 });
  t.match(await first.output('cat /proc/mounts'), /^\/dev\/loop0 \/overlay ext4 rw/m);
  await first.output('sync');
  await first.kill();
  const second = await bench.bootToInit(options);
  t.match(await bootState(second), { rung: 'persistent', reason: null });
  t.equal(await second.output('cat /root/early'), 'early\n');
  await second.powerOff();
});

/** OpenWrt's preinit runs a shell before mount_root if somebody presses a key. */
const FAILSAFE = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -n -t proc proc /proc
mount -n -t sysfs sysfs /sys
mount -n -t devtmpfs devtmpfs /dev
mount -n -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
touch /tmp/failsafe
mount_root 2>&1 | sed 's/^/shell: /' >/dev/console
echo "shell: attempts $(cat /overlay/.mountroot/attempts), mine $(cat /root/mine)" >/dev/console
exec sleep 100000
`;

t.test('in the failsafe shell the settings are used after a boot loop', async (t) => {
  const bench = await putOnBench(t, { rootfs: await rootfsWith({ 'etc/failsafe': FAILSAFE }) });
  const first = await bench.bootToInit({});
  await first.output('echo mine >/root/mine && echo 5 >/overlay/.mountroot/attempts && sync');
  await first.kill();
  const shell = await bench.boot({ append: 'init=/etc/failsafe' });
  await shell.waitFor(/shell: attempts [^\n]*\n/);
  t.match(shell.console, /shell: mountroot: 5 starts in a row never reached `done`/);
  t.match(shell.console, /shell: attempts 5, mine mine/);
  await shell.kill();
});
