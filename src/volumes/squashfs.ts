import type { VolumeType } from './volume-type.js';

const SUPERBLOCK_BYTES = 96;
const MAGIC = 0x73717368;

/**
 * A read-only image (fs/squashfs/squashfs_fs.h: struct squashfs_super_block). Reproducible images
 * all have the same time, so its identity includes where each table begins.
 */
export const squashfs: VolumeType = {
  signatures: [{ offset: 0, bytes: [0x68, 0x73, 0x71, 0x73], name: 'squashfs superblock' }],
  fileSystem: {
    title: 'squashfs',
    options: [
      'SQUASHFS',
      'SQUASHFS_ZLIB',
      'SQUASHFS_LZO',
      'SQUASHFS_LZ4',
      'SQUASHFS_XZ',
      'SQUASHFS_ZSTD',
    ],
    readonly: true,
  },
  mountAs: {},
  rootAs: ['squashfs'],
  identity: (start, _, crcOf) => {
    if (start.length < SUPERBLOCK_BYTES || start.readUInt32LE(0) !== MAGIC) return null;
    const inodes = start.readUInt32LE(4);
    const time = start.readUInt32LE(8);
    const flags = start.readUInt16LE(24).toString(16);
    const used = start.readBigUInt64LE(40);
    const superblock = crcOf(start.subarray(0, SUPERBLOCK_BYTES));
    return (
      `squashfs made ${time}, ${inodes} inodes, ${used} bytes, flags ${flags}, ` +
      `superblock ${superblock}`
    );
  },
  unmountableText: (on) => `${on} holds squashfs, a read-only image: it is not the data partition`,
};
