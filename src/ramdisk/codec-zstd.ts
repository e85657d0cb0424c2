import { CompressionError } from './codec-error.js';
import type { ByteSource } from './source.js';

/**
 * The greatest window of a 32-bit kernel (ZSTD_WINDOWLOG_MAX_32, include/linux/zstd_lib.h). The
 * library refuses what is beyond 128 MiB, as the kernel does.
 */
const WINDOW_MOST = 2 ** 30;
/** What vmalloc() of a 32-bit ARM kernel does not have. */
const MEMORY = 240 * 2 ** 20;

/**
 * The frame's magic number and its descriptor; the longest header has a number of a dictionary and
 * a size behind them.
 */
const LEAST = 5;
const MOST = 18;

/**
 * Refuses what the kernel refuses by the frame's header alone (RFC 8878, 3.1.1.1), with its reason;
 * damage the library finds.
 */
export async function checkZstd(source: ByteSource): Promise<Buffer> {
  const header = await source.peek(MOST);
  const refuse = (problem: string, kernel: string): never => {
    throw new CompressionError('zstd', source.offset, problem, `ZSTD-compressed data ${kernel}`);
  };
  const descriptor = header[4] ?? 0;
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const length = LEAST + (single ? 0 : 1) + dictionary + size;
  if (header.length < LEAST)
    refuse('the data end within the header of the frame', 'has an incomplete frame header');
  if (header.readUInt32LE() !== 0xfd2f_b528) return Buffer.alloc(0);
  if (header.length < length)
    refuse('the data end within the header of the frame', 'has an incomplete frame header');
  // A bit that is kept for later.
  if (descriptor & 0x08) refuse('it is made in a way that is not known', 'is probably corrupt');
  // Of a single segment the window is the whole content, whose size ends the header.
  const exponent = 10 + (header[5]! >> 3);
  const window = !single
    ? 2 ** exponent * (1 + (header[5]! & 7) / 8)
    : size === 8
      ? Number(header.readBigUInt64LE(length - 8))
      : header.readUIntLE(length - size, size);
  const problem = `its window is ${window} bytes, and the kernel takes 128 MiB at most; compress it without \`--long\``;
  if (!single && 2 ** exponent > WINDOW_MOST) refuse(problem, 'is probably corrupt');
  if (window > WINDOW_MOST) refuse(problem, 'has too large a window size');
  if (window > MEMORY)
    throw new CompressionError(
      'zstd',
      source.offset,
      problem,
      'Out of memory while allocating ZSTD_DStream',
    );
  return Buffer.alloc(0);
}
