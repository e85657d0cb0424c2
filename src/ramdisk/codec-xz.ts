import { crc32 } from 'node:zlib';
import { CompressionError } from './codec-error.js';
import type { ByteSource } from './source.js';

/**
 * Filters that may stand before LZMA2, by their number in the format: x86, PowerPC, IA-64, ARM,
 * ARM-Thumb, SPARC. All are built into a kernel unless an expert takes one out (lib/xz/Kconfig).
 */
const BCJ = [4, 5, 6, 7, 8, 9];
const LZMA2 = 0x21;

const MAGIC = Buffer.from('fd377a585a00', 'hex');
/**
 * The magic bytes, the flags and their CRC; behind them comes the first block, or the index of a
 * stream without any, which begins with 0.
 */
const HEADER = 12;

/**
 * Only where it has the right CRC has a field been written like that; whatever else is wrong the
 * library finds.
 */
const whole = (bytes: Buffer): boolean =>
  bytes.length >= 8 && crc32(bytes.subarray(0, -4)) === bytes.readUInt32LE(bytes.length - 4);

/**
 * Refuses what liblzma can and the kernel's decoder cannot (lib/xz/xz_dec_stream.c): checksums
 * other than CRC32, and filters. All blocks of a stream that the xz tool writes have the same
 * filters, so the first one tells.
 */
export async function checkXz(source: ByteSource): Promise<Buffer> {
  const at = source.offset;
  const refuse = (offset: number, problem: string): never => {
    throw new CompressionError(
      'xz',
      at + offset,
      problem,
      'Input was encoded with settings that are not supported by this XZ decoder',
    );
  };
  const header = await source.peek(HEADER + 1);
  if (
    header.length < HEADER ||
    !header.subarray(0, MAGIC.length).equals(MAGIC) ||
    crc32(header.subarray(6, 8)) !== header.readUInt32LE(8)
  )
    return Buffer.alloc(0);
  if (header[7]! > 1)
    refuse(
      7,
      'its checksum is another than CRC32, the only one the kernel knows; compress it with `xz --check=crc32`',
    );
  if (!header[HEADER]) return Buffer.alloc(0);
  const block = (await source.peek(HEADER + (header[HEADER] + 1) * 4)).subarray(HEADER);
  if (block.length === (header[HEADER] + 1) * 4 && whole(block)) {
    const filters = filtersOf(block);
    if (
      filters === null ||
      filters.at(-1) !== LZMA2 ||
      filters.length > 2 ||
      (filters.length === 2 && !BCJ.includes(filters[0]!))
    )
      refuse(
        HEADER,
        'it uses a filter that the kernel does not have; compress it with `xz --check=crc32 --lzma2`',
      );
  }
  return Buffer.alloc(0);
}

/**
 * The numbers of a block's filters, null for a header that makes no sense or has what the kernel
 * does not read.
 */
function filtersOf(block: Buffer): number[] | null {
  const flags = block[1]!;
  if ((flags & 0x3c) !== 0) return null;
  let at = 2;
  /** A number in groups of seven bits, the last one without the top bit. */
  const number = (): number => {
    let value = 0;
    for (let power = 1; at < block.length - 4; power *= 128) {
      const byte = block[at++]!;
      value += (byte & 0x7f) * power;
      if (byte < 0x80) break;
    }
    return value;
  };
  // The compressed and the uncompressed size, where they are given.
  if (flags & 0x40) number();
  if (flags & 0x80) number();
  const filters = [];
  for (let count = 0; count <= (flags & 3); count++) {
    const id = number();
    const properties = number();
    // The kernel takes no start offset for the first filter.
    if (id !== LZMA2 && properties !== 0) return null;
    filters.push(id);
    at += properties;
  }
  return filters;
}
