/**
 * lzop's files, as the kernel reads them (lib/decompress_unlzo.c): a header with the file's name,
 * then blocks of up to 256 KiB, each after its two sizes and a checksum.
 */
import type { Codec, Warn } from './codec.js';
import { failing } from './codec-error.js';
import type { CodecProblem } from './codec-problem.js';
import { NativeBlocks } from './codec-native.js';
import { ByteSource } from './source.js';

const MAGIC = Buffer.from([0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a]);
const BLOCK = 256 * 1024;
/** The growth of incompressible data (the manual of liblzo2). */
const BOUND = BLOCK + BLOCK / 16 + 64 + 3;

/** The shortest header, and the longest: with a filter, a 64-bit time and a name of 255 bytes. */
const HEADER_LEAST = 9 + 7 + 4 + 8 + 1 + 4;
const HEADER_MOST = 9 + 7 + 1 + 8 + 8 + 4 + 1 + 255 + 4;

/** Flags of the header: an Adler-32 of each block before compression, and a filter. */
const ADLER32 = 0x0000_0001;
const FILTER = 0x0000_0800;
/** Each of these adds a checksum to each block: of the data, or of the packed ones. */
const CHECKSUMS = [ADLER32, 0x0000_0002, 0x0000_0100, 0x0000_0200];
const EXTRA_FIELD = 0x0000_0040;
/** LZO1X-1, LZO1X-1(15) and LZO1X-999 have one decoder. */
const LAST_LZO1X = 3;
const UNIX = 0x0300_0000;

/** From this version on the header has a level and a 64-bit time. */
const LONGER = 0x0940;

/** The best of liblzo2, LZO1X-999 at level 9, and the versions that lzop 1.04 writes. */
const LEVEL = 9;
const VERSIONS = { lzop: 0x1040, library: 0x20a0, needed: 0x0940, method: 3 };
/** Its number in native/codecs.c. */
const NATIVE = 5;

const failAt: ReturnType<typeof failing> = failing('lzo');

interface LzopHeader {
  length: number;
  flags: number;
  method: number;
}

/** What makes the kernel misread a whole stream; null for what lzop usually writes. */
function misread({ flags, method }: LzopHeader): CodecProblem | null {
  const count = CHECKSUMS.filter((flag) => flags & flag).length;
  if (method < 1 || method > LAST_LZO1X) return { code: 'lzo-method', number: method };
  if (count !== 1) return { code: 'lzo-checksums', count };
  return flags & EXTRA_FIELD ? { code: 'lzo-extra' } : null;
}

/** null without a header. The kernel reads neither the method nor the checksum. */
function parseHeader(header: Buffer): LzopHeader | null {
  if (header.length < HEADER_LEAST || !header.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const longer = header.readUInt16BE(9) >= LONGER;
  const method = header[longer ? 15 : 13]!;
  let at = 16 + (longer ? 1 : 0);
  const flags = header.readUInt32BE(at);
  at += flags & FILTER ? 8 : 4;
  if (header.length - at < 8 + 1 + 4) return null;
  at += 8 + (longer ? 4 : 0);
  const name = header[at++];
  if (name === undefined || header.length - at < name + 4) return null;
  return { length: at + name + 4, flags, method };
}

async function* decompress(source: ByteSource, warn: Warn): AsyncGenerator<Buffer, void> {
  const blocks = await NativeBlocks.open('lzo', NATIVE);
  /** The cause of what the kernel would say, if it misreads the whole stream. */
  let cause: CodecProblem | null = null;
  const failAs = (at: number, problem: CodecProblem, kernel: string): never =>
    failAt(at, cause ?? problem, kernel);
  const fail = (problem: CodecProblem, kernel: string): never =>
    failAs(source.offset, problem, kernel);
  /** @throws {CompressionError} if fewer are left. */
  const exactly = async (length: number): Promise<Buffer> => {
    const bytes = await source.read(length);
    return bytes.length === length ? bytes : fail({ code: 'cut-short' }, 'file corrupted');
  };
  const header =
    parseHeader(await source.peek(HEADER_MOST)) ?? fail({ code: 'lzo-header' }, 'invalid header');
  cause = misread(header);
  await source.read(header.length);
  const room = Buffer.allocUnsafeSlow(BLOCK);
  for (;;) {
    const at = source.offset;
    const length = (await exactly(4)).readUInt32BE();
    if (length === 0) return;
    if (length > BLOCK)
      fail({ code: 'lzo-block-too-long', bytes: length }, 'dest len longer than block size');
    // The kernel assumes exactly one checksum and ignores the flags.
    const sizes = await exactly(8);
    const packed = sizes.readUInt32BE(0);
    if (packed === 0 || packed > length)
      fail({ code: 'lzo-sizes', offset: at, plain: length, packed }, 'file corrupted');
    const block = await exactly(packed);
    // An incompressible block is stored uncompressed.
    const plain = packed === length ? block : room.subarray(0, length);
    if (packed < length && blocks.decompress(block, plain) !== length)
      failAs(at, { code: 'block-damaged' }, 'Compressed data violation');
    if (header.flags & ADLER32 && blocks.adler32(plain) !== sizes.readUInt32BE(4))
      warn({ code: 'lzo-checksum', offset: at });
    yield Buffer.from(plain);
  }
}

async function* compress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const blocks = await NativeBlocks.open('lzo', NATIVE);
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

/** The header has no name, mode or time, so the same data give the same bytes. */
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

export const lzo: Codec = { compress, decompress };
