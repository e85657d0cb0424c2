import t from 'tap';
import { COMPLAINT_TABLES } from '../../../../../src/explain/messages/complaints/index.js';
import { readLines, walkComplaints } from '../../../../fixtures/complaints.js';

t.test('UBI, in the words of old and new kernels', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.ubi, [
    [
      'UBI error: validate_ec_hdr: bad VID header offset 512, expected 2048',
      { code: 'ubi-other-layout', what: 'VID header', found: 512, expected: 2048 },
    ],
    [
      'ubi0 error: validate_ec_hdr: bad VID header offset 4096, expected 2048',
      { code: 'ubi-other-layout', found: 4096 },
    ],
    [
      'ubi0 error: validate_ec_hdr [ubi]: bad data offset 8192, expected 4096',
      { code: 'ubi-other-layout', what: 'data' },
    ],
    [
      'ubi0 error: scan_peb: bad image sequence number 1234567 in PEB 44, expected 7654321',
      { code: 'ubi-mixed-images', peb: 44 },
    ],
    [
      'UBI error: process_eb: bad image sequence number 11 in PEB 0, expected 22',
      { code: 'ubi-mixed-images', peb: 0 },
    ],
    [
      'ubi0 error: vtbl_check: too large reserved_pebs 900, good PEBs 512',
      { code: 'ubi-too-small', needed: 900, there: 512 },
    ],
    [
      'ubi1 error: init_volumes: not enough PEBs, required 700, available 600',
      { code: 'ubi-too-small', needed: 700, there: 600 },
    ],
    [
      'UBI error: ubi_eba_init_scan: no enough physical eraseblocks (20, need 21)',
      { code: 'ubi-too-small' },
    ],
    [
      'ubi0 error: late_analysis: MTD device is not UBI-formatted and possibly ' +
        'contains non-UBI data - refusing it',
      { code: 'ubi-not-formatted' },
    ],
    [
      'UBI error: check_what_we_have: MTD device possibly contains non-UBI data, refusing it',
      { code: 'ubi-not-formatted' },
    ],
    ['ubi0 error: late_analysis: too many corrupted PEBs, refusing', { code: 'ubi-damaged' }],
    ['UBI error: process_lvol: both volume tables are corrupted', { code: 'ubi-damaged' }],
    [
      'ubi0 error: ubi_read_volume_table: the layout volume was not found',
      { code: 'ubi-no-volume-table' },
    ],
    [
      'ubi0 error: scan_peb: this UBI version is 1, image version is 2',
      { code: 'fs-newer-format', fstype: 'UBI' },
    ],
    [
      'ubi: refuse attaching mtd4 - MLC NAND is not supported',
      { code: 'ubi-refuses', why: 'MLC NAND is not supported' },
    ],
    ['ubi0 error: io_init: multiple regions, not implemented', { code: 'ubi-refuses' }],
    [
      'UBI error: ubi_init: cannot open mtd rootfs, error -19',
      { code: 'ubi-no-mtd', mtd: 'rootfs', error: { said: '-19', name: 'ENODEV' } },
    ],
    [
      'UBI error: ubi_io_read: error -74 (ECC error) while reading 64 bytes from PEB ' +
        '12:0, read 64 bytes',
      { code: 'ubi-read-error', peb: 12, error: { name: 'EBADMSG' } },
    ],
    [
      'ubi0 warning: ubi_io_read: error -5 while reading 2048 bytes from PEB 3:4096, ' +
        'read only 0 bytes, retry',
      { code: 'ubi-read-error', peb: 3, error: { name: 'EIO' } },
    ],
    ['ubi0: empty MTD device detected', { code: 'ubi-empty' }],
    ['UBI: empty MTD device detected', { code: 'ubi-empty' }],
    [
      'ubi0 error: ubi_attach_mtd_dev: failed to attach mtd6, error -22',
      { code: 'ubi-cannot-attach', mtd: '6', error: { name: 'EINVAL' } },
    ],
    [
      'UBI error: ubi_attach_mtd_dev: failed to attach by scanning, error -22',
      { code: 'ubi-cannot-attach', mtd: null },
    ],
    ['UBI error: cannot attach mtd6', { code: 'ubi-cannot-attach', error: null }],
    [
      "ubi: block: can't open volume on ubi0_3, err=-19",
      { code: 'ubi-volume-missing', volume: 'ubi0_3' },
    ],
  ]);
});

t.test('UBIFS, in the words of old and new kernels', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.ubifs, [
    [
      'UBIFS error (pid 1): ubifs_get_sb: cannot open "ubi0:rootfs", error -19',
      { code: 'ubi-volume-missing', volume: 'ubi0:rootfs', attached: [] },
    ],
    [
      [
        'ubi0: attached mtd3 (name "ubi", size 120 MiB)',
        'UBIFS error (pid: 1): cannot open "ubi0:system", error -19',
      ],
      { code: 'ubi-volume-missing', volume: 'ubi0:system', attached: ['ubi0'] },
    ],
    [
      ['ubi0: empty MTD device detected', 'UBIFS error (pid: 1): cannot open "ubi0:a", error -19'],
      { code: 'ubi-empty' },
    ],
    [
      'UBIFS error (ubi0:0 pid 1): ubifs_read_superblock: LEB size mismatch: 129024 ' +
        'in superblock, 126976 real',
      { code: 'ubifs-other-geometry', what: 'LEB size', image: 129024, real: 126976 },
    ],
    [
      'UBIFS error (pid 1): validate_sb: min. I/O unit mismatch: 8 in superblock, 2048 real',
      { code: 'ubifs-other-geometry', image: 8, real: 2048 },
    ],
    [
      'UBIFS error (ubi0:0 pid 1): ubifs_read_superblock: bad LEB count: 900 in ' +
        'superblock, 500 on UBI volume, 17 minimum required',
      { code: 'fs-larger-than-device', blocks: 900, there: 500 },
    ],
    [
      'UBIFS error (ubi0:0 pid 1): mount_ubifs: \'compressor "zstd" is not compiled in',
      { code: 'fs-no-decompressor', method: 'zstd' },
    ],
    [
      'UBIFS error (pid 1): mount_ubifs: unsupported compression type 3',
      { code: 'fs-no-decompressor', method: 'number 3' },
    ],
    [
      'UBIFS error (pid 1): ubifs_read_superblock: on-flash format version is w5/r1, ' +
        'but software only supports up to version w4/r0',
      { code: 'fs-newer-format' },
    ],
    [
      'UBIFS error (ubi0:0 pid 1): ubifs_read_superblock: authenticated FS found, but no key given',
      { code: 'ubifs-authentication' },
    ],
    [
      "UBIFS error (ubi0:0 pid 1): mount_ubifs: can't format empty UBI volume: read-only mount",
      { code: 'ubifs-empty' },
    ],
    [
      'UBIFS warning (ubi0:0 pid 80): ubifs_ro_mode.part.0: switched to read-only mode, error -30',
      { code: 'fs-went-read-only', error: { name: 'EROFS' } },
    ],
    [
      'UBIFS error (ubi0:0 pid 1): ubifs_read_node: bad node type (255 but expected 9)',
      { code: 'fs-damaged', fstype: 'ubifs', device: 'ubi0:0' },
    ],
    [
      'UBIFS error (ubi0:0 pid 1): ubifs_recover_master_node: failed to recover master node',
      { code: 'fs-damaged' },
    ],
  ]);
});

t.test('jffs2, in the words of old and new kernels', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.jffs2, [
    ['jffs2: Too few erase blocks (3)', { code: 'jffs2-too-few-blocks', blocks: 3 }],
    ['Too few erase blocks (4)', { code: 'jffs2-too-few-blocks', blocks: 4 }],
    [
      'Cowardly refusing to erase blocks on filesystem with no valid JFFS2 nodes',
      { code: 'jffs2-finds-nothing' },
    ],
    [
      'jffs2: jffs2_scan_eraseblock(): Magic bitmask 0x1985 not found at 0x00020000: ' +
        '0x7371 instead',
      { code: 'jffs2-other-content', found: '7371' },
    ],
    [
      'jffs2_scan_eraseblock(): Magic bitmask 0x1985 not found at 0x00000000: 0x8519 instead',
      { code: 'jffs2-other-byte-order' },
    ],
    ['jffs2: Old JFFS2 bitmask found at 0x00000000', { code: 'fs-newer-format' }],
    ['jffs2: inconsistent device description', { code: 'jffs2-refuses-flash' }],
    ['jffs2: jffs2_flush_wbuf(): Write failed with -5', { code: 'flash-write-error' }],
    [
      'jffs2: CLEANMARKER node found at 0x00040000, not first node in block (0x00040000)',
      { code: 'fs-damaged', fstype: 'jffs2' },
    ],
  ]);
});

t.test('flash chips and their partitions', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.mtd, [
    [
      'mtd: partition "rootfs" extends beyond the end of device "spi0.0" -- size ' +
        'truncated to 0x700000',
      { code: 'mtd-partition-cut', partition: 'rootfs', chip: 'spi0.0', size: '0x700000' },
    ],
    [
      'MTD: partition "data" is out of reach -- disabled',
      { code: 'mtd-partition-cut', partition: 'data', chip: null },
    ],
    ['nand: No NAND device found', { code: 'flash-no-chip', kind: 'NAND' }],
    ['No NAND device found!!!', { code: 'flash-no-chip' }],
    [
      'spi-nor spi0.0: unrecognized JEDEC id bytes: ff ff ff',
      { code: 'flash-unknown-chip', chip: 'spi0.0', id: 'ff ff ff' },
    ],
    [
      'm25p80 spi1.0: error -110 reading JEDEC ID',
      { code: 'flash-unknown-chip', error: { name: 'ETIMEDOUT' } },
    ],
    [
      'spi-nand spi0.0: unknown raw ID c2 26 03 00',
      { code: 'flash-unknown-chip', id: 'c2 26 03 00' },
    ],
    ['physmap-flash 8000000.nor: map_probe failed', { code: 'flash-no-chip', kind: 'CFI (NOR)' }],
    ['nand_bbt: error while reading bad block table', { code: 'flash-bad-block-table' }],
    ['No space left to write bad block table', { code: 'flash-bad-block-table' }],
    [
      'nand: WARNING: gpmi-nand: the ECC used on your system (4b/512B) is too weak ' +
        'compared to the one required by the NAND chip (8b/512B)',
      { code: 'flash-weak-ecc' },
    ],
    ['pxa3xx-nand f10d0000.flash: uncorrectable ECC error at page 12', { code: 'flash-ecc' }],
    [
      'MTD: MTD device with name "rootfs" not found.',
      { code: 'no-mtd-partition', root: 'mtd:rootfs' },
    ],
    ['mtd: partition has size 0', { code: 'mtdparts-wrong' }],
  ]);
});

t.test('a MIPS machine numbers its errors in its own way', async (t) => {
  const line =
    'UBI error: ubi_io_read: error -77 while reading 64 bytes from PEB 1:0, read 64 bytes';
  const seen = readLines('CPU0 revision is: 00019650 (MIPS 24KEc)', line);
  t.match(seen.complaints[0]?.value.cause, { error: { said: '-77', name: 'EBADMSG' } });
  t.match(readLines(line).complaints[0]?.value.cause, { error: { said: '-77', name: 'EBADFD' } });
});
