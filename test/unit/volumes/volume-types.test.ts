import t from 'tap';
import { DEVICE_KINDS, type Device, type DeviceKind } from '../../../src/volumes/device.js';
import { FILE_SYSTEMS, isFileSystem, rootTypes } from '../../../src/volumes/file-systems.js';
import { BYTES_LOOKED_AT } from '../../../src/volumes/identify.js';
import { VOLUME_TYPE_LIST, type ContentKind } from '../../../src/volumes/index.js';
import {
  DISK_MAKERS,
  fstypeOf,
  unmountableText,
  whyUnmountable,
} from '../../../src/volumes/mountable.js';

const KINDS = Object.keys(DEVICE_KINDS) as DeviceKind[];
const device = (kind: DeviceKind): Device => ({
  kind,
  name: { mtd: 'mtd3', ubi: 'ubi0_1', block: 'sda1' }[kind],
  label: '',
  source: { mtd: 'mtd3', ubi: 'ubi0_1', block: '/dev/sda1' }[kind],
  number: null,
  size: 0,
  eraseBlock: null,
});

/** The mount type of each volume type on an mtd partition, a UBI volume and a disk. */
const MOUNTED: Record<ContentKind, [mtd: string, ubi: string, block: string]> = {
  jffs2: ['jffs2', '', ''],
  'erase-marker': ['', '', ''],
  ubi: ['', '', ''],
  ubifs: ['', 'ubifs', ''],
  squashfs: ['', '', ''],
  ext4: ['', '', 'ext4'],
  f2fs: ['', '', 'f2fs'],
  blank: ['jffs2', 'ubifs', ''],
  unknown: ['', '', ''],
  unreadable: ['jffs2', 'ubifs', ''],
};

t.test('each type is mounted only from devices that can hold it', async (t) => {
  for (const [content, fstypes] of Object.entries(MOUNTED))
    KINDS.forEach((kind, index) => {
      const volume = { content: { kind: content as ContentKind, evidence: '' } };
      t.equal(fstypeOf(device(kind), volume) ?? '', fstypes[index], `${content} on ${kind}`);
    });
  t.equal(fstypeOf(device('mtd'), { content: null }), 'jffs2', 'what was not looked at');
});

const LEFT_ALONE = /somebody's data; look at it/;
const SAVE = /copy what can be read .* before anything is written to it$/;
const NO_FILE_SYSTEM = /that could be mounted; make one \(mkfs\.ext4 or mkfs\.f2fs\)$/;

const UNMOUNTABLE: [ContentKind, DeviceKind, reason: string, because: RegExp, doctor: RegExp][] = [
  ['jffs2', 'block', 'unsupported-content', /from a block device;/, /jffs2, which .*block device$/],
  ['jffs2', 'ubi', 'unsupported-content', /from a ubi device;/, /jffs2, which .* a ubi device$/],
  [
    'erase-marker',
    'mtd',
    'erase-marker',
    /erased; `mountroot done` erases it/,
    /holds nothing that could/,
  ],
  ['erase-marker', 'ubi', 'erase-marker', /`ubiupdatevol -t \/dev\/ubi0_1`/, /holds nothing/],
  ['erase-marker', 'block', 'erase-marker', /`mkfs\.ext4 \/dev\/sda1`/, /holds nothing/],
  ['ubi', 'mtd', 'unsupported-content', /from an mtd partition/, /an mtd partition as it is$/],
  ['ubi', 'block', 'unsupported-content', /from a block device/, /from such a device$/],
  ['ubifs', 'mtd', 'unsupported-content', /from an mtd partition/, /partition without UBI$/],
  ['ubifs', 'block', 'unsupported-content', /from a block device/, /from a block device$/],
  ['squashfs', 'mtd', 'unsupported-content', /from an mtd partition/, /a read-only image/],
  ['ext4', 'mtd', 'unsupported-content', /from an mtd partition/, /ext4, which .* mtd partition$/],
  ['f2fs', 'ubi', 'unsupported-content', /from a ubi device/, /f2fs, which .* a ubi device$/],
  ['blank', 'block', 'unknown-content', NO_FILE_SYSTEM, /none is made without an order$/],
  ['unknown', 'mtd', 'unknown-content', LEFT_ALONE, /so it is left alone$/],
  ['unreadable', 'block', 'unknown-content', SAVE, /could not be read/],
];

t.test(
  'a volume that cannot be mounted has a reason, a cause and a sentence for doctor',
  async (t) => {
    for (const [content, kind, reason, because, doctor] of UNMOUNTABLE) {
      const why = whyUnmountable(device(kind), { kind: content, evidence: 'seen' });
      t.equal(why.reason, reason, `${content} on ${kind}`);
      t.match(`${why.because}; ${why.cure}`, because);
      t.ok(why.because.startsWith(`${device(kind).name}: seen; `));
      t.match(unmountableText('it', kind, content), doctor);
    }
  },
);

t.test('the tables derived from the types contain all types', async (t) => {
  t.equal(DISK_MAKERS, 'mkfs.ext4 or mkfs.f2fs');
  t.equal(BYTES_LOOKED_AT, 0x440);
  const fileSystems = VOLUME_TYPE_LIST.map(([kind]) => kind).filter(isFileSystem);
  t.same(fileSystems, ['jffs2', 'ubifs', 'squashfs', 'ext4', 'f2fs']);
  for (const [kind, { mountAs, rootAs }] of VOLUME_TYPE_LIST)
    for (const fstype of [...Object.values(mountAs), ...rootAs])
      t.ok(FILE_SYSTEMS[fstype], `${kind} is mounted as ${fstype}, which is a file system`);
});

t.test('a root is mounted with the type of its content', async (t) => {
  t.same(rootTypes('ext4'), ['ext4', 'ext3', 'ext2']);
  t.same(rootTypes('ext2'), ['ext4', 'ext2'], 'ext3 refuses one without a journal');
  t.same(rootTypes('blank'), ['jffs2']);
  for (const content of ['squashfs', 'jffs2', 'f2fs', 'ubifs', 'cramfs', 'romfs', 'minix'] as const)
    t.same(rootTypes(content), [content]);
  for (const content of ['ubi', 'erase-marker', 'unknown', 'unreadable'] as const)
    t.same(rootTypes(content), []);
});
