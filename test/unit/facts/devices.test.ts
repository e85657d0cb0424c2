import t from 'tap';
import { mayAppear, resolve } from '../../../src/facts/devices.js';
import type { MtdPartition } from '../../../src/facts/facts.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { Reader } from '../../../src/system/port.js';
import { SystemError } from '../../../src/system/system-error.js';
import { ext4, f2fs } from '../../fixtures/superblocks.js';

const mtd = (index: number, name: string): MtdPartition => ({
  index,
  name,
  size: 0x100000,
  eraseBlock: 0x10000,
});

/** A machine's sysfs and devices by path; a link is `-> target`. */
function machine(files: Record<string, string | Buffer>): Reader {
  const none = (path: string): never => {
    throw new SystemError({ what: `read ${path}`, syscall: 'read', errno: 'ENOENT', path });
  };
  const isLink = (path: string): boolean =>
    typeof files[path] === 'string' && files[path].startsWith('-> ');
  return {
    ...dryRun(),
    readText: (path) => (typeof files[path] === 'string' ? files[path] : none(path)),
    readBytes: (path, offset, length) =>
      Buffer.isBuffer(files[path]) ? files[path].subarray(offset, offset + length) : none(path),
    readLink: (path) => (isLink(path) ? (files[path] as string).slice(3) : none(path)),
    kind: (path) => {
      if (files[path] === undefined) return 'missing';
      if (Buffer.isBuffer(files[path])) return 'block';
      return isLink(path) ? 'symlink' : 'file';
    },
    list: (path) => {
      const names = Object.keys(files).flatMap((name) =>
        name.startsWith(`${path}/`) ? [name.slice(path.length + 1).split('/')[0]!] : [],
      );
      return names.length > 0 ? [...new Set(names)].sort() : none(path);
    },
  };
}

const DISKS = {
  '/sys/class/block/mmcblk0p1/uevent': 'DEVTYPE=partition\nPARTNAME=rootfs_data\n',
  '/sys/class/block/mmcblk0p1/dev': '179:1\n',
  '/sys/class/block/mmcblk0p1/size': '2048\n',
  '/sys/class/block/sda/dev': '8:0\n',
  '/sys/class/block/ram0/dev': '1:0\n',
  '/dev/mmcblk0p1': f2fs('größe'),
  '/dev/sda': ext4('settings'),
  '/dev/ram0': ext4('settings'),
  '/dev/disk/by-label/settings': '-> ../../sda',
};
const no = (): boolean => false;
const names = (
  reader: Reader,
  wanted: string,
  partitions: MtdPartition[] = [],
  holdsUbi: (partition: MtdPartition) => boolean = no,
): string[] => resolve(reader, wanted, partitions, holdsUbi).found.map(({ name }) => name);

t.test(
  'a plain name matches an mtd partition, else a UBI volume, else a partition label, ' +
    'always as a whole',
  async (t) => {
    const reader = machine({
      ...DISKS,
      '/sys/class/ubi/ubi0/mtd_num': '5',
      '/sys/class/ubi/ubi0_2/name': 'rootfs_data\n',
      '/dev/mtdblock3': Buffer.alloc(1),
    });
    t.same(names(reader, 'rootfs_data', [mtd(3, 'rootfs_data'), mtd(4, 'old_rootfs_data')]), [
      'mtd3',
    ]);
    t.same(names(reader, 'rootfs_data', [mtd(4, 'old_rootfs_data')]), ['ubi0_2']);
    t.same(names(machine(DISKS), 'rootfs_data'), ['mmcblk0p1']);
    t.same(names(machine(DISKS), 'data'), []);
    t.match(resolve(machine(DISKS), 'rootfs_data', [], no).found, [
      {
        kind: 'block',
        source: '/dev/mmcblk0p1',
        number: '179:1',
        size: 1_048_576,
        label: 'rootfs_data',
      },
    ]);
  },
);

t.test('an mtd partition is mounted from its node, or by number if it has none', async (t) => {
  t.match(
    resolve(machine({ '/dev/mtdblock3': Buffer.alloc(1) }), 'mtd:x', [mtd(3, 'x')], no).found,
    [{ source: '/dev/mtdblock3', number: '31:3' }],
  );
  for (const wanted of ['mtd3', '/dev/mtd3', '/dev/mtdblock3', 'x'])
    t.match(
      resolve(machine({}), wanted, [mtd(3, 'x')], no).found,
      [{ source: 'mtd3', name: 'mtd3' }],
      wanted,
    );
});

t.test(
  'disks are found by label and UUID, and ramdisks and flash are not taken for disks',
  async (t) => {
    const reader = machine(DISKS);
    t.same(names(reader, 'LABEL=settings'), ['sda']);
    t.same(names(reader, 'LABEL=größe'), ['mmcblk0p1']);
    t.same(names(reader, 'UUID=01234567-89AB-CDEF-0123-456789abcdef'), ['sda']);
    t.same(names(reader, 'PARTLABEL=rootfs_data'), ['mmcblk0p1']);
    t.same(names(reader, '/dev/disk/by-label/settings'), ['sda']);
    t.same(names(reader, '/dev/nothing'), []);
  },
);

t.test('a UBI partition is attached once, and its named or only volume is used', async (t) => {
  const holds = ({ index }: MtdPartition): boolean => index === 5;
  t.match(resolve(machine({}), 'rootfs_data', [mtd(5, 'rootfs_data')], holds), {
    found: [],
    attach: 5,
  });
  t.match(resolve(machine({}), 'rootfs_data', [mtd(5, 'ubi')], holds), { found: [], attach: 5 });
  t.match(
    resolve(machine({}), 'rootfs_data', [mtd(6, 'ubi')], holds),
    { found: [], attach: null },
    'nothing is attached that does not hold UBI',
  );
  const attached = machine({
    '/sys/class/ubi/ubi1/mtd_num': '5\n',
    '/sys/class/ubi/ubi1_0/name': 'kernel\n',
    '/sys/class/ubi/ubi1_1/name': 'rootfs_data\n',
  });
  t.same(names(attached, 'rootfs_data', [mtd(5, 'rootfs_data')], holds), ['ubi1_1']);
  t.same(names(attached, 'ubi1:kernel'), ['ubi1_0']);
  t.same(names(attached, 'ubi:kernel'), ['ubi1_0']);
  t.same(names(attached, 'ubi1_1'), ['ubi1_1']);
  t.match(
    resolve(
      machine({ '/sys/class/ubi/ubi1/mtd_num': '5\n' }),
      'rootfs_data',
      [mtd(5, 'rootfs_data')],
      holds,
    ),
    { found: [], attach: null },
    'attached, and without a volume',
  );
});

t.test('devices that may still appear are waited for, and mtd partitions are not', async (t) => {
  for (const wanted of ['LABEL=x', 'UUID=x', 'PARTLABEL=x', '/dev/sda1', 'ubi0:x', 'ubi0_1'])
    t.ok(mayAppear(wanted), wanted);
  for (const wanted of ['rootfs_data', 'mtd3', 'mtd:x', '/dev/mtdblock3', '/dev/mtd3'])
    t.notOk(mayAppear(wanted), wanted);
});
