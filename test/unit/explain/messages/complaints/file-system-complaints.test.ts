import t from 'tap';
import { COMPLAINT_TABLES } from '../../../../../src/explain/messages/complaints/index.js';
import { walkComplaints } from '../../../../fixtures/complaints.js';

t.test('ext2, ext3 and ext4', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.ext, [
    [
      'EXT4-fs (mmcblk0p2): bad geometry: block count 300000 exceeds size of device ' +
        '(250000 blocks)',
      { code: 'fs-larger-than-device', device: 'mmcblk0p2', blocks: 300000, there: 250000 },
    ],
    [
      "EXT3-fs (sda1): error: couldn't mount because of unsupported optional features (240)",
      { code: 'fs-features', fstype: 'ext3', device: 'sda1', features: '240', writing: false },
    ],
    [
      "EXT4-fs (sda1): couldn't mount RDWR because of unsupported optional features (400)",
      { code: 'fs-features', writing: true },
    ],
    [
      "EXT2-fs: mtdblock3: couldn't mount because of unsupported optional features (4).",
      { code: 'fs-features', fstype: 'ext2', device: 'mtdblock3' },
    ],
    [
      'EXT4-fs (vda): Filesystem with casefold feature cannot be mounted without CONFIG_UNICODE',
      { code: 'fs-wants-option', option: 'UNICODE' },
    ],
    [
      'EXT4-fs (mmcblk0p2): Cannot load crc32c driver.',
      { code: 'fs-wants-module', module: 'crc32c' },
    ],
    [
      'EXT4-fs (mmcblk0p2): write access unavailable, cannot proceed (try mounting with noload)',
      { code: 'fs-journal-read-only', device: 'mmcblk0p2' },
    ],
    [
      'EXT3-fs: INFO: recovery required on readonly filesystem',
      { code: 'fs-journal-read-only', device: null },
    ],
    ['EXT4-fs (sda2): error loading journal', { code: 'fs-journal-damaged' }],
    ['EXT4-fs (sda2): no journal found', { code: 'fs-journal-damaged' }],
    [
      'EXT4-fs (mmcblk0p2): Unrecognized mount option "compress" or missing value',
      { code: 'fs-option', option: 'compress' },
    ],
    [
      'EXT4-fs (vda1): Unsupported filesystem blocksize 65536 (6 log_block_size)',
      { code: 'fs-block-size', size: 65536 },
    ],
    ['EXT4-fs (sdb1): unable to read superblock', { code: 'fs-superblock-unreadable' }],
    ['EXT2-fs: unable to read superblock', { code: 'fs-superblock-unreadable', device: null }],
    [
      "EXT4-fs (mmcblk0p2): VFS: Can't find ext4 filesystem",
      { code: 'fs-not-found', fstype: 'ext4', device: 'mmcblk0p2' },
    ],
    [
      "VFS: Can't find ext3 filesystem on dev mtdblock3.",
      { code: 'fs-not-found', fstype: 'ext3', device: 'mtdblock3' },
    ],
    [
      "EXT2-fs (ram0): error: VFS: Can't find an ext2 filesystem on dev ram0.",
      { code: 'fs-not-found', fstype: 'ext2', device: 'ram0' },
    ],
    [
      'EXT4-fs (sda1): VFS: Found ext4 filesystem with invalid superblock checksum.  Run e2fsck?',
      { code: 'fs-damaged' },
    ],
    ['JBD2: no valid journal superblock found', { code: 'fs-journal-damaged' }],
    [
      'Aborting journal on device mmcblk0p2-8.',
      { code: 'fs-journal-damaged', device: 'mmcblk0p2' },
    ],
    [
      'EXT4-fs (sda1): ext4_check_descriptors: Checksum for group 0 failed (11!=22)',
      { code: 'fs-damaged' },
    ],
    ['EXT4-fs (sda1): group descriptors corrupted!', { code: 'fs-damaged' }],
    [
      'EXT4-fs error (device mmcblk0p2): ext4_find_entry:1455: inode #2: comm ' +
        'swapper/0: reading directory lblock 0',
      { code: 'fs-damaged', device: 'mmcblk0p2' },
    ],
    ['EXT4-fs (mmcblk0p2): Remounting filesystem read-only', { code: 'fs-went-read-only' }],
  ]);
});

t.test('squashfs', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.squashfs, [
    [
      "SQUASHFS error: Can't find a SQUASHFS superblock on mtdblock2",
      { code: 'fs-not-found', fstype: 'squashfs', device: 'mtdblock2' },
    ],
    [
      "squashfs: Can't find a SQUASHFS superblock on mmcblk0p3",
      { code: 'fs-not-found', device: 'mmcblk0p3' },
    ],
    [
      'SQUASHFS error: Filesystem uses "xz" compression. This is not supported',
      { code: 'fs-no-decompressor', method: 'xz' },
    ],
    [
      'SQUASHFS error: Major/Minor mismatch, older Squashfs 3.1 filesystems are unsupported',
      { code: 'fs-newer-format' },
    ],
    [
      'squashfs: Major/Minor mismatch, trying to mount newer 5.0 filesystem',
      { code: 'fs-newer-format' },
    ],
    [
      'squashfs: Page size > filesystem block size (4096).  This is currently not supported!',
      { code: 'fs-block-size', size: 4096 },
    ],
    ['SQUASHFS error: unable to read id index table', { code: 'squashfs-cut' }],
    ['SQUASHFS error: unable to read squashfs_super_block', { code: 'squashfs-cut' }],
    ['SQUASHFS error: xz decompression failed, data probably corrupt', { code: 'fs-damaged' }],
    ['SQUASHFS error: squashfs_read_data failed to read block 0x5a1c', { code: 'fs-damaged' }],
    [
      'SQUASHFS error: Unable to read fragment cache entry [5a1c]',
      { code: 'fs-damaged', fstype: 'squashfs' },
    ],
  ]);
});

t.test('f2fs, erofs and xfs', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.blockFs, [
    [
      'F2FS-fs (mmcblk0p2): Magic Mismatch, valid(0xf2f52010) - read(0x0)',
      { code: 'fs-not-found', fstype: 'f2fs' },
    ],
    [
      "F2FS-fs (mmcblk0p2): Can't find valid F2FS filesystem in 1th superblock",
      { code: 'fs-not-found' },
    ],
    [
      'F2FS-fs (mmcblk0p2): write access unavailable, skipping recovery',
      { code: 'fs-journal-read-only', fstype: 'f2fs' },
    ],
    [
      'F2FS-fs (sda1): Invalid blocksize (16384), supports only 4KB',
      { code: 'fs-block-size', size: 16384 },
    ],
    [
      'F2FS-fs (sda1): Filesystem with casefold feature cannot be mounted without CONFIG_UNICODE',
      { code: 'fs-features' },
    ],
    [
      'F2FS-fs (sda1): Failed to get valid F2FS checkpoint',
      { code: 'fs-damaged', fstype: 'f2fs', device: 'sda1' },
    ],
    ['F2FS-fs (sda1): invalid crc value', { code: 'fs-damaged' }],
    [
      'erofs: (device mmcblk0p2): erofs_read_superblock: cannot find valid erofs superblock',
      { code: 'fs-not-found', fstype: 'erofs' },
    ],
    [
      "erofs: (device vda): erofs_read_superblock: blkszbits 14 isn't supported on this platform",
      { code: 'fs-block-size', size: 16384 },
    ],
    [
      'erofs: (device vda): erofs_read_superblock: unidentified incompatible feature ' +
        '40, please upgrade kernel',
      { code: 'fs-features', features: '40' },
    ],
    [
      'erofs (device vda): unidentified incompatible feature 80, please upgrade kernel',
      { code: 'fs-features', features: '80' },
    ],
    [
      'erofs: (device vda): z_erofs_parse_cfgs: compression disabled, unable to ' +
        'mount compressed EROFS',
      { code: 'fs-features' },
    ],
    [
      'erofs: (device vda): erofs_superblock_csum_verify: invalid checksum ' +
        '0x1234abcd, 0x5678ef01 expected',
      { code: 'fs-damaged', fstype: 'erofs' },
    ],
    ['XFS (sda2): Invalid superblock magic number', { code: 'fs-not-found', fstype: 'xfs' }],
    ['XFS (sda2): recovery required on read-only device.', { code: 'fs-journal-read-only' }],
    [
      'XFS (sda2): Superblock has unknown incompatible features (0x20) enabled.',
      { code: 'fs-features', features: '0x20' },
    ],
    [
      'XFS (sda2): File system with blocksize 65536 bytes. Only pagesize (4096) or ' +
        'less will currently work.',
      { code: 'fs-block-size', size: 65536 },
    ],
    ['XFS (sda2): log mount/recovery failed: error -117', { code: 'fs-damaged', fstype: 'xfs' }],
  ]);
});

t.test('btrfs, cramfs, romfs and FAT', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.otherFs, [
    [
      'BTRFS error (device sda2): devid 2 uuid 01234567-0123-0123-0123-0123456789ab is missing',
      { code: 'btrfs-device-missing', device: 'sda2' },
    ],
    [
      'BTRFS error (device sda2): cannot mount because of unknown incompat features (0x800)',
      { code: 'fs-features', features: '0x800' },
    ],
    [
      'BTRFS error (device sda2): sectorsize 16384 not yet supported for page size 4096',
      { code: 'fs-block-size', size: 16384 },
    ],
    ['BTRFS error (device sda2): superblock checksum mismatch', { code: 'fs-damaged' }],
    ['BTRFS: open_ctree failed', { code: 'btrfs-does-not-open', device: null }],
    [
      'BTRFS error (device sda2): open_ctree failed: -2',
      { code: 'btrfs-does-not-open', device: 'sda2' },
    ],
    [
      'BTRFS: failed to read the system array on sdb1',
      { code: 'btrfs-does-not-open', device: 'sdb1' },
    ],
    ["ext4: Unknown parameter 'foo'", { code: 'fs-option', fstype: 'ext4', option: 'foo' }],
    ['cramfs: wrong magic', { code: 'fs-not-found', fstype: 'cramfs' }],
    ['cramfs: wrong endianness', { code: 'fs-features', features: 'wrong endianness' }],
    [
      "VFS: Can't find a romfs filesystem on dev mtdblock1.",
      { code: 'fs-not-found', fstype: 'romfs', device: 'mtdblock1' },
    ],
    [
      "VFS: Can't find a Minix filesystem V1 | V2 | V3 on device ram0.",
      { code: 'fs-not-found', fstype: 'minix', device: 'ram0' },
    ],
    ['romfs: bad initial checksum on dev mtdblock1.', { code: 'fs-damaged', fstype: 'romfs' }],
    [
      'FAT-fs (mmcblk0p2): bogus number of reserved sectors',
      { code: 'fs-not-found', fstype: 'vfat' },
    ],
  ]);
});

t.test('overlayfs', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.overlay, [
    [
      "overlayfs: filesystem on '/data/upper' not supported as upperdir",
      { code: 'overlay-not-supported', directory: '/data/upper', upper: true },
    ],
    [
      "overlayfs: filesystem on '/lower' not supported",
      { code: 'overlay-not-supported', upper: false },
    ],
    [
      'overlayfs: upper fs is r/o, try multi-lower layers mount',
      { code: 'overlay-upper-read-only' },
    ],
    ["overlayfs: missing 'lowerdir'", { code: 'overlay-options' }],
    [
      'overlayfs: workdir and upperdir must reside under the same mount',
      { code: 'overlay-options' },
    ],
    [
      "overlayfs: failed to resolve '/overlay/work': -2",
      { code: 'overlay-path', path: '/overlay/work', error: { name: 'ENOENT' } },
    ],
    [
      'overlayfs: failed to create directory /overlay/work/work (errno: 30); mounting read-only',
      { code: 'overlay-workdir', error: { name: 'EROFS' } },
    ],
    ['overlayfs: failed to verify upper root origin', { code: 'overlay-stale' }],
    [
      'overlayfs: upperdir is in-use as upperdir/workdir of another mount',
      { code: 'overlay-in-use' },
    ],
    [
      'overlayfs: upper fs does not support tmpfile.',
      { code: 'overlay-upper-lacks', what: 'upper fs does not support tmpfile.' },
    ],
    ['overlayfs: failed to clone upperpath', { code: 'overlay-options' }],
  ]);
});
