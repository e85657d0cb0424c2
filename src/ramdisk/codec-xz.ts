/** xz (lib/xz/xz_dec_stream.c), through liblzma. */
import { crc32 } from 'node:zlib';
import { failing } from './codec-error.js';
import type { CodecProblem } from './codec-problem.js';
import { streamCodec } from './codec-stream.js';
import type { ByteSource } from './source.js';

/**
 * Filters that may precede LZMA2, by their number in the format: x86, PowerPC, IA-64, ARM,
 * ARM-Thumb, SPARC. All are built into a kernel unless an expert takes one out (lib/xz/Kconfig).
 */
const BCJ = [4, 5, 6, 7, 8, 9];
const LZMA2 = 0x21;
/** Filters that came with kernel 6.12. */
const NEW_BCJ: Record<number, string> = { 10: '64-bit ARM', 11: 'RISC-V' };

/** vmalloc() of a 32-bit ARM kernel has less than this, as in native/codecs.c. */
const MEMORY = 240 * 2 ** 20;
/** The kernel refuses the greatest size, 4 GiB less a byte. */
const LARGEST_SIZE = 39;

const MAGIC = Buffer.from('fd377a585a00', 'hex');
/**
 * The magic bytes, the flags and their CRC. The first block follows, or, in a stream without
 * blocks, the index, which begins with 0.
 */
const HEADER = 12;

/** Whether a header has the right CRC. The library reports a damaged one. */
const whole = (bytes: Buffer): boolean =>
  bytes.length >= 8 && crc32(bytes.subarray(0, -4)) === bytes.readUInt32LE(bytes.length - 4);

const UNSUPPORTED = 'Input was encoded with settings that are not supported by this XZ decoder';
const NO_MEMORY = 'XZ decompressor ran out of memory';
const CORRUPT = 'XZ-compressed data is corrupt';

/**
 * Refuses what liblzma can decode and the kernel cannot: checksums other than CRC32, and filters.
 * The xz tool writes all blocks of a stream with the same filters, so we only check the first
 * block.
 */
async function checkXz(source: ByteSource): Promise<Buffer> {
  const at = source.offset;
  const refuse = (offset: number, problem: CodecProblem, kernel = UNSUPPORTED): never =>
    failing('xz')(at + offset, problem, kernel);
  const header = await source.peek(HEADER + 1);
  if (
    header.length < HEADER ||
    !header.subarray(0, MAGIC.length).equals(MAGIC) ||
    crc32(header.subarray(6, 8)) !== header.readUInt32LE(8)
  )
    return Buffer.alloc(0);
  if (header[7]! > 1) refuse(7, { code: 'xz-checksum' });
  if (!header[HEADER]) return Buffer.alloc(0);
  const block = (await source.peek(HEADER + (header[HEADER] + 1) * 4)).subarray(HEADER);
  if (block.length < (header[HEADER] + 1) * 4 || !whole(block)) return Buffer.alloc(0);
  const filters = filtersOf(block);
  const machine = filters?.map(({ id }) => NEW_BCJ[id]).find((name) => name !== undefined);
  if (machine !== undefined) refuse(HEADER, { code: 'xz-filter-new', machine });
  if (!kernelHas(filters)) refuse(HEADER, { code: 'xz-filter' });
  const bytes = dictionaryOf(filters!.at(-1)!.properties);
  if (bytes > MEMORY)
    refuse(
      HEADER,
      { code: 'xz-dictionary', mebibytes: Math.ceil(bytes / 2 ** 20) },
      bytes < 2 ** 32 ? NO_MEMORY : UNSUPPORTED,
    );
  return Buffer.alloc(0);
}

/** The size of LZMA2's dictionary, from its one byte of properties. */
function dictionaryOf(properties: Buffer): number {
  const size = properties.length === 1 ? properties[0]! & 0x3f : 0;
  return size > LARGEST_SIZE ? 2 ** 32 : (2 + (size % 2)) * 2 ** (Math.floor(size / 2) + 11);
}

interface XzFilter {
  id: number;
  properties: Buffer;
}

/** LZMA2 alone, or after one filter for machine code. */
const kernelHas = (filters: readonly XzFilter[] | null): boolean =>
  filters !== null &&
  filters.at(-1)?.id === LZMA2 &&
  (filters.length === 1 || (filters.length === 2 && BCJ.includes(filters[0]!.id)));

/**
 * The numbers of a block's filters; null if the header is invalid or has fields that the kernel
 * does not read.
 */
function filtersOf(block: Buffer): XzFilter[] | null {
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
  // Skips the compressed and the uncompressed size, if they are present.
  if (flags & 0x40) number();
  if (flags & 0x80) number();
  const filters: XzFilter[] = [];
  for (let count = 0; count <= (flags & 3); count++) {
    const id = number();
    const properties = number();
    // The kernel accepts no start offset for the first filter.
    if (id !== LZMA2 && properties !== 0) return null;
    filters.push({ id, properties: block.subarray(at, at + properties) });
    at += properties;
  }
  return filters;
}

export const xz = streamCodec({
  method: 'xz',
  native: 0,
  level: 6,
  begin: checkXz,
  kernelSays: {
    memory: NO_MEMORY,
    format: 'Input is not in the XZ format (wrong magic bytes)',
    options: UNSUPPORTED,
    data: CORRUPT,
    truncated: CORRUPT,
    other: CORRUPT,
  },
});
