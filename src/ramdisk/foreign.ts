/** Recognises data that people take for a ramdisk, and that the kernel does not know. */

interface ForeignRow {
  when: (head: Buffer) => boolean;
  /** Continues "it is ". */
  means: string;
  cure: string;
}

const begins =
  (hex: string) =>
  (head: Buffer): boolean =>
    head.toString('hex', 0, hex.length / 2) === hex;

/** The bytes that `foreignIn` needs. */
export const FOREIGN_BYTES = 512;

const PACK = 'pack it with `mountroot ramdisk pack`, or `cpio -H newc`';
const GZIP = 'compress it with `gzip -n`';
const NAME_RAMDISK = 'name the file of the ramdisk';

/**
 * A header of lzma-alone: properties, a dictionary of 4 KiB to 1 GiB, and an unknown or believable
 * size. The kernel recognises only the usual properties, with a dictionary of whole 64 KiB.
 */
function isLzma(head: Buffer): boolean {
  if (head.length < 13 || head[0]! >= 225) return false;
  const dictionary = head.readUInt32LE(1);
  const size = head.readBigUInt64LE(5);
  const usual = [1, 1.5].some((half) => Number.isInteger(Math.log2(dictionary / half)));
  const known = size === 0xffff_ffff_ffff_ffffn || size < 2n ** 40n;
  return usual && dictionary >= 4096 && dictionary <= 2 ** 30 && known && size > 0n;
}

const FOREIGN = {
  'lz4-frame': {
    when: begins('04224d18'),
    means:
      "an lz4 stream in lz4's frame format, and the kernel reads only the older one, the legacy " +
      'format',
    cure: 'compress it with `lz4 -l`',
  },
  'skippable-frame': {
    when: (head) => head.length >= 4 && (head.readUInt32LE() & 0xffff_fff0) === 0x184d_2a50,
    means: 'a frame of zstd or lz4 that programs skip, and that the kernel does not know',
    cure: 'compress it with `zstd` itself, and with one thread',
  },
  lzip: { when: begins('4c5a4950'), means: 'an lzip stream', cure: GZIP },
  compress: { when: begins('1f9d'), means: 'a stream of compress (.Z)', cure: GZIP },
  zip: { when: begins('504b0304'), means: 'a zip archive', cure: PACK },
  sevenzip: { when: begins('377abcaf271c'), means: 'a 7z archive', cure: PACK },
  'cpio-binary': {
    when: (head) => begins('c771')(head) || begins('71c7')(head),
    means: 'a cpio archive of the old binary kind, which the kernel does not read',
    cure: PACK,
  },
  tar: {
    when: (head) => head.toString('latin1', 257, 262) === 'ustar',
    means: 'a tar archive',
    cure: PACK,
  },
  elf: { when: begins('7f454c46'), means: 'a program or a kernel (ELF)', cure: NAME_RAMDISK },
  zimage: {
    when: (head) =>
      head.length >= 60 &&
      (head.readUInt32LE(0x24) === 0x016f_2818 ||
        head.toString('latin1', 56, 60) === 'ARM\x64' ||
        head.toString('latin1', 56, 60) === 'RSC\x05'),
    means: 'a kernel',
    cure: NAME_RAMDISK,
  },
  uimage: {
    when: begins('27051956'),
    means: "U-Boot's header, behind another header that the boot loader removes",
    cure: 'wrap it once, and not twice',
  },
  'device-tree': {
    when: begins('d00dfeed'),
    means: 'a device tree blob, or a FIT image within another image',
    cure: NAME_RAMDISK,
  },
  zlib: {
    when: (head) =>
      head.length >= 2 &&
      head[0] === 0x78 &&
      head.readUInt16BE() % 31 === 0 &&
      (head[1]! & 0x20) === 0,
    means: 'a zlib stream, which has no gzip header',
    cure: GZIP,
  },
  'lzma-parameters': {
    when: isLzma,
    means:
      'an lzma stream with other parameters than the usual ones, and the kernel recognises only ' +
      'those (5d 00)',
    cure: 'compress it with `xz --format=lzma`, without other parameters',
  },
  'erased-flash': {
    when: (head) => head.length >= 16 && head.every((byte) => byte === 0xff),
    means: 'erased flash (nothing but ff)',
    cure: 'copy only as many bytes as the ramdisk has',
  },
} as const satisfies Record<string, ForeignRow>;

export type Foreign = keyof typeof FOREIGN;

/** The first row that matches counts; null for data that nothing is known of. */
export const foreignFormat = (head: Buffer): Foreign | null =>
  (Object.keys(FOREIGN) as Foreign[]).find((code) => FOREIGN[code].when(head)) ?? null;

export const foreignText = (code: Foreign): Pick<ForeignRow, 'means' | 'cure'> => FOREIGN[code];
