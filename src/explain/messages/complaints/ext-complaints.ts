import { behind, complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

/**
 * The prefix of ext2, ext3 and ext4. The device is in parentheses since 2.6.34, and before that
 * behind the prefix if it is named at all.
 */
const PREFIX =
  /EXT([234])-fs(?: error| warning)?(?: \((?:device )?([^)]+)\))?: (?:error: |warning: |INFO: )?(?:ext\d_\w+(?::\d+)?: )?(?:([a-z][a-z0-9-]*): )?/;
const ext = (words: RegExp): RegExp => behind(PREFIX, words);

const named = (
  match: RegExpExecArray,
): { fstype: string; device: string | null; rest: string[] } => {
  const [, version, device, old, ...rest] = match;
  return { fstype: `ext${version}`, device: device ?? old ?? null, rest };
};
const maybe = (device: string | null): { device?: string } => (device === null ? {} : { device });

/** What ext2, ext3 and ext4 say when they do not mount. */
export const EXT_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: ext(/bad geometry: block count (\d+) exceeds size of device \((\d+) blocks\)/),
    source: 'fs/ext4/super.c, fs/ext2/super.c, fs/ext3/super.c',
    tells: complains('reason', (match) => {
      const { fstype, device, rest } = named(match);
      return {
        ...maybe(device),
        cause: {
          code: 'fs-larger-than-device',
          fstype,
          device,
          blocks: Number(rest[0]),
          there: Number(rest[1]),
        },
      };
    }),
  },
  {
    pattern: ext(
      /[Cc]ouldn't mount (RDWR )?because of unsupported optional features \(?#?([0-9a-fx]+)\)?/,
    ),
    source: 'fs/ext4/super.c: ext4_feature_set_ok; fs/ext3/super.c; fs/ext2/super.c',
    tells: complains('reason', (match) => {
      const { fstype, device, rest } = named(match);
      return {
        ...maybe(device),
        cause: {
          code: 'fs-features',
          fstype,
          device,
          features: rest[1]!,
          writing: rest[0] !== undefined,
        },
      };
    }),
  },
  {
    pattern: ext(
      /((?:Filesystem|filesystem) with .* (?:cannot|can not) be mounted .*without CONFIG_(\w+))/,
    ),
    source: 'fs/ext4/super.c: ext4_feature_set_ok',
    tells: complains('reason', (match) => {
      const { fstype, device, rest } = named(match);
      return {
        ...maybe(device),
        cause: { code: 'fs-wants-option', fstype, device, option: rest[1]! },
      };
    }),
  },
  {
    pattern: ext(/Cannot load (\w+) driver/),
    source: 'fs/ext4/super.c: ext4_init_metadata_csum',
    tells: complains('reason', (match) => {
      const { fstype, device, rest } = named(match);
      return {
        ...maybe(device),
        cause: { code: 'fs-wants-module', fstype, device, module: rest[0]! },
      };
    }),
  },
  {
    pattern: ext(
      /(?:[Ww]rite access unavailable, cannot proceed|write access unavailable, skipping orphan cleanup|recovery required on readonly filesystem$)/,
    ),
    source: 'fs/ext4/super.c: ext4_load_journal',
    tells: (seen, match, line) => {
      const { fstype, device } = named(match);
      const fatal = /cannot proceed/.test(line.said);
      complains(fatal ? 'reason' : 'hint', () => ({
        ...maybe(device),
        cause: { code: 'fs-journal-read-only', fstype, device },
      }))(seen, match, line);
    },
  },
  {
    pattern: ext(
      /((?:error loading journal|no journal found|journal inode is deleted|journal UUID does not match|.*journal superblock.*|can't mount with .*journal|Detected aborted journal|couldn't read superblock of external journal|external journal .*)\S*)/,
    ),
    source: 'fs/ext4/super.c: ext4_load_journal, ext4_get_journal; fs/ext3/super.c',
    tells: complains('damage', (match) => {
      const { fstype, device, rest } = named(match);
      return {
        ...maybe(device),
        cause: { code: 'fs-journal-damaged', fstype, device, what: rest[0]! },
      };
    }),
  },
  {
    pattern: ext(
      /([Uu]nrecognized mount option "?([^" ]+)"?.*|[Uu]nknown parameter '?([^' ]+)'?|[Cc]annot specify .*|can't .*rootflags.*)/,
    ),
    source: 'fs/ext4/super.c: parse_options; fs/ext3/super.c',
    tells: complains('reason', (match) => {
      const { fstype, device, rest } = named(match);
      return {
        ...maybe(device),
        cause: { code: 'fs-option', fstype, option: rest[1] ?? rest[2] ?? rest[0]! },
      };
    }),
  },
  {
    pattern: ext(
      /(?:[Uu]nsupported (?:filesystem )?blocksize|[Bb]ad block ?size|[Ii]nvalid block size|.*blocksize too small for device)\D*(\d*)/,
    ),
    source: 'fs/ext4/super.c, fs/ext2/super.c',
    tells: complains('reason', (match) => {
      const { fstype, device, rest } = named(match);
      return {
        ...maybe(device),
        cause: { code: 'fs-block-size', fstype, device, size: Number(rest[0]) || null },
      };
    }),
  },
  {
    pattern: ext(/[Uu]nable to read (?:the )?superblock/),
    source: 'fs/ext4/super.c: ext4_load_super; fs/ext2/super.c; fs/ext3/super.c',
    tells: complains('effect', (match) => {
      const { fstype, device } = named(match);
      return { ...maybe(device), cause: { code: 'fs-superblock-unreadable', fstype, device } };
    }),
  },
  {
    pattern:
      /^(?:EXT([234])-fs(?: error)?(?: \(([^)]+)\))?: (?:error: )?)?VFS: Can't find (?:an )?(ext[234]|Minix)(?: or ext\d)? filesystem(?: on (?:dev )?(\S+?))?\.?$/,
    source: 'fs/ext4/super.c, fs/ext3/super.c, fs/ext2/super.c, fs/minix/inode.c',
    tells: complains('other-content', ([, , device, fstype, old]) => ({
      ...maybe(device ?? old ?? null),
      cause: {
        code: 'fs-not-found',
        fstype: fstype!.toLowerCase(),
        device: device ?? old ?? null,
      },
    })),
  },
  {
    pattern:
      /^(?:EXT4-fs \(([^)]+)\): )?(VFS: Found ext4 filesystem with (?:invalid superblock checksum|unknown checksum algorithm).*|invalid superblock checksum.*)$/,
    source: 'fs/ext4/super.c: ext4_load_super',
    tells: complains('damage', ([, device, what]) => ({
      ...maybe(device ?? null),
      cause: { code: 'fs-damaged', fstype: 'ext4', device: device ?? null, what: what! },
    })),
  },
  {
    pattern:
      /^(JBD2?: (?:no valid journal superblock found|corrupted journal superblock|.*checksum error.*|journal transaction \d+ .* is corrupt.*|recovery failed|.*failed to read block.*|IO error.*))/,
    source: 'fs/jbd2/journal.c, fs/jbd2/recovery.c, fs/jbd/journal.c',
    tells: complains('damage', ([, what]) => ({
      cause: { code: 'fs-journal-damaged', fstype: 'ext4', device: null, what: what! },
    })),
  },
  {
    pattern: /^Aborting journal on device (\S+?)(?:-\d+)?\.?$/,
    source: 'fs/jbd2/journal.c: __jbd2_journal_abort_hard; fs/jbd/journal.c',
    tells: complains('damage', ([, device]) => ({
      device,
      cause: {
        code: 'fs-journal-damaged',
        fstype: 'ext4',
        device: device!,
        what: 'the journal is given up',
      },
    })),
  },
  {
    pattern:
      /^EXT([234])-fs(?: error)?(?: \((?:device )?([^)]+)\))?: (?:[a-z0-9_]+(?::\d+)?: )?(?:inode #\d+: )?(?:block \d+: )?(?:comm [^:]{1,20}: )?((?:group descriptors corrupted|get root inode failed|corrupt root inode|.*[Cc]hecksum (?:for group \d+ )?(?:failed|invalid|verif).*|.*not in group.*|reading directory lblock \d+|bad header.*|iget: .*|checksum invalid|.*bad magic.*|deleted inode referenced.*|bad entry in directory.*|.*corrupt.*|first meta block group too large.*|not enough memory|.*insane.*|.*is not a valid.*).*)$/,
    source: 'fs/ext4/super.c: ext4_check_descriptors; inode.c; fs/ext3; fs/ext2',
    tells: complains('damage', ([, version, device, what]) => ({
      ...maybe(device ?? null),
      cause: {
        code: 'fs-damaged',
        fstype: `ext${version}`,
        device: device ?? null,
        what: what!,
      },
    })),
  },
  {
    pattern: /^EXT([234])-fs(?: \((?:device )?([^)]+)\))?: [Rr]emounting filesystem read-only/,
    source: 'fs/ext4/super.c: ext4_handle_error; fs/ext3/super.c; fs/ext2/super.c',
    tells: complains('effect', ([, version, device]) => ({
      ...maybe(device ?? null),
      cause: {
        code: 'fs-went-read-only',
        fstype: `ext${version}`,
        device: device ?? null,
        error: null,
      },
    })),
  },
];
