/**
 * U-Boot's legacy image header (include/image.h of U-Boot): 64 bytes, all numbers big-endian,
 * before the data.
 */
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ARCHITECTURES, type Architecture } from './architectures.js';
import type { RamdiskFault, RamdiskProblem } from './ramdisk-problem.js';
import { ByteSource } from './source.js';

const MAGIC = 0x2705_1956;
const HEADER = 64;
const NAME = { at: 32, length: 32 };
const HEADER_CRC = 4;

export { HEADER as UIMAGE_HEADER };

const LINUX = 5;
const RAMDISK = 3;
/**
 * U-Boot hands a ramdisk over as it is: it checks the checksums, the system, the processor and the
 * type, and never looks at the compression (boot_get_ramdisk, boot/image-board.c). The field names
 * the compression that U-Boot must undo. The kernel unpacks the ramdisk itself, so the field is
 * always "none".
 */
const NOT_COMPRESSED = 0;

/** Types of images that we tell apart (include/image.h: IH_TYPE_*). */
export const UIMAGE_TYPES = { kernel: 2, ramdisk: RAMDISK, multi: 4, tree: 8 } as const;

const TYPE_NAMES: Record<number, string> = {
  1: 'a standalone program',
  [UIMAGE_TYPES.kernel]: 'a kernel',
  [UIMAGE_TYPES.ramdisk]: 'a ramdisk',
  [UIMAGE_TYPES.multi]: 'several files',
  5: 'firmware',
  6: 'a script',
  7: 'a file system',
  [UIMAGE_TYPES.tree]: 'a device tree',
  14: 'a kernel without a load address',
};

export const uimageType = (type: number): string => TYPE_NAMES[type] ?? `type ${type}`;

/** Compressions, by U-Boot's numbers (IH_COMP_*). */
const COMPRESSIONS = ['none', 'gzip', 'bzip2', 'lzma', 'lzo', 'lz4', 'zstd'] as const;

export const uimageCompression = ({ compression }: UImage): string =>
  COMPRESSIONS[compression] ?? `compression ${compression}`;

export interface UImage {
  name: string;
  /** Seconds since 1970. */
  time: number;
  /** The size of the data after the header. */
  size: number;
  loadAddress: number;
  entry: number;
  compression: number;
  type: number;
  os: number;
  arch: number;
  /** CRC-32 of the data. */
  checksum: number;
}

/** A damaged header, or a ramdisk that cannot be wrapped. */
export class UImageError extends Error {
  override name = 'UImageError';
}

const headerChecksum = (header: Buffer): number => {
  const copy = Buffer.from(header);
  copy.writeUInt32BE(0, HEADER_CRC);
  return crc32(copy);
};

/**
 * Consumes the header if there is one. U-Boot removes it, so the kernel never sees it.
 * @throws {UImageError} if it is damaged.
 */
export async function peelUImage(source: ByteSource): Promise<UImage | null> {
  const uimage = parseUImage(await source.peek(HEADER), source.offset);
  if (uimage !== null) await source.read(HEADER);
  return uimage;
}

/** @param at the header's place, for errors. @throws {UImageError} if it is damaged. */
export function parseUImage(header: Buffer, at: number): UImage | null {
  if (header.length < 4 || header.readUInt32BE() !== MAGIC) return null;
  if (header.length < HEADER)
    throw new UImageError(
      `the U-Boot header at byte ${at} ends after ${header.length} of its ${HEADER} bytes; ` +
        'the file is cut short',
    );
  if (headerChecksum(header) !== header.readUInt32BE(HEADER_CRC))
    throw new UImageError(
      `the U-Boot header at byte ${at} has a wrong checksum, so the file is damaged; ` +
        'U-Boot would say "Bad Header Checksum"',
    );
  const name = header.subarray(NAME.at, NAME.at + NAME.length);
  return {
    name: name.subarray(0, name.includes(0) ? name.indexOf(0) : NAME.length).toString(),
    time: header.readUInt32BE(8),
    size: header.readUInt32BE(12),
    loadAddress: header.readUInt32BE(16),
    entry: header.readUInt32BE(20),
    checksum: header.readUInt32BE(24),
    os: header[28]!,
    arch: header[29]!,
    type: header[30]!,
    compression: header[31]!,
  };
}

export interface HandedOver {
  /** null without a header; the whole file is then the ramdisk. */
  uimage: UImage | null;
  /** The bytes that U-Boot gives to the kernel: exactly as many as the header says. */
  source: ByteSource;
  /** Reads the rest and compares its checksum; null if U-Boot finds no fault. */
  verify: () => Promise<RamdiskProblem | null>;
}

/** The reason why U-Boot refuses the ramdisk. The kernel never sees such a ramdisk. */
const unfit = (offset: number, fault: RamdiskFault): RamdiskProblem => ({
  offset,
  inside: null,
  kernelSays: null,
  fault,
});

/**
 * The part of a source that reaches the kernel. @throws {UImageError} for a header that U-Boot
 * refuses.
 */
export async function handedOver(source: ByteSource): Promise<HandedOver> {
  const uimage = await peelUImage(source);
  if (uimage === null) return { uimage, source, verify: () => Promise.resolve(null) };
  const begin = source.offset;
  let [got, sum] = [0, 0];
  async function* data(): AsyncGenerator<Buffer, void> {
    for (
      let chunk;
      got < uimage!.size && (chunk = await source.chunk(uimage!.size - got)) !== null;
    ) {
      got += chunk.length;
      sum = crc32(chunk, sum);
      yield chunk;
    }
  }
  const inner = ByteSource.from(data(), begin);
  const verify = async (): Promise<RamdiskProblem | null> => {
    while ((await inner.chunk()) !== null);
    if (got < uimage.size)
      return unfit(begin + got, { code: 'uimage-cut', said: uimage.size, got });
    return sum === uimage.checksum ? null : unfit(begin, { code: 'uimage-checksum' });
  };
  return { uimage, source: inner, verify };
}

/**
 * Writes a header and the content of `file` to `out`, as `mkimage -T ramdisk -O linux -C none`
 * does.
 * @throws {UImageError}
 */
export async function wrapUImage(
  file: string,
  out: string,
  how: { name: string; time: number; arch?: Architecture },
): Promise<void> {
  const name = Buffer.from(how.name);
  if (name.length > NAME.length || name.includes(0))
    throw new UImageError(
      `cannot name a U-Boot image ${JSON.stringify(how.name)}: a name has at most ` +
        `${NAME.length} bytes, and none of them 0`,
    );
  const source = ByteSource.fromFile(file);
  const target = await open(out, 'w');
  try {
    let at = HEADER;
    let checksum = 0;
    for (let chunk; (chunk = await source.chunk()) !== null; at += chunk.length) {
      checksum = crc32(chunk, checksum);
      await target.write(chunk, 0, chunk.length, at);
    }
    const size = at - HEADER;
    if (size >= 2 ** 32)
      throw new UImageError(
        `cannot wrap ${file} for U-Boot: it has ${size} bytes, and the header has room for a ` +
          'size below 4 GiB',
      );
    const header = Buffer.alloc(HEADER);
    header.writeUInt32BE(MAGIC, 0);
    header.writeUInt32BE(how.time, 8);
    header.writeUInt32BE(size, 12);
    // The load address and the entry stay 0: U-Boot chooses where a ramdisk goes.
    header.writeUInt32BE(checksum, 24);
    header.set([LINUX, ARCHITECTURES[how.arch ?? 'arm'], RAMDISK, NOT_COMPRESSED], 28);
    name.copy(header, NAME.at);
    header.writeUInt32BE(headerChecksum(header), HEADER_CRC);
    // We write the header last, so that an incomplete file has no header.
    await target.write(header, 0, HEADER, 0);
  } finally {
    await target.close();
    await source.close();
  }
}
