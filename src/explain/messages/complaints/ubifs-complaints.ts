import { behind, complains, logError } from '../complaint.js';
import type { MessageRow } from '../message-row.js';
import { missingVolume } from './ubi-complaints.js';

/** UBIFS's prefix, with the volume since Linux 4.0. */
const PREFIX =
  /UBIFS (?:error|warning) \((?:(ubi\d+:\d+) )?pid:? \d+\): (?:[a-z_]+(?:\.[a-z0-9.]+)?(?: \[ubifs\])?: )?/;
const ubifs = (words: RegExp): RegExp => behind(PREFIX, words);

const FSTYPE = 'ubifs';

/** What UBIFS says when it does not mount, or gives up writing. */
export const UBIFS_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: ubifs(/cannot open "?([^",]+)"?, error (-\d+)/),
    source: 'fs/ubifs/super.c: ubifs_mount',
    tells: complains('effect', ([, , volume, error], seen) => ({
      device: /^ubi\d*/.exec(volume!)?.[0],
      layer: 'flash',
      cause: missingVolume(volume!, error!, seen),
    })),
  },
  {
    pattern: ubifs(/(LEB size|min\. I\/O unit) mismatch: (\d+) in superblock, (\d+) real/),
    source: 'fs/ubifs/sb.c: validate_sb',
    tells: complains('reason', ([, device, what, image, real]) => ({
      device,
      layer: 'flash',
      cause: {
        code: 'ubifs-other-geometry',
        what: what!,
        image: Number(image),
        real: Number(real),
      },
    })),
  },
  {
    pattern: ubifs(/bad LEB count: (\d+) in superblock, (\d+) on UBI volume/),
    source: 'fs/ubifs/sb.c: validate_sb',
    tells: complains('reason', ([, device, blocks, there]) => ({
      device,
      layer: 'flash',
      cause: {
        code: 'fs-larger-than-device',
        fstype: FSTYPE,
        device: device ?? null,
        blocks: Number(blocks),
        there: Number(there),
      },
    })),
  },
  {
    pattern: ubifs(
      /'?(?:compressor "(\w+)" is not compiled in|unsupported compression type (\d+))/,
    ),
    source: 'fs/ubifs/super.c: mount_ubifs',
    tells: complains('reason', ([, device, method, number]) => ({
      device,
      layer: 'flash',
      cause: {
        code: 'fs-no-decompressor',
        fstype: FSTYPE,
        device: device ?? null,
        method: method ?? `number ${number}`,
      },
    })),
  },
  {
    pattern: ubifs(
      /on-flash format version is (\S+), but software only supports up to version (\S+)/,
    ),
    source: 'fs/ubifs/sb.c: ubifs_read_superblock',
    tells: complains('reason', ([, device, image, own]) => ({
      device,
      layer: 'flash',
      cause: {
        code: 'fs-newer-format',
        fstype: FSTYPE,
        device: device ?? null,
        what: `version ${image}, and the kernel reads up to ${own}`,
      },
    })),
  },
  {
    pattern: ubifs(
      /(authenticated FS found, but no key given|authenticated FS forced, but found FS without authentication|[Ff]ailed to authenticate \w+|cannot read authentication key|hmac \S+ is bigger than maximum|provided key does not fit|unknown hash algo)/,
    ),
    source: 'fs/ubifs/sb.c: authenticate_sb_node; auth.c',
    tells: complains('reason', ([, device, what]) => ({
      device,
      layer: 'flash',
      cause: { code: 'ubifs-authentication', what: what! },
    })),
  },
  {
    pattern: ubifs(/can't format empty UBI volume: read-only mount/),
    source: 'fs/ubifs/super.c: check_volume_empty, mount_ubifs',
    tells: complains('reason', ([, device]) => ({
      device,
      layer: 'flash',
      cause: { code: 'ubifs-empty' },
    })),
  },
  {
    pattern: ubifs(/switched to read-only mode, error (-\d+)/),
    source: 'fs/ubifs/io.c: ubifs_ro_mode',
    tells: complains('damage', ([, device, error], seen) => ({
      device,
      layer: 'flash',
      cause: {
        code: 'fs-went-read-only',
        fstype: FSTYPE,
        device: device ?? null,
        error: logError(error!, seen),
      },
    })),
  },
  {
    pattern: ubifs(
      /(failed to read master node|corrupted? master node|bad master node\b.*|bad node type .*|bad node at LEB .*|bad CRC.*|bad magic .*|bad superblock, error \d+|bad .* length|corrupt(?:ed|ion) .*|.* recovery failed|failed to recover .*)$/,
    ),
    source: 'fs/ubifs/io.c, master.c, scan.c, recovery.c, sb.c',
    tells: complains('damage', ([, device, what]) => ({
      device,
      layer: 'flash',
      cause: { code: 'fs-damaged', fstype: FSTYPE, device: device ?? null, what: what! },
    })),
  },
];
