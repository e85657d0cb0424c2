import { gunzipSync } from 'node:zlib';
import { FILE_SYSTEMS } from '../volumes/file-systems.js';

/**
 * The build options of a kernel that decide where its root comes from. A value is `y`, `m`, a text
 * or a number; an option that is not set is absent.
 */
export type KernelConfig = Record<string, string>;

/** These bytes are no kernel configuration. The message is one sentence. */
export class KernelConfigError extends Error {
  override name = 'KernelConfigError';
}

const NAMES = [
  ...[
    'BLK_DEV_INITRD',
    'INITRAMFS_SOURCE',
    'INITRAMFS_FORCE',
    'BLK_DEV_RAM',
    'BLK_DEV_RAM_COUNT',
    'BLK_DEV_RAM_SIZE',
  ],
  ...['RD_GZIP', 'RD_BZIP2', 'RD_LZMA', 'RD_XZ', 'RD_LZO', 'RD_LZ4', 'RD_ZSTD'],
  ...[
    'CMDLINE',
    'CMDLINE_FROM_BOOTLOADER',
    'CMDLINE_EXTEND',
    'CMDLINE_FORCE',
    'CMDLINE_BOOL',
    'CMDLINE_OVERRIDE',
    'BOOT_CONFIG',
    'DEFAULT_INIT',
    'INIT_FALLBACK',
  ],
  ...[
    'ATAGS',
    'ATAGS_PROC',
    'USE_OF',
    'ARM_APPENDED_DTB',
    'ARM_ATAG_DTB_COMPAT',
    'ARM_ATAG_DTB_COMPAT_CMDLINE_EXTEND',
    'ARM_ATAG_DTB_COMPAT_CMDLINE_FROM_BOOTLOADER',
  ],
  ...[
    'BLOCK',
    'TMPFS',
    'DEVTMPFS',
    'DEVTMPFS_MOUNT',
    'MODULES',
    'PRINTK',
    'PRINTK_TIME',
    'LOG_BUF_SHIFT',
    'BINFMT_ELF',
    'BINFMT_SCRIPT',
  ],
  ...[
    'MTD',
    'MTD_BLOCK',
    'MTD_BLOCK_RO',
    'MTD_UBI',
    'MTD_UBI_BLOCK',
    'MTD_CMDLINE_PARTS',
    'MTD_OF_PARTS',
    'MMC',
    'MMC_BLOCK',
    'BLK_DEV_SD',
    'VIRTIO_BLK',
    'NVME_CORE',
    'BLK_DEV_LOOP',
    'EFI_PARTITION',
    'MSDOS_PARTITION',
    'ROOT_NFS',
    'CIFS_ROOT',
    'IP_PNP',
  ],
  'OVERLAY_FS',
  ...Object.values(FILE_SYSTEMS).flatMap((each) => [
    ...(each?.options ?? []),
    ...(each?.mtdOption ? [each.mtdOption] : []),
  ]),
];
const WANTED = new Set(NAMES);

/** A large kernel's configuration has 300 kB. Data that unpacks to more is no configuration. */
const LONGEST = 8 << 20;
/** Most boards' fit into one piece of memory of this size. */
const USUAL = 256 << 10;

const PREFIX = 'CONFIG_';

/**
 * What a .config sets an option to, as it is written there; null if it does not. Without a pattern:
 * a board, which has no compiler then, takes a millisecond for each.
 */
export function settingIn(text: string, name: string): string | null {
  const line = `${PREFIX}${name}=`;
  const before = text.indexOf(`\n${line}`);
  if (before < 0 && !text.startsWith(line)) return null;
  return restOfLine(text, before + 1 + line.length).trimEnd();
}

function restOfLine(text: string, from: number): string {
  const end = text.indexOf('\n', from);
  return text.slice(from, end < 0 ? text.length : end);
}

function valueOf(value: string): string {
  const quoted = /^"(.*)"\r?$/.exec(value);
  return quoted ? quoted[1]!.replace(/\\(.)/g, '$1') : value.trim();
}

/**
 * Reads the lines of a .config: `CONFIG_NAME=value`. A line `# CONFIG_NAME is not set` counts as if
 * it were absent.
 */
export function parseKernelConfig(text: string): KernelConfig {
  const found: KernelConfig = {};
  // A pattern over all lines takes a board, which has no compiler then, 20 ms, and a slice of each
  // line 4 ms.
  for (let at = text.startsWith(PREFIX) ? 0 : nextSetting(text, 0); at >= 0;) {
    const equals = text.indexOf('=', at);
    if (equals < 0) break;
    const name = text.slice(at + PREFIX.length, equals);
    if (WANTED.has(name)) found[name] = valueOf(restOfLine(text, equals + 1));
    at = nextSetting(text, at);
  }
  return found;
}

/** Where the next line with a setting begins; -1 if none does. */
function nextSetting(text: string, from: number): number {
  const at = text.indexOf(`\n${PREFIX}`, from);
  return at < 0 ? at : at + 1;
}

/** The text of a .config, which may be in gzip. @throws {Error} for a damaged gzip file. */
export const textOfConfig = (bytes: Uint8Array): string =>
  (bytes[0] === 0x1f && bytes[1] === 0x8b
    ? gunzipSync(bytes, { maxOutputLength: LONGEST, chunkSize: USUAL })
    : Buffer.from(bytes)
  ).toString('utf8');

/** Distributions put the configuration of each kernel here. */
export const configInBoot = (release: string): string => `/boot/config-${release}`;

/**
 * Reads a .config, or the same text in gzip as /proc/config.gz has it.
 * @throws {KernelConfigError} for bytes that are neither.
 */
export function readKernelConfig(bytes: Uint8Array): KernelConfig {
  let text: string;
  try {
    text = textOfConfig(bytes);
  } catch (error) {
    throw new KernelConfigError(`this gzip file cannot be unpacked (${(error as Error).message})`);
  }
  if (!/^(?:CONFIG_\w+=|# CONFIG_\w+ is not set)/m.test(text))
    throw new KernelConfigError('no line of it has the form CONFIG_NAME=value');
  return parseKernelConfig(text);
}
