import t from 'tap';
import {
  gatherHealth,
  healthTroubles,
  type Health,
} from '../../../../src/report/status/flash-health.js';
import { healthTroubleWords, healthWords } from '../../../../src/report/status/health-words.js';
import type { Mount } from '../../../../src/facts/facts.js';
import type { Reader } from '../../../../src/system/port.js';

const troubles = (health: Health): string[] =>
  healthTroubles(health).map((trouble) => healthTroubleWords(trouble, health));

/** sysfs as a table of files. */
const sysfs = (files: Record<string, string>): Reader =>
  ({
    readText: (path: string) => {
      if (!Object.hasOwn(files, path)) throw new Error(`ENOENT ${path}`);
      return `${files[path]}\n`;
    },
    list: (path: string) => Object.keys(files).filter((file) => file.startsWith(`${path}/`)),
  }) as unknown as Reader;
const below = (at: string, files: Record<string, string | number>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${at}/${name}`, String(text)]));
const mount = (changes: Partial<Mount>): Mount => ({
  id: 1,
  parent: 0,
  device: '0:1',
  root: '/',
  mountpoint: '/overlay',
  options: ['rw'],
  fstype: 'jffs2',
  source: '',
  superOptions: ['rw'],
  ...changes,
});
const MTD = [{ index: 3, name: 'rootfs_data', size: 64 << 20, eraseBlock: 256 << 10 }];
const NOR = below('/sys/class/mtd/mtd3', {
  name: 'rootfs_data',
  type: 'nor',
  size: 67108864,
  erasesize: 262144,
  ecc_strength: 0,
  corrected_bits: 0,
  ecc_failures: 0,
  bad_blocks: 0,
  bitflip_threshold: 0,
});
const NAND = {
  ...below('/sys/class/mtd/mtd5', {
    name: 'ubi',
    type: 'nand',
    size: 134217728,
    erasesize: 131072,
    ecc_strength: 4,
    corrected_bits: 17,
    ecc_failures: 1,
    bad_blocks: 2,
    bitflip_threshold: 3,
  }),
  ...below('/sys/class/ubi/ubi0', {
    max_ec: 1234,
    bad_peb_count: 2,
    reserved_for_bad: 18,
    avail_eraseblocks: 0,
    mtd_num: 5,
    ro_mode: 0,
  }),
  '/sys/class/ubi/ubi0_1/name': 'rootfs_data',
};

t.test('NOR flash has its blocks and no ECC', async (t) => {
  const health = gatherHealth(sysfs(NOR), mount({ device: '31:3', source: '/dev/mtdblock3' }), MTD);
  t.match(health, { mtd: { device: 'mtd3', badBlocks: 0, eccStrength: 0 }, ubi: null, mmc: null });
  t.equal(
    healthWords(health!),
    'mtd3 "rootfs_data": NOR, 256 erase blocks of 256 KiB, none bad, no ECC',
  );
  t.same(troubles(health!), []);
});

for (const source of ['ubi0:rootfs_data', 'ubi0_1', '/dev/ubi0_1', 'ubi:rootfs_data'])
  t.test(`UBI has erase counts, and the NAND below it ECC figures: ${source}`, async (t) => {
    const health = gatherHealth(sysfs(NAND), mount({ fstype: 'ubifs', source }), []);
    t.match(health, {
      mtd: { device: 'mtd5', correctedBits: 17, eccFailures: 1, eccStrength: 4 },
      ubi: {
        device: 'ubi0',
        volume: 'rootfs_data',
        maxEraseCount: 1234,
        badBlocks: 2,
        reservedForBad: 18,
        readonly: false,
      },
    });
    t.equal(
      healthWords(health!),
      'mtd5 "ubi": NAND, 1024 erase blocks of 128 KiB, 2 bad, 17 bits corrected, ' +
        '1 not correctable in this boot; ' +
        'ubi0 "rootfs_data": erased at most 1234 times, 2 bad, 18 kept for bad ones',
    );
    t.match(troubles(health!), [/1 read since the kernel started that its ECC could not correct/]);
  });

t.test('flash at the end of its life is reported', async (t) => {
  const worn = {
    ...NAND,
    '/sys/class/ubi/ubi0/reserved_for_bad': '0',
    '/sys/class/ubi/ubi0/ro_mode': '1',
    '/sys/class/mtd/mtd5/ecc_failures': '0',
  };
  t.match(troubles(gatherHealth(sysfs(worn), mount({ fstype: 'ubifs', source: 'ubi0_1' }), [])!), [
    /gone read-only/,
    /no spare blocks left/,
  ]);
});

t.test('an eMMC estimates its own life', async (t) => {
  const card = (life: string, eol = '0x01') =>
    gatherHealth(
      sysfs(below('/sys/class/block/mmcblk0/device', { life_time: life, pre_eol_info: eol })),
      mount({ fstype: 'ext4', device: '179:3', source: '/dev/mmcblk0p3' }),
      [],
    );
  t.equal(healthWords(card('0x02 0x01')!), 'mmcblk0: 10 to 20% and 0 to 10% of its life used');
  t.same(troubles(card('0x02 0x01')!), []);
  t.match(troubles(card('0x0b 0x01')!), [/more than all of it is used/]);
  t.match(troubles(card('0x02 0x01', '0x03')!), [/near the end/]);
  t.equal(card('0x00 0x00'), null, 'a card that does not say');
});

t.test('a kernel that shows nothing, or nonsense, gives no figures and no error', async (t) => {
  t.equal(gatherHealth(sysfs({}), mount({ device: '31:3' }), MTD), null);
  t.equal(gatherHealth(sysfs({}), mount({ fstype: 'ext4', source: '/dev/sda1' }), MTD), null);
  const odd = gatherHealth(
    sysfs({
      ...NOR,
      '/sys/class/mtd/mtd3/bad_blocks': 'many',
      '/sys/class/mtd/mtd3/ecc_strength': '-1',
    }),
    mount({ device: '31:3' }),
    MTD,
  );
  t.match(odd, { mtd: { badBlocks: null, eccStrength: null } });
  t.match(gatherHealth(sysfs({}), mount({ fstype: 'ubifs', source: 'ubi0_1' }), []), {
    ubi: { maxEraseCount: null },
  });
});
