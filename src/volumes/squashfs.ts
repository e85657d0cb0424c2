import type { VolumeType } from './volume-type.js';

export const SQUASHFS_SUPERBLOCK = 96;
/** `hsqs`: since version 4.0 the superblock is little-endian on every machine. */
const MAGIC = 0x73717368;

/** The bytes that an image uses, from its superblock; null for other content. */
export const squashfsBytes = (start: Buffer): bigint | null =>
  start.length < SQUASHFS_SUPERBLOCK || start.readUInt32LE(0) !== MAGIC
    ? null
    : start.readBigUInt64LE(40);

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
    const used = squashfsBytes(start);
    if (used === null) return null;
    const inodes = start.readUInt32LE(4);
    const time = start.readUInt32LE(8);
    const flags = start.readUInt16LE(24).toString(16);
    const superblock = crcOf(start.subarray(0, SQUASHFS_SUPERBLOCK));
    return (
      `squashfs made ${time}, ${inodes} inodes, ${used} bytes, flags ${flags}, ` +
      `superblock ${superblock}`
    );
  },
  unmountableText: (on) => `${on} holds squashfs, a read-only image: it is not the data partition`,
};
