/**
 * lz4's legacy frames, the only ones the kernel reads (lib/decompress_unlz4.c): a magic number,
 * then blocks of 8 MiB, each after its compressed size. The format has no end mark and no checksum.
 */
import { atOnce } from './at-once.js';
import type { Codec } from './codec.js';
import { failing } from './codec-error.js';
import { NativeBlocks } from './codec-native.js';
import { CHUNK, ByteSource } from './source.js';

const MAGIC = 0x184c2102;
const BLOCK = 8 * 1024 * 1024;
/** The longest valid block (LZ4_COMPRESSBOUND, lz4.h). */
const BOUND = BLOCK + Math.floor(BLOCK / 255) + 16;
/** As lz4 -9. */
const LEVEL = 9;
/** Its number in native/codecs.c. */
const NATIVE = 4;

const fail: ReturnType<typeof failing> = failing('lz4');
const REFUSED = 'Decoding failed';

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/**
 * Ends where the kernel ends: if fewer than four bytes are left, or at four zeros. Another magic
 * number begins another stream in the same data. The kernel reads anything else as the size of a
 * block, so only zeros can follow lz4 data.
 */
async function* decompress(source: ByteSource): AsyncGenerator<Buffer, void> {
  const blocks = await NativeBlocks.open('lz4', NATIVE);
  const start = await source.peek(4);
  if (start.length < 4 || start.readUInt32LE() !== MAGIC)
    fail(source.offset, { code: 'lz4-frame' }, 'invalid header');
  const room = Buffer.allocUnsafeSlow(BLOCK);
  for (;;) {
    const next = await source.peek(4);
    if (next.length < 4 || next.readUInt32LE() === 0) return;
    const at = source.offset;
    const size = (await source.read(4)).readUInt32LE();
    if (size === MAGIC) continue;
    if (size > BOUND) fail(at, { code: 'lz4-block-too-long', bytes: size }, REFUSED);
    const block = await source.read(size);
    // The kernel checks the size only after it has decoded the block together with the memory after
    // the archive.
    if (block.length < size)
      fail(source.offset, { code: 'lz4-block-cut', missing: size - block.length }, REFUSED);
    const length = blocks.decompress(block, room);
    if (length === null) return fail(at, { code: 'block-damaged' }, REFUSED);
    for (let from = 0; from < length; from += CHUNK)
      yield Buffer.from(room.subarray(from, Math.min(from + CHUNK, length)));
  }
}

async function* blocksOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const bytes = ByteSource.from(source);
  try {
    for (let block; (block = await bytes.read(BLOCK)).length > 0;) yield block;
  } finally {
    await bytes.close();
  }
}

async function* compress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const blocks = await NativeBlocks.open('lz4', NATIVE);
  const packed = (block: Buffer): Promise<Buffer> =>
    blocks.compressLater(block, Buffer.allocUnsafeSlow(BOUND), LEVEL);
  yield word(MAGIC);
  for await (const block of atOnce(blocksOf(source), packed)) {
    yield word(block.length);
    yield block;
  }
}

export const lz4: Codec = { compress, decompress };
