/** bzip2 (lib/decompress_bunzip2.c), through libbz2. */
import { CompressionError, UNEXPLAINED } from './codec-error.js';
import { streamCodec } from './codec-stream.js';
import type { ByteSource } from './source.js';

/** The number that begins a block, and the bit after its checksum that marks a randomised block. */
const BLOCK = '314159265359';
const RANDOMISED = 0x80;

/**
 * bzip2 before 0.9.5 randomised blocks before compression, which the kernel does not support. We
 * only check the first block.
 */
async function checkBzip2(source: ByteSource): Promise<Buffer> {
  const header = await source.peek(15);
  if (
    header.length === 15 &&
    header[14]! & RANDOMISED &&
    header.subarray(4, 10).toString('hex') === BLOCK
  )
    throw new CompressionError({
      method: 'bzip2',
      offset: source.offset + 14,
      problem: { code: 'bzip2-randomised' },
      kernel: UNEXPLAINED,
    });
  return Buffer.alloc(0);
}

/**
 * The kernel's decompressor prints only about a wrong checksum. libbz2 reports a wrong checksum as
 * damaged data like any other damage, and finds it after the last byte of a block.
 */
export const bzip2 = streamCodec({
  method: 'bzip2',
  native: 3,
  level: 9,
  begin: checkBzip2,
  kernelSays: {
    memory: UNEXPLAINED,
    format: UNEXPLAINED,
    options: UNEXPLAINED,
    data: UNEXPLAINED,
    truncated: UNEXPLAINED,
    other: UNEXPLAINED,
    dataBehindOutput: 'Data integrity error when decompressing.',
  },
});
