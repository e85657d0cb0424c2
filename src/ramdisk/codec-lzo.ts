/**
 * lzop's files, as the kernel reads them (lib/decompress_unlzo.c): a header with the file's name,
 * then blocks of up to 256 KiB behind their two sizes and a checksum.
 */
import { CompressionError, type Warn } from './codec-error.js';
import { NativeBlocks } from './codec-native.js';
import { ByteSource } from './source.js';

const MAGIC = Buffer.from([0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a]);
const BLOCK = 256 * 1024;
/** Data that do not compress grow by this (the manual of liblzo2). */
const BOUND = BLOCK + BLOCK / 16 + 64 + 3;

/** The shortest header, and the longest: with a filter, a 64-bit time and a name of 255 bytes. */
const HEADER_LEAST = 9 + 7 + 4 + 8 + 1 + 4;
const HEADER_MOST = 9 + 7 + 1 + 8 + 8 + 4 + 1 + 255 + 4;

/** Flags of the header: an Adler-32 of each block before compression, and a filter. */
const ADLER32 = 0x0000_0001;
const FILTER = 0x0000_0800;
const UNIX = 0x0300_0000;

/** From this version on the header has a level and a 64-bit time. */
const LONGER = 0x0940;

/** liblzo2's own best, LZO1X-999 at level 9, and what lzop 1.04 says of itself. */
const LEVEL = 9;
const VERSIONS = { lzop: 0x1040, library: 0x20a0, needed: 0x0940, method: 3 };

/**
 * How long the header is, and its flags; null for none. The kernel looks neither at the method nor
 * at the checksum.
 */
function parseHeader(header: Buffer): { length: number; flags: number } | null {
  if (header.length < HEADER_LEAST || !header.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const longer = header.readUInt16BE(9) >= LONGER;
  let at = 16 + (longer ? 1 : 0);
  const flags = header.readUInt32BE(at);
  at += flags & FILTER ? 8 : 4;
  if (header.length - at < 8 + 1 + 4) return null;
  at += 8 + (longer ? 4 : 0);
  const name = header[at++];
  if (name === undefined || header.length - at < name + 4) return null;
  return { length: at + name + 4, flags };
}

/** @throws {CompressionError} */
export async function* decompressLzo(source: ByteSource, warn: Warn): AsyncGenerator<Buffer, void> {
  const blocks = await NativeBlocks.open('lzo');
  const fail = (problem: string, kernel: string): never => {
    throw new CompressionError('lzo', source.offset, problem, kernel);
  };
  /** @throws {CompressionError} where fewer are left. */
  const exactly = async (length: number): Promise<Buffer> => {
    const bytes = await source.read(length);
    return bytes.length === length
      ? bytes
      : fail('the data end before the stream does', 'file corrupted');
  };
  const header =
    parseHeader(await source.peek(HEADER_MOST)) ?? fail('this is no lzop header', 'invalid header');
  await source.read(header.length);
  const room = Buffer.allocUnsafeSlow(BLOCK);
  for (;;) {
    const at = source.offset;
    const length = (await exactly(4)).readUInt32BE();
    if (length === 0) return;
    if (length > BLOCK)
      fail(
        `a block of ${length} bytes would follow, and 256 KiB is the most`,
        'dest len longer than block size',
      );
    // The kernel takes it that there is exactly one checksum, whatever the flags say.
    const sizes = await exactly(8);
    const packed = sizes.readUInt32BE(0);
    if (packed === 0 || packed > length)
      fail(`its block at byte ${at} says that ${length} bytes became ${packed}`, 'file corrupted');
    const block = await exactly(packed);
    // A block that does not compress is there as it was.
    const plain = packed === length ? block : room.subarray(0, length);
    if (packed < length && blocks.decompress(block, plain) !== length)
      throw new CompressionError('lzo', at, 'the block is damaged', 'Compressed data violation');
    if (header.flags & ADLER32 && blocks.adler32(plain) !== sizes.readUInt32BE(4))
      warn(`the lzo block at byte ${at} has a wrong checksum; the kernel does not look at it`);
    yield Buffer.from(plain);
  }
}

export async function* compressLzo(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const blocks = await NativeBlocks.open('lzo');
  const bytes = ByteSource.from(source);
  const room = Buffer.allocUnsafeSlow(BOUND);
  try {
    yield header(blocks);
    for (;;) {
      const block = await bytes.read(BLOCK);
      const sizes = Buffer.alloc(block.length === 0 ? 4 : 12);
      sizes.writeUInt32BE(block.length);
      if (block.length === 0) {
        yield sizes;
        return;
      }
      const length = blocks.compress(block, room, LEVEL);
      const packed = length < block.length ? Buffer.from(room.subarray(0, length)) : block;
      sizes.writeUInt32BE(packed.length, 4);
      sizes.writeUInt32BE(blocks.adler32(block), 8);
      yield Buffer.concat([sizes, packed]);
    }
  } finally {
    await bytes.close();
  }
}

/** Without a name, a mode or a time: the same data give the same bytes. */
function header(blocks: NativeBlocks): Buffer {
  const fields = Buffer.alloc(25);
  fields.writeUInt16BE(VERSIONS.lzop, 0);
  fields.writeUInt16BE(VERSIONS.library, 2);
  fields.writeUInt16BE(VERSIONS.needed, 4);
  fields.writeUInt8(VERSIONS.method, 6);
  fields.writeUInt8(LEVEL, 7);
  fields.writeUInt32BE(ADLER32 | UNIX, 8);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(blocks.adler32(fields));
  return Buffer.concat([MAGIC, fields, checksum]);
}
