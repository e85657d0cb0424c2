import t from 'tap';
import { COMPLAINT_MESSAGES } from '../../../../src/explain/messages/complaints/index.js';
import { MESSAGES, readKernelMessages } from '../../../../src/explain/messages/kernel-messages.js';
import type { KernelMessages } from '../../../../src/explain/messages/message-row.js';

const read = (...lines: string[]): KernelMessages =>
  readKernelMessages({
    lines: lines.map((text) => ({ time: null, text })),
    fromStart: true,
    allLevels: true,
  });

/** Lines for each row of the table, in its order, and their meaning. */
const EXAMPLES: readonly (readonly [lines: string[], told: object])[] = [
  [['Linux version 6.1.192-x (a@b) #1'], { release: { value: '6.1.192-x' } }],
  [['OF: fdt: Machine model: Some Board'], { model: { value: 'Some Board' } }],
  [['Kernel command line: root=/dev/a ro '], { commandLine: { value: 'root=/dev/a ro' } }],
  [['Command line: BOOT_IMAGE=/a ro'], { commandLine: { value: 'BOOT_IMAGE=/a ro' } }],
  [
    ['Unknown kernel command line parameters "a b", will be passed to user space.'],
    { unknownWords: { value: 'a b' } },
  ],
  [
    ['INITRD: 0x20000000+0x1000 is not a memory region - disabling initrd'],
    { refused: { value: '0x20000000+0x1000 is not a memory region' } },
  ],
  [['checking if image is initramfs... it is'], { isCpio: { value: true } }],
  [['Trying to unpack rootfs image as initramfs...'], { tried: { value: true } }],
  [
    ['rootfs image is not initramfs (no cpio magic); looks like an initrd'],
    { notCpio: { value: 'no cpio magic' } },
  ],
  [['checking if image is initramfs...', 'it is'], { isCpio: { value: true } }],
  [['Initramfs unpacking failed: junk'], { unpackFailed: { value: 'junk' } }],
  [['RAMDISK: gzip image found at block 0'], { image: { value: 'gzip' } }],
  [["RAMDISK: Couldn't find valid RAM disk image starting at 0."], { image: { value: '' } }],
  [
    ['RAMDISK: image too big! (100KiB/64KiB)'],
    { imageFailed: { value: 'image too big! (100KiB/64KiB)' } },
  ],
  [['uncompression error'], { imageFailed: { value: 'uncompression error' } }],
  [
    ['using deprecated initrd support, will be removed in January 2027; use initramfs instead'],
    { linuxrc: undefined },
  ],
  [['using deprecated initrd support, will be removed in 2021.'], { linuxrc: { value: true } }],
  [
    ['RAMDISK: ext2 filesystem found at block 0', 'okay'],
    { image: { value: 'ext2' }, oldRoot: { value: 'moved' } },
  ],
  [['Waiting 3 sec before mounting root device...'], { delay: { value: 3 } }],
  [['Waiting for root device /dev/mmcblk0p2...'], { waiting: { value: '/dev/mmcblk0p2' } }],
  [
    ['VFS: Mounted root (squashfs filesystem) readonly on device 31:2.'],
    { mounted: [{ value: { fstype: 'squashfs', readonly: true, device: '31:2' } }] },
  ],
  [
    ['VFS: Cannot open root device "sda1" or unknown-block(0,0): error -6'],
    { cannotOpen: { value: { name: 'sda1', device: 'unknown-block(0,0)', error: -6 } } },
  ],
  [
    ['No filesystem could mount root, tried: ', ' ext4', ' vfat', 'x', ' no more'],
    { noneCould: { value: ['ext4', 'vfat', 'x'] } },
  ],
  [
    ['Please append a correct "root=" boot option; here are the available partitions:'],
    { listing: { value: true } },
  ],
  [['List of all partitions:'], { listing: { value: true } }],
  [['Disabling rootwait; root= is invalid.'], { rootwaitOff: { value: true } }],
  [['VFS: PARTUUID= is invalid.'], { badPartuuid: { value: true } }],
  [
    ['mtd: device 3 (rootfs) set to be root filesystem'],
    { mtdRoot: { value: { index: 3, name: 'rootfs' } } },
  ],
  [
    ['mmcblk0: p1 p2 < p5 >'],
    {
      scanned: [
        { value: { disk: 'mmcblk0', partitions: ['mmcblk0p1', 'mmcblk0p2', 'mmcblk0p5'] } },
      ],
    },
  ],
  [
    ['1f02           56832 mtdblock2 ', '103:00001 77 nvme0n1p1'],
    {
      devices: [
        { value: { name: 'mtdblock2', number: '31:2', size: 56_832 << 10 } },
        { value: { name: 'nvme0n1p1', number: '259:1' } },
      ],
    },
  ],
  [
    ['check access for rdinit=/init failed: -2, ignoring'],
    { noEarlyInit: { value: { path: '/init', error: -2 } } },
  ],
  [['devtmpfs: mounted'], { devtmpfs: { value: 0 } }],
  [['devtmpfs: error mounting -2'], { devtmpfs: { value: -2 } }],
  [['Freeing unused kernel image (initmem) memory: 1024K'], { started: { value: true } }],
  [['Warning: unable to open an initial console.'], { noConsole: { value: true } }],
  [['Run /sbin/init as init process'], { runs: [{ value: '/sbin/init' }] }],
  [
    ['Failed to execute /linuxrc (error -8)', 'Failed to execute /a.  Attempting defaults...'],
    { failures: [{ value: { path: '/linuxrc', error: -8 } }, { value: { path: '/a' } }] },
  ],
  [
    ["Starting init: /bin/sh exists but couldn't execute it (error -13)"],
    { failures: [{ value: { path: '/bin/sh', error: -13 } }] },
  ],
  [
    ['Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100'],
    { panic: { value: { kind: 'init-ended', exitCode: 256 } } },
  ],
  [['Rebooting in 3 seconds..'], { panic: { value: { kind: 'cut', message: '' } } }],
  [['reboot: Power down'], { down: { value: 'reboot: Power down' } }],
  [['init started: BusyBox v1.36.1'], { programs: [{ value: 'init started: BusyBox v1.36.1' }] }],
  [['CPU0 revision is: 00019374 (MIPS 24Kc)'], { mips: { value: true } }],
  [['ubi0: attached mtd5 (name "ubi", size 96 MiB)'], { ubi: [{ value: 'ubi0' }] }],
  [
    ['mmcblk1: mmc1:aaaa SD8GB 7.40 GiB'],
    { cards: [{ value: { device: 'mmcblk1', host: 'mmc1' } }] },
  ],
  [
    ['EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode. Opts: (null)'],
    { fileSystems: [{ value: { fstype: 'ext4', device: 'mmcblk0p2' } }] },
  ],
  [
    ['UBIFS (ubi0:1): UBIFS: mounted UBI device 0, volume 1, name "rootfs", R/O mode'],
    { fileSystems: [{ value: { fstype: 'ubifs', device: 'ubi0:1' } }] },
  ],
  [['systemd[1]: Switching root.'], { handovers: [{ value: true }] }],
];

/** The rows about complaints have tests of their own, in complaints/. */
const ROWS = MESSAGES.filter((row) => !COMPLAINT_MESSAGES.includes(row));

t.test('each row of the table matches its message, and no row before it does', async (t) => {
  t.equal(EXAMPLES.length, ROWS.length, 'each row has an example');
  for (const [row, [lines, told]] of EXAMPLES.entries()) {
    const { pattern, source } = ROWS[row]!;
    const own = lines.find((line) => pattern.test(line)) ?? '';
    t.ok(own, `row ${row} is of this message: ${lines.join(' | ')}`);
    t.equal(
      MESSAGES.findIndex((each) => each.pattern.test(own)),
      row,
      own,
    );
    t.match(read(...lines), told, own);
    t.match(source, /^\w.*\.c/, 'and says who prints it');
  }
});

t.test('a MIPS numbers its errors in its own way', async (t) => {
  const line = 'VFS: Cannot open root device "sda1" or unknown-block(8,1): error -145';
  t.match(read('CPU0 revision is: 00019374 (MIPS 24Kc)', line).cannotOpen?.value, { error: -110 });
  t.match(read(line).cannotOpen?.value, { error: -145 }, 'no other machine has this number');
});

t.test('the first message of a kind counts, and its words are kept', async (t) => {
  t.match(read('Linux version 1.1', 'Linux version 2.2').release, {
    value: '1.1',
    said: 'Linux version 1.1',
  });
  t.equal(read('okay').oldRoot, undefined, 'a common word counts only behind an image');
});
