/** What a block device's file system calls itself. */
export interface Labels {
  label: string;
  /** Lower case, with dashes; '' where there is none. */
  uuid: string;
}

/**
 * How many bytes of a device's start hold the superblocks looked at: f2fs' volume name ends at
 * 0x87c.
 */
export const SUPERBLOCK_BYTES = 0x87c;

const uuidAt = (bytes: Buffer, at: number): string => {
  const hex = bytes.subarray(at, at + 16).toString('hex');
  return hex.length < 32 || /^0*$/.test(hex)
    ? ''
    : hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

const upToNul = (text: string): string => text.split('\0', 1)[0]!;

/**
 * Label and UUID of ext2/3/4 (fs/ext4/ext4.h: s_uuid 0x68, s_volume_name 0x78) and f2fs
 * (include/linux/f2fs_fs.h: uuid 0x6c, volume_name 0x7c), null for others.
 */
export function readLabels(start: Uint8Array): Labels | null {
  const bytes = Buffer.from(start);
  if (bytes.length >= 0x488 && bytes.readUInt16LE(0x438) === 0xef53)
    return { label: upToNul(bytes.toString('utf8', 0x478, 0x488)), uuid: uuidAt(bytes, 0x468) };
  if (bytes.length >= 0x47c && bytes.readUInt32LE(0x400) === 0xf2f52010)
    return {
      label: upToNul(bytes.toString('utf16le', 0x47c, SUPERBLOCK_BYTES)),
      uuid: uuidAt(bytes, 0x46c),
    };
  return null;
}
