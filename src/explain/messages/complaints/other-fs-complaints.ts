import { complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

/** What btrfs, cramfs, romfs and FAT say when they do not mount. */
export const OTHER_FS_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern:
      /^(ext[234]|xfs|f2fs|squashfs|ubifs|jffs2|erofs|btrfs|vfat|cramfs|romfs|overlay|nfs4?|tmpfs): (?:Unknown parameter|Bad value for) '([^']+)'/,
    source: 'fs/fs_parser.c, fs/fs_context.c: vfs_parse_fs_param',
    since: '5.1',
    tells: complains('reason', ([, fstype, option]) => ({
      cause: { code: 'fs-option', fstype: fstype!, option: option! },
    })),
  },
  {
    pattern: /^BTRFS(?: error| warning)?(?: \(device (\S+?)\))?: devid (\d+) uuid \S+ is missing/,
    source: 'fs/btrfs/volumes.c: btrfs_report_missing_device',
    tells: complains('reason', ([, device]) => ({
      device,
      cause: { code: 'btrfs-device-missing', device: device ?? null },
    })),
  },
  {
    pattern:
      /^BTRFS(?: error| critical)?(?: \(device (\S+?)\))?: (?:cannot|couldn't|could not) mount (?:read-write )?because of (?:unsupported|unknown) (?:optional |incompat |compat_ro )?features \(?([0-9a-fx]+)\)?/,
    source: 'fs/btrfs/disk-io.c: btrfs_check_features',
    tells: complains('reason', ([, device, features]) => ({
      device,
      cause: {
        code: 'fs-features',
        fstype: 'btrfs',
        device: device ?? null,
        features: features!,
        writing: false,
      },
    })),
  },
  {
    pattern:
      /^BTRFS(?: error| critical| warning)?(?: \(device (\S+?)\))?: (?:sectorsize|unsupported sectorsize|sector size) (\d+)/,
    source: 'fs/btrfs/disk-io.c: btrfs_validate_super',
    tells: complains('reason', ([, device, size]) => ({
      device,
      cause: { code: 'fs-block-size', fstype: 'btrfs', device: device ?? null, size: Number(size) },
    })),
  },
  {
    pattern:
      /^BTRFS(?: error| critical| warning)?(?: \(device (\S+?)\))?: (superblock checksum mismatch|bad tree block .*|parent transid verify failed.*|checksum verify failed.*|corrupt (?:leaf|node).*|failed to read (?:block groups|tree root|chunk root|log tree).*|level verify failed.*|super_total_bytes .*)$/,
    source: 'fs/btrfs/disk-io.c',
    tells: complains('damage', ([, device, what]) => ({
      device,
      cause: { code: 'fs-damaged', fstype: 'btrfs', device: device ?? null, what: what! },
    })),
  },
  {
    pattern:
      /^(?:BTRFS|btrfs)(?: error)?(?: \(device (\S+?)\))?: (?:failed to read (?:the system array|chunk tree)(?: on (\S+?))?(?:: (-\d+))?|open_ctree failed(?:: (-\d+))?)$/,
    source: 'fs/btrfs/disk-io.c: open_ctree; super.c',
    tells: complains('effect', ([, device, old]) => ({
      device: device ?? old,
      cause: { code: 'btrfs-does-not-open', device: device ?? old ?? null },
    })),
  },
  {
    pattern:
      /^cramfs: (?:wrong magic|(wrong endianness)|(unsupported filesystem features|bad root offset.*|root is not a directory))/,
    source: 'fs/cramfs/inode.c: cramfs_read_super',
    tells: (seen, match, line) => {
      const [, swapped, what] = match;
      if (swapped === undefined && what === undefined)
        complains('other-content', () => ({
          cause: { code: 'fs-not-found', fstype: 'cramfs', device: null },
        }))(seen, match, line);
      else
        complains('reason', () => ({
          cause: {
            code: 'fs-features',
            fstype: 'cramfs',
            device: null,
            features: (swapped ?? what)!,
            writing: false,
          },
        }))(seen, match, line);
    },
  },
  {
    pattern:
      /^VFS: Can't find a (romfs|Minix filesystem V\d[^o]*|qnx4|sysv|ufs|udf|\w+) ?(?:filesystem )?on (?:dev(?:ice)? )?(\S+?)\.?$/i,
    source: 'fs/romfs/super.c, fs/minix/inode.c',
    tells: complains('other-content', ([, fstype, device]) => ({
      device,
      cause: {
        code: 'fs-not-found',
        fstype: fstype!.split(' ')[0]!.toLowerCase(),
        device: device!,
      },
    })),
  },
  {
    pattern: /^romfs: bad initial checksum on dev (\S+?)\.?$/,
    source: 'fs/romfs/super.c: romfs_fill_super',
    tells: complains('damage', ([, device]) => ({
      device,
      cause: {
        code: 'fs-damaged',
        fstype: 'romfs',
        device: device!,
        what: 'its first checksum is wrong',
      },
    })),
  },
  {
    pattern:
      /^(?:FAT-fs|FAT)(?: \(([^)]+)\))?: (?:bogus (?:number|sector|logical)|invalid media value|logical sector size|Can't find a valid FAT|.*not a FAT).*/,
    source: 'fs/fat/inode.c: fat_read_bpb',
    tells: complains('other-content', ([, device]) => ({
      device,
      cause: { code: 'fs-not-found', fstype: 'vfat', device: device ?? null },
    })),
  },
];
