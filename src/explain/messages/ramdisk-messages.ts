import { once, type MessageRow } from './message-row.js';
import { keyed } from '../../text/keyed.js';

/** Messages of the kernel about an initrd, as a cpio archive and as an image. */
export const RAMDISK_MESSAGES: readonly MessageRow[] = [
  {
    pattern: /^INITRD: (.*?)(?: - disabling initrd)?$/,
    source: 'init/initramfs.c: reserve_initrd_mem; arch/arm/mm/init.c',
    tells: once('refused', ([, why]) => why!),
  },
  {
    pattern: /^checking if image is initramfs\.\.\. ?it is$/,
    source: 'init/initramfs.c: populate_rootfs',
    until: '2.6.28',
    tells: (seen, _match, line) => {
      seen.tried ??= { value: true, ...line };
      seen.isCpio ??= { value: true, ...line };
    },
  },
  {
    pattern:
      /^(?:Trying to unpack rootfs image as initramfs|Unpacking initramfs|checking if image is initramfs(?!.*it isn't))/,
    source: 'init/initramfs.c: populate_rootfs',
    tells: once('tried', () => true),
  },
  {
    pattern:
      /^(?:rootfs image is not initramfs \((.*)\)|checking if image is initramfs\.\.\. ?it isn't \((.*)\)|it isn't \((.*)\)); looks like an initrd/,
    source: 'init/initramfs.c: populate_rootfs',
    tells: once('notCpio', ([, since26, joined, apart]) => since26 ?? joined ?? apart ?? ''),
  },
  {
    pattern: /^it is$/,
    source: 'init/initramfs.c: populate_rootfs',
    until: '2.6.28',
    weak: true,
    when: ({ tried }) => tried !== undefined,
    tells: once('isCpio', () => true),
  },
  {
    pattern: /^Initramfs unpacking failed: (.*)$/,
    source: 'init/initramfs.c: populate_rootfs',
    tells: once('unpackFailed', ([, why]) => why!),
  },
  {
    pattern: /^RAMDISK: (\S+)(?: image| filesystem)? (?:image )?found at block/,
    source: 'init/do_mounts_rd.c: identify_ramdisk_image',
    tells: once('image', ([, found]) => found!),
  },
  {
    pattern: /^RAMDISK: Couldn't find valid RAM disk image/,
    source: 'init/do_mounts_rd.c: identify_ramdisk_image',
    tells: once('image', () => ''),
  },
  {
    pattern:
      /^RAMDISK: (image too big! .*|EOF while reading compressed data|error while reading compressed data|incomplete write.*|could not.*|.* decompressor not configured!)$/,
    source: 'init/do_mounts_rd.c: rd_load_image, compr_fill',
    tells: once('imageFailed', ([, why]) => why!),
  },
  {
    pattern:
      /^(?:uncompression error|crc error|invalid compressed format.*|XZ-compressed data is corrupt|LZMA data is corrupt|ZSTD-compressed data is .*)$/,
    source: 'lib/decompress_*.c',
    tells: once('imageFailed', ([why]) => why),
  },
  {
    // Since 7.0 it is said of an image for root=/dev/ram0, and no /linuxrc runs.
    pattern: /^using deprecated initrd support, will be removed in January 2027/,
    source: 'init/do_mounts_initrd.c: initrd_load',
    since: '7.0',
    tells: () => {},
  },
  {
    pattern: /^using deprecated initrd support/,
    source: 'init/do_mounts_initrd.c: handle_initrd',
    since: '5.11',
    until: '6.19',
    tells: once('linuxrc', () => true),
  },
  {
    pattern:
      /^(?:Trying to move old root to \/initrd \.\.\. ?)?(okay|failed|\/initrd does not exist\. Ignored\.)$/,
    source: 'init/do_mounts_initrd.c: handle_initrd',
    when: ({ linuxrc, image }) => linuxrc !== undefined || image !== undefined,
    tells: once('oldRoot', ([, how]) => OLD_ROOT[how!] ?? 'no /initrd'),
  },
];

const OLD_ROOT: Record<string, 'moved' | 'failed'> = keyed({ okay: 'moved', failed: 'failed' });
