import { complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const damaged = (fstype: string) =>
  complains('damage', ([, device, what]) => ({
    device,
    cause: { code: 'fs-damaged', fstype, device: device ?? null, what: what! },
  }));
const notFound = (fstype: string) =>
  complains('other-content', ([, device]) => ({
    device,
    cause: { code: 'fs-not-found', fstype, device: device ?? null },
  }));

/** What F2FS, EROFS and XFS say when they do not mount. */
export const BLOCK_FS_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: /^F2FS-fs \(([^)]+)\): (?:Magic Mismatch|Can't find valid F2FS filesystem)/,
    source: 'fs/f2fs/super.c: sanity_check_raw_super, read_raw_super_block',
    tells: notFound('f2fs'),
  },
  {
    pattern:
      /^F2FS-fs \(([^)]+)\): (?:write access unavailable|recover fsync data on readonly fs|Need to recover fsync data.*read-only)/,
    source: 'fs/f2fs/super.c: f2fs_fill_super',
    tells: complains('hint', ([, device]) => ({
      device,
      cause: { code: 'fs-journal-read-only', fstype: 'f2fs', device: device! },
    })),
  },
  {
    pattern:
      /^F2FS-fs \(([^)]+)\): (?:Invalid (?:log )?(?:blocksize|block size|sector ?size|log sectorsize)\b\D*(\d*)|.*(?:page|block) size (?:\(?)(\d+))/,
    source: 'fs/f2fs/super.c: sanity_check_raw_super',
    tells: complains('reason', ([, device, log, size]) => ({
      device,
      cause: {
        code: 'fs-block-size',
        fstype: 'f2fs',
        device: device!,
        size: Number(log ?? size) || null,
      },
    })),
  },
  {
    pattern:
      /^F2FS-fs \(([^)]+)\): ((?:.* feature not supported|Filesystem with casefold feature cannot be mounted|.*without CONFIG_\w+).*)$/,
    source: 'fs/f2fs/super.c',
    tells: complains('reason', ([, device, what]) => ({
      device,
      cause: {
        code: 'fs-features',
        fstype: 'f2fs',
        device: device!,
        features: what!,
        writing: false,
      },
    })),
  },
  {
    pattern:
      /^F2FS-fs \(([^)]+)\): ((?:Failed to (?:get valid F2FS checkpoint|initialize F2FS|read .*|recover)|invalid crc|Wrong (?:NAT|SSA|MAIN|CP|SIT|user_block_count|valid).*|Mount failed|Cannot recover|Corrupted|Inconsistent|checksum|Invalid (?:Fs|CP|segment)|Segment .* mismatch).*)$/i,
    source: 'fs/f2fs/super.c, checkpoint.c, segment.c',
    tells: damaged('f2fs'),
  },
  {
    pattern: /^erofs: (?:\(device (\S+)\): )?.*cannot find valid erofs superblock/,
    source: 'fs/erofs/super.c: erofs_read_superblock',
    tells: notFound('erofs'),
  },
  {
    pattern:
      /^erofs(?:: | )\(?(?:device )?([\w-]+)?\)?:? ?(?:\w+: )?(?:blkszbits|(?:.*)blksize|unsupported blksize|dirblkbits|page size)\D*(\d+)?.*isn't supported|^erofs.*unsupported blksize (\d+)/,
    source: 'fs/erofs/super.c: erofs_read_superblock',
    tells: complains('reason', ([, device, bits, size]) => ({
      device,
      cause: {
        code: 'fs-block-size',
        fstype: 'erofs',
        device: device ?? null,
        size: size === undefined ? 2 ** Number(bits) || null : Number(size),
      },
    })),
  },
  {
    pattern:
      /^erofs(?:: | )\(device (\S+)\): (?:\w+: )?(?:(?:unidentified|unsupported) incompatible features? ([0-9a-fx]+)|(unidentified algorithms? [0-9a-fx]+|.*algorithm.*(?:not|isn't) supported.*|compression disabled, unable to mount compressed EROFS|.*(?:not|isn't) (?:enabled|supported|compiled).*))/,
    source: 'fs/erofs/super.c: erofs_read_superblock, z_erofs_parse_cfgs',
    tells: complains('reason', ([, device, features, what]) => ({
      device,
      cause: {
        code: 'fs-features',
        fstype: 'erofs',
        device: device!,
        features: features ?? what!,
        writing: false,
      },
    })),
  },
  {
    pattern:
      /^erofs(?:: | )\(device (\S+)\): (?:\w+: )?((?:invalid (?:superblock )?checksum|cannot read erofs superblock|bogus|corrupted|failed to (?:read|decompress)|rootino|.*(?:decompress|checksum).*(?:fail|error|mismatch)).*)$/,
    source: 'fs/erofs/super.c: erofs_superblock_csum_verify; decompressor.c; inode.c',
    tells: damaged('erofs'),
  },
  {
    pattern: /^XFS \(([^)]+)\): Invalid superblock magic number/,
    source: 'fs/xfs/xfs_super.c, xfs_mount.c',
    tells: notFound('xfs'),
  },
  {
    pattern:
      /^XFS \(([^)]+)\): (?:recovery required on read-only device|write access unavailable, cannot proceed)/,
    source: 'fs/xfs/xfs_log_recover.c',
    tells: complains('reason', ([, device]) => ({
      device,
      cause: { code: 'fs-journal-read-only', fstype: 'xfs', device: device! },
    })),
  },
  {
    pattern:
      /^XFS \(([^)]+)\): (?:Superblock has unknown (?:(read-only compatible)|incompatible|\w+) features \(([0-9a-fx]+)\) enabled|(.*V4 (?:filesystem|format).*(?:not supported|disabled).*))/,
    source: 'fs/xfs/libxfs/xfs_sb.c',
    tells: complains('reason', ([, device, writing, features, what]) => ({
      device,
      cause: {
        code: 'fs-features',
        fstype: 'xfs',
        device: device!,
        features: features ?? what!,
        writing: writing !== undefined,
      },
    })),
  },
  {
    pattern:
      /^XFS \(([^)]+)\): (?:File system with blocksize (\d+) bytes\. Only|.*(?:blocksize|sector size) (\d+).*(?:not supported|greater than))/i,
    source: 'fs/xfs/libxfs/xfs_sb.c',
    tells: complains('reason', ([, device, size, other]) => ({
      device,
      cause: {
        code: 'fs-block-size',
        fstype: 'xfs',
        device: device!,
        size: Number(size ?? other),
      },
    })),
  },
  {
    pattern:
      /^XFS \(([^)]+)\): ((?:SB validate failed|log mount(?:\/recovery)? failed|Metadata (?:corruption|CRC error) detected|Corruption (?:detected|of in-memory data)|Internal error|failed to read root inode|bad .*|.*checksum.*|Torn write|Failed to recover).*)$/i,
    source: 'fs/xfs',
    tells: damaged('xfs'),
  },
];
