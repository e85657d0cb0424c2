import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { boardOf, kernelCommandLine, loadBoard, mtdparts } from '../../../../scripts/lib/board.js';
import { checkout } from '../../../../scripts/lib/report.js';

t.test(
  'a partition table is written in the notation of the kernel, in KiB, with read-only ' +
    'partitions marked',
  async (t) => {
    const partitions = [
      { name: 'u-boot', size: 524288 },
      { name: 'rootfs', size: 58195968, readOnly: true },
      { name: 'rootfs_data', size: 67108864, readOnly: false },
    ];
    t.equal(
      mtdparts({ mtdId: '40000000.flash', chips: [], eraseBlock: 262144, partitions }),
      'mtdparts=40000000.flash:512k(u-boot),56832k(rootfs)ro,65536k(rootfs_data)',
    );
  },
);

t.test('an unknown board is refused with the names of the existing ones', async (t) => {
  t.throws(() => loadBoard('no-such-board'), {
    name: 'Failure',
    message: /no-such-board.*vexpress-a9/,
  });
});

t.test('a board has the fields of its base that it does not set', async (t) => {
  const base = loadBoard('vexpress-a9');
  const board = boardOf('try', { base: 'vexpress-a9', qemu: { memory: '64M', arguments: [] } });
  t.strictSame(board, {
    ...base,
    name: 'try',
    qemu: { ...base.qemu, memory: '64M', arguments: [] },
  });
});

t.test('a board.json with a wrong field is refused with its name', async (t) => {
  t.throws(() => boardOf('try', { base: 'vexpress-a9', qemu: { memory: 64 } }), {
    name: 'Failure',
    message: 'cannot use board/try/board.json: qemu.memory is 64, expected string',
  });
  t.throws(() => boardOf('try', {}), { name: 'Failure', message: /kernel is undefined/ });
});

for (const name of readdirSync(join(checkout, 'board'))) {
  const board = loadBoard(name);
  const { chips, eraseBlock, partitions } = board.flash;
  const sum = (numbers: readonly number[]): number =>
    numbers.reduce((total, each) => total + each, 0);

  if (chips.length > 0) {
    t.test(
      `the partitions of ${name} fill its flash exactly and begin and end on erase blocks`,
      async (t) => {
        for (const { name: partition, size } of partitions)
          t.equal(size % eraseBlock, 0, partition);
        t.equal(sum(partitions.map(({ size }) => size)), sum(chips));
      },
    );

    t.test(`the data partition of ${name} is the whole last chip`, async (t) => {
      t.equal(partitions.at(-1)!.size, chips.at(-1));
    });

    t.test(
      `the kernel of ${name} is told the partition that the root file system is written to`,
      async (t) => {
        const index = partitions.findIndex(({ name: partition }) => partition === 'rootfs');
        const words = kernelCommandLine(board).split(' ');
        t.ok(words.includes(`root=/dev/mtdblock${index}`));
        t.ok(words.includes(mtdparts(board.flash)));
        t.ok(words.includes('init=/etc/preinit'));
      },
    );
  } else if (board.disks.length > 0) {
    t.test(
      `the disks of ${name} have one root file system, and the last has settings only`,
      async (t) => {
        const all = board.disks.flatMap((disk) => disk.partitions);
        t.equal(
          new Set(all.map((partition) => partition.name)).size,
          all.length,
          'no name is there twice, for partitions are found by name',
        );
        for (const { name: partition, size } of all) t.equal(size % 2 ** 20, 0, partition);
        t.same(
          board.disks.at(-1)!.partitions.map(({ holds }) => holds),
          ['data'],
        );
        t.equal(all.filter(({ holds }) => holds === 'rootfs').length, 1);
      },
    );

    t.test(
      `the kernel of ${name} is told the partition that the root file system is written to, ` +
        'by its name',
      async (t) => {
        const rootfs = board.disks
          .flatMap((disk) => disk.partitions)
          .find(({ holds }) => holds === 'rootfs')!;
        t.ok(kernelCommandLine(board).split(' ').includes(`root=PARTLABEL=${rootfs.name}`));
      },
    );
  }

  t.test(
    `the applets of ${name} are listed once, and include those of its start-up scripts`,
    async (t) => {
      const { applets } = board.rootfs;
      t.equal(new Set(applets).size, applets.length);
      for (const applet of [
        'sh',
        'init',
        'mount',
        'umount',
        'timeout',
        'cat',
        'mv',
        'sync',
        'mkdir',
        'hostname',
        'ifconfig',
        'reboot',
      ])
        t.ok(applets.includes(applet), applet);
    },
  );
}
