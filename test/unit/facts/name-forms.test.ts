import t from 'tap';
import { resolve } from '../../../src/facts/devices.js';
import type { MtdPartition } from '../../../src/facts/facts.js';
import { mountOf } from '../../../src/facts/mounted-volume.js';
import { dryRun } from '../../../src/system/dry-run.js';
import { SystemError } from '../../../src/system/system-error.js';
import type { Reader } from '../../../src/system/port.js';
import { mount } from '../../fixtures/facts.js';
import { ext4 } from '../../fixtures/superblocks.js';

const none = (path: string): never => {
  throw new SystemError({ what: `read ${path}`, syscall: 'read', errno: 'ENOENT', path });
};

/** One mtd partition, a UBI device with one volume on another one, and a disk. */
const TEXTS: Record<string, string> = {
  '/sys/class/ubi/ubi0/mtd_num': '5\n',
  '/sys/class/ubi/ubi0_1/name': 'data\n',
  '/sys/class/block/sda1/uevent': 'DEVTYPE=partition\nPARTNAME=part\n',
};
const LISTS: Record<string, string[]> = {
  '/sys/class/ubi': ['ubi0', 'ubi0_1'],
  '/sys/class/block': ['sda1'],
};
const reader: Reader = {
  ...dryRun(),
  readText: (path) => TEXTS[path] ?? none(path),
  list: (path) => LISTS[path] ?? none(path),
  readBytes: (path, offset, length) =>
    path === '/dev/sda1' ? ext4('label').subarray(offset, offset + length) : none(path),
  readLink: none,
  kind: (path) => (path === '/dev/sda1' ? 'block' : 'missing'),
};
const MTD: MtdPartition[] = [
  { index: 3, name: 'flash', size: 0x100000, eraseBlock: 0x10000 },
  { index: 5, name: 'ubi', size: 0x100000, eraseBlock: 0x10000 },
];

/** Each form of a name, and the device that it finds; '' for none. */
const FORMS: [wanted: string, name: string][] = [
  ['PARTLABEL=part', 'sda1'],
  ['PARTLABEL=other', ''],
  ['PARTUUID=01234567-01', ''],
  ['LABEL=label', 'sda1'],
  ['UUID=01234567-89AB-cdef-0123-456789abcdef', 'sda1'],
  ['mtd:flash', 'mtd3'],
  ['mtd:data', ''],
  ['ubi:data', 'ubi0_1'],
  ['ubi0:data', 'ubi0_1'],
  ['ubi1:data', ''],
  ['mtd3', 'mtd3'],
  ['mtdblock3', 'mtd3'],
  ['/dev/mtdblock3', 'mtd3'],
  ['mtd4', ''],
  ['ubi0_1', 'ubi0_1'],
  ['/dev/ubi0_1', 'ubi0_1'],
  ['/dev/sda1', 'sda1'],
  ['/dev/sdb1', ''],
  ['flash', 'mtd3'],
  ['data', 'ubi0_1'],
  ['part', 'sda1'],
  ['fla', ''],
  ['', ''],
];

t.test('each form of a name finds its device', async (t) => {
  for (const [wanted, name] of FORMS) {
    const { found, attach } = resolve(reader, wanted, MTD, ({ index }) => index === 5);
    t.equal(found.map((each) => each.name).join(), name, JSON.stringify(wanted));
    t.equal(attach, null);
  }
});

t.test('a UBI volume is mounted from its node, where there is one', async (t) => {
  const find = (kind: Reader['kind']): string | undefined =>
    resolve({ ...reader, kind }, 'data', MTD, () => false).found[0]?.source;
  t.equal(
    find((path) => (path === '/dev/ubi0_1' ? 'character' : 'missing')),
    '/dev/ubi0_1',
  );
  t.equal(
    find(() => 'missing'),
    'ubi0_1',
    'UBIFS finds the volume without a node',
  );
  t.equal(
    find((path) => (path === '/dev/ubi0_1' ? 'file' : 'missing')),
    'ubi0_1',
    'a file is no node',
  );
});

t.test('a mount is found by each spelling of its UBI volume', async (t) => {
  const device = resolve(reader, 'data', MTD, () => false).found[0];
  for (const source of ['ubi0_1', '/dev/ubi0_1', 'ubi0:data', 'ubi0!data', 'ubi:data', 'ubi!data'])
    t.equal(
      mountOf([mount('/overlay', { fstype: 'ubifs', source })], device)?.source,
      source,
      source,
    );
  for (const source of ['ubi1:data', 'ubi0_2', 'data'])
    t.equal(mountOf([mount('/overlay', { fstype: 'ubifs', source })], device), undefined, source);
});
