import { behind, complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

/** `SQUASHFS error: `, and `squashfs: ` since 5.6 for what a mount refuses. */
const PREFIX = /(?:(?:squashfs: )?SQUASHFS error|squashfs(?: \([^)]*\))?)(?: \[[^\]]*\])?: /;
const squashfs = (words: RegExp): RegExp => behind(PREFIX, words);

const FSTYPE = 'squashfs';

/** What squashfs says when it does not mount, or cannot read what it mounted. */
export const SQUASHFS_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: squashfs(/Can't find a SQUASHFS superblock on (\S+)/),
    source: 'fs/squashfs/super.c: squashfs_fill_super',
    tells: complains('other-content', ([, device]) => ({
      device,
      cause: { code: 'fs-not-found', fstype: FSTYPE, device: device! },
    })),
  },
  {
    pattern: squashfs(
      /Filesystem uses "(\w+)" compression. This is not supported|(?:Filesystem uses unknown|unknown) compression (\S+)/,
    ),
    source: 'fs/squashfs/super.c: supported_squashfs_filesystem',
    tells: complains('reason', ([, method, number]) => ({
      cause: {
        code: 'fs-no-decompressor',
        fstype: FSTYPE,
        device: null,
        method: method ?? `number ${number}`,
      },
    })),
  },
  {
    pattern: squashfs(
      /(Major\/Minor mismatch, (?:older Squashfs (\S+) filesystems are unsupported|trying to mount newer (\S+) filesystem))/,
    ),
    source: 'fs/squashfs/super.c: supported_squashfs_filesystem',
    tells: complains('reason', ([, , older, newer]) => ({
      cause: {
        code: 'fs-newer-format',
        fstype: FSTYPE,
        device: null,
        what:
          older === undefined
            ? `version ${newer}, which is newer than the kernel's`
            : `version ${older}, which is older than the kernel reads`,
      },
    })),
  },
  {
    pattern: squashfs(/Page size > filesystem block size \((\d+)\)/),
    source: 'fs/squashfs/super.c: squashfs_fill_super',
    tells: complains('reason', ([, size]) => ({
      cause: { code: 'fs-block-size', fstype: FSTYPE, device: null, size: Number(size) },
    })),
  },
  {
    pattern: squashfs(
      /((?:unable|Unable) to read (?:squashfs_super_block|(?:xattr )?(?:id|inode lookup|fragment|directory|export|uid|gid)(?: lookup)?(?: index)? table).*|squashfs image failed sanity check.*|[Ff]ailed to read (?:the )?superblock.*)/,
    ),
    has: ['unable to read', 'sanity check', 'failed to read'],
    source: 'fs/squashfs/super.c: squashfs_fill_super',
    tells: complains('damage', ([, what]) => ({
      cause: { code: 'squashfs-cut', what: what! },
    })),
  },
  {
    pattern: squashfs(
      /((?:Unable to read (?:data cache entry|fragment cache entry|metadata cache entry|page|inode|directory).*)|.*[Ff]ailed to read block.*|.*(?:decompression failed|inflate error|inflate.* failed|uncompress.*failed|data probably corrupt).*)/,
    ),
    has: ['unable to read', 'failed', 'inflate error', 'probably corrupt'],
    source: 'fs/squashfs/block.c, cache.c, *_wrapper.c',
    tells: complains('damage', ([, what]) => ({
      cause: { code: 'fs-damaged', fstype: FSTYPE, device: null, what: what! },
    })),
  },
];
