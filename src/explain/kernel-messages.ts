import type { KernelLog } from '../facts/kernel-log.js';

/** Something the kernel said, and in which words. */
export interface LogLine<T> {
  value: T;
  said: string;
}

/**
 * What a log shows of the kernel's decisions. A member that is missing was not said, which proves
 * something only in a whole log.
 */
export interface KernelMessages {
  release?: LogLine<string>;
  model?: LogLine<string>;
  commandLine?: LogLine<string>;
  /** Words the kernel did not know, which init is given. */
  unknownWords?: LogLine<string>;
  /** The initrd's place was refused, and why. */
  refused?: LogLine<string>;
  /** An initrd was there to be unpacked. */
  tried?: LogLine<true>;
  /** It is no cpio, and is kept as an image: the reason. */
  notCpio?: LogLine<string>;
  /** It is no cpio, and is lost. */
  unpackFailed?: LogLine<string>;
  delay?: LogLine<number>;
  /** What the image was found to be; '' for nothing that is known. */
  image?: LogLine<string>;
  imageFailed?: LogLine<string>;
  /** The image's /linuxrc comes before the real root. */
  linuxrc?: LogLine<true>;
  waiting?: LogLine<string>;
  mounted: LogLine<{ fstype: string; readonly: boolean; device: string | null }>[];
  cannotOpen?: LogLine<{ name: string; device: string; error: number | null }>;
  noneCould?: LogLine<string[]>;
  /** The block devices that the kernel lists when it finds no root. */
  devices: { name: string; number: string; size: number }[];
  /** The initrd that was the root until /linuxrc returned. */
  oldRoot?: LogLine<'moved' | 'no /initrd' | 'failed'>;
  devtmpfs?: LogLine<number>;
  noConsole?: LogLine<true>;
  /** The kernel was done with itself: what comes next is process 1. */
  started?: LogLine<true>;
  /** Programs that were to become process 1, in the order of trying. */
  runs: LogLine<string>[];
  failures: LogLine<{ path: string; error: number | null }>[];
  panic?: LogLine<string>;
  /** The kernel went down as it was told to: user space ran. */
  down?: LogLine<string>;
  /** Nothing was lost and nothing was left out: what is not in the log was not said. */
  whole: boolean;
  /** The last line. */
  last: string | null;
}

interface MessageRow {
  is: RegExp;
  take: (seen: KernelMessages, match: RegExpExecArray, said: string) => void;
}

const number = (text: string | undefined): number | null =>
  text === undefined ? null : Number(text);

/**
 * The kernel's messages about its root, from 2.6 to 6.x:
 * init/{main,initramfs,do_mounts,do_mounts_initrd,do_mounts_rd}.c, drivers/base/devtmpfs.c,
 * kernel/{exit,reboot}.c.
 */
const ROWS: readonly MessageRow[] = [
  {
    is: /^Linux version (\S+)/,
    take: (seen, [, value], said) => (seen.release ??= { value: value!, said: said.slice(0, 60) }),
  },
  {
    is: /^(?:OF: fdt: ?)?Machine(?: model)?: (.+)$/,
    take: (seen, [, value], said) => (seen.model ??= { value: value!, said }),
  },
  {
    is: /^Kernel command line: ?(.*)$/,
    take: (seen, [, value], said) => (seen.commandLine ??= { value: value!.trim(), said }),
  },
  {
    is: /^Unknown kernel command line parameters "(.*)", will be passed to user space/,
    take: (seen, [, value], said) => (seen.unknownWords ??= { value: value!, said }),
  },
  {
    is: /^INITRD: (.*?)(?: - disabling initrd)?$/,
    take: (seen, [, value], said) => (seen.refused ??= { value: value!, said }),
  },
  {
    is: /^(?:Trying to unpack rootfs image as initramfs|Unpacking initramfs|checking if image is initramfs)/,
    take: (seen, _, said) => (seen.tried ??= { value: true, said }),
  },
  {
    is: /^(?:rootfs image is not initramfs \((.*)\)|checking if image is initramfs\.\.\. ?it isn't \((.*)\)|it isn't \((.*)\)); looks like an initrd/,
    take: (seen, [, one, two, three], said) =>
      (seen.notCpio ??= { value: one ?? two ?? three ?? '', said }),
  },
  {
    is: /^Initramfs unpacking failed: (.*)$/,
    take: (seen, [, value], said) => (seen.unpackFailed ??= { value: value!, said }),
  },
  {
    is: /^Waiting (\d+) ?sec before mounting root device/,
    take: (seen, [, value], said) => (seen.delay ??= { value: Number(value), said }),
  },
  {
    is: /^RAMDISK: (\S+)(?: image| filesystem)? (?:image )?found at block/,
    take: (seen, [, value], said) => (seen.image ??= { value: value!, said }),
  },
  {
    is: /^RAMDISK: Couldn't find valid RAM disk image/,
    take: (seen, _, said) => (seen.image ??= { value: '', said }),
  },
  {
    is: /^RAMDISK: (image too big! .*|EOF while reading compressed data|error while reading compressed data|incomplete write.*|could not.*|.* decompressor not configured!)$/,
    take: (seen, [, value], said) => (seen.imageFailed ??= { value: value!, said }),
  },
  {
    is: /^(?:uncompression error|crc error|invalid compressed format.*|XZ-compressed data is corrupt|LZMA data is corrupt|ZSTD-compressed data is .*)$/,
    take: (seen, [value], said) => (seen.imageFailed ??= { value, said }),
  },
  {
    is: /^using deprecated initrd support/,
    take: (seen, _, said) => (seen.linuxrc ??= { value: true, said }),
  },
  {
    is: /^Waiting for root device (.*?)\.\.\.$/,
    take: (seen, [, value], said) => (seen.waiting ??= { value: value!, said }),
  },
  {
    is: /^VFS: Mounted root \((\S+) filesystem\)( readonly)?(?: on device (\d+:\d+))?\.?$/,
    take: (seen, [, fstype, readonly, device], said) =>
      seen.mounted.push({
        value: { fstype: fstype!, readonly: readonly !== undefined, device: device ?? null },
        said,
      }),
  },
  {
    is: /^VFS: Cannot open root device "(.*)" or ([^:]+)(?:: error (-\d+))?$/,
    take: (seen, [, name, device, error], said) =>
      (seen.cannotOpen ??= { value: { name: name!, device: device!, error: number(error) }, said }),
  },
  {
    is: /^No filesystem could mount root, tried: ?(.*)$/,
    take: (seen, [, types], said) =>
      (seen.noneCould ??= { value: types!.split(' ').filter((type) => type !== ''), said }),
  },
  {
    is: /^([0-9a-f]{4}|[0-9a-f]{3}:[0-9a-f]{5}) +(\d+) (\S+)/,
    take: (seen, [, device, blocks, name]) =>
      seen.devices.push({ name: name!, number: fromHex(device!), size: 1024 * Number(blocks) }),
  },
  {
    is: /^(?:Trying to move old root to \/initrd \.\.\. ?)?(okay|failed|\/initrd does not exist\. Ignored\.)$/,
    take: (seen, [, how], said) =>
      void (
        (seen.linuxrc ?? seen.image) &&
        (seen.oldRoot ??= {
          value: how === 'okay' ? 'moved' : how === 'failed' ? 'failed' : 'no /initrd',
          said,
        })
      ),
  },
  {
    is: /^Freeing (?:unused kernel|init) /,
    take: (seen, _, said) => (seen.started ??= { value: true, said }),
  },
  { is: /^devtmpfs: mounted$/, take: (seen, _, said) => (seen.devtmpfs ??= { value: 0, said }) },
  {
    is: /^devtmpfs: error mounting (-\d+)$/,
    take: (seen, [, error], said) => (seen.devtmpfs ??= { value: Number(error), said }),
  },
  {
    is: /^Warning: unable to open an initial console/,
    take: (seen, _, said) => (seen.noConsole ??= { value: true, said }),
  },
  {
    is: /^(?:Run (\/?\S.*) as init process)$/,
    take: (seen, [, value], said) => seen.runs.push({ value: value!, said }),
  },
  {
    is: /^(?:Failed to execute|Default init) (\S+?)(?: failed)?(?: \(error (-\d+)\))?\.?(?: {2}Attempting defaults\.\.\.)?$/,
    take: (seen, [, path, error], said) =>
      seen.failures.push({ value: { path: path!, error: number(error) }, said }),
  },
  {
    is: /^Starting init: (\S+) exists but couldn't execute it \(error (-\d+)\)$/,
    take: (seen, [, path, error], said) =>
      seen.failures.push({ value: { path: path!, error: number(error) }, said }),
  },
  {
    is: /^Kernel panic(?: - not syncing)?: (.*)$/,
    take: (seen, [, value], said) => (seen.panic ??= { value: value!, said }),
  },
  {
    is: /^(?:reboot: (?:Power down|Restarting system|System halted)|Restarting system|Power down|System halted)/,
    take: (seen, [value], said) => (seen.down ??= { value, said }),
  },
];

/** `1f02`, or `103:00001` for what does not fit (block/genhd.c: bdevt_str). */
function fromHex(text: string): string {
  const [major, minor] = text.includes(':')
    ? (text.split(':') as [string, string])
    : [text.slice(0, 2), text.slice(2)];
  return `${parseInt(major, 16)}:${parseInt(minor, 16)}`;
}

/** Finds the kernel's decisions in its messages. */
export function readKernelMessages(log: KernelLog | null): KernelMessages {
  const seen: KernelMessages = {
    mounted: [],
    devices: [],
    runs: [],
    failures: [],
    whole: log !== null && log.fromStart && log.allLevels,
    last: null,
  };
  /** A list that goes on in lines of its own since Linux 5.x, each with a blank before it. */
  let tried: string[] | null = null;
  for (const { text } of log?.lines ?? []) {
    seen.last = text;
    const [, further] = /^ (\S+)$/.exec(text) ?? [];
    if (tried !== null && further !== undefined) {
      tried.push(further);
      continue;
    }
    tried = null;
    for (const { is, take } of ROWS) {
      const match = is.exec(text);
      if (match === null) continue;
      take(seen, match, text);
      if (seen.noneCould?.said === text) tried = seen.noneCould.value;
      break;
    }
  }
  return seen;
}

/** What was seen tells that the kernel went to mount a root itself. */
export const mountsItself = (seen: KernelMessages): string | null =>
  [
    ...seen.mounted,
    seen.cannotOpen,
    seen.noneCould,
    seen.image,
    seen.linuxrc,
    seen.waiting,
    seen.delay,
  ].find((sight) => sight !== undefined)?.said ??
  (/Unable to mount root fs/.test(seen.panic?.value ?? '') ? seen.panic!.said : null);
