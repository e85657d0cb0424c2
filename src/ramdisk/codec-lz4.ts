/**
 * lz4's legacy frames, the only ones the kernel reads (lib/decompress_unlz4.c): a magic number,
 * then blocks of 8 MiB behind their compressed size. There is no mark of the end and no checksum.
 */
import { CompressionError } from './codec-error.js';
import { NativeBlocks } from './codec-native.js';
import { CHUNK, ByteSource } from './source.js';

const MAGIC = 0x184c2102;
const BLOCK = 8 * 1024 * 1024;
/** The longest that a block gets: no valid one is longer (LZ4_COMPRESSBOUND, lz4.h). */
const BOUND = BLOCK + Math.floor(BLOCK / 255) + 16;
/** lz4's -9. */
const LEVEL = 9;

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/**
 * Ends where the kernel ends: where fewer than four bytes are left, or four zeros come. A further
 * magic number begins a further stream in the same data; all else is taken for the size of a block,
 * so nothing but zeros can follow lz4 data.
 * @throws {CompressionError}
 */
export async function* decompressLz4(source: ByteSource): AsyncGenerator<Buffer, void> {
  const blocks = await NativeBlocks.open('lz4');
  const start = await source.peek(4);
  if (start.length < 4 || start.readUInt32LE() !== MAGIC)
    throw new CompressionError(
      'lz4',
      source.offset,
      'this is no legacy lz4 stream; compress it with `lz4 -l`',
      'invalid header',
    );
  const room = Buffer.allocUnsafeSlow(BLOCK);
  for (;;) {
    const next = await source.peek(4);
    if (next.length < 4 || next.readUInt32LE() === 0) return;
    const at = source.offset;
    const size = (await source.read(4)).readUInt32LE();
    if (size === MAGIC) continue;
    if (size > BOUND)
      throw new CompressionError(
        'lz4',
        at,
        `a block of ${size} bytes would follow, which is longer than one can be; where other data follow lz4 data, the kernel takes them for a block`,
        'Decoding failed',
      );
    const block = await source.read(size);
    // The kernel looks at the size only after it has decoded the block, with whatever is behind the
    // archive in memory.
    if (block.length < size)
      throw new CompressionError(
        'lz4',
        source.offset,
        `the data end ${size - block.length} bytes before the block does`,
        'Decoding failed',
      );
    const length = blocks.decompress(block, room);
    if (length === null)
      throw new CompressionError('lz4', at, 'the block is damaged', 'Decoding failed');
    for (let from = 0; from < length; from += CHUNK)
      yield Buffer.from(room.subarray(from, Math.min(from + CHUNK, length)));
  }
}

export async function* compressLz4(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const blocks = await NativeBlocks.open('lz4');
  const bytes = ByteSource.from(source);
  const room = Buffer.allocUnsafeSlow(BOUND);
  try {
    yield word(MAGIC);
    for (;;) {
      const block = await bytes.read(BLOCK);
      if (block.length === 0) return;
      const length = blocks.compress(block, room, LEVEL);
      yield word(length);
      for (let from = 0; from < length; from += CHUNK)
        yield Buffer.from(room.subarray(from, Math.min(from + CHUNK, length)));
    }
  } finally {
    await bytes.close();
  }
}
