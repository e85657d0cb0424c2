/** The size that a superblock claims for its file system. */
import type { ContentKind } from './index.js';

/** The bytes that are needed to read it. */
export const CLAIM_BYTES = 0x560;

/** fs/ext4/ext4.h: struct ext4_super_block, which begins at byte 0x400. */
function ext4Bytes(start: Buffer): bigint {
  const is64Bit = (start.readUInt32LE(0x460) & 0x80) !== 0;
  const blocks =
    BigInt(start.readUInt32LE(0x404)) + (is64Bit ? BigInt(start.readUInt32LE(0x550)) << 32n : 0n);
  const shift = start.readUInt32LE(0x418);
  return shift > 6 ? -1n : blocks * BigInt(1024 << shift);
}

/** include/linux/f2fs_fs.h: struct f2fs_super_block, which begins at byte 0x400. */
function f2fsBytes(start: Buffer): bigint {
  const shift = start.readUInt32LE(0x410);
  return shift < 9 || shift > 16 ? -1n : start.readBigUInt64LE(0x424) * (1n << BigInt(shift));
}

/** In bytes; null if the superblock does not tell. */
export function claimedBytes(kind: ContentKind, start: Buffer): bigint | null {
  if (start.length < CLAIM_BYTES || (kind !== 'ext4' && kind !== 'f2fs')) return null;
  const bytes = kind === 'ext4' ? ext4Bytes(start) : f2fsBytes(start);
  return bytes < 0n ? null : bytes;
}
