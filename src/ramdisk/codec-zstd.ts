/** zstd (lib/decompress_unzstd.c), through libzstd. */
import { failing } from './codec-error.js';
import type { CodecProblem } from './codec-problem.js';
import { streamCodec } from './codec-stream.js';
import type { ByteSource } from './source.js';

/** The greatest window of a 32-bit kernel (ZSTD_WINDOWLOG_MAX_32, include/linux/zstd_lib.h). */
const WINDOW_MOST = 2 ** 30;
/** The library refuses more, as the kernel does (ZSTD_MAXWINDOWSIZE_DEFAULT). */
const STREAM_MOST = 2 ** 27 + 1;
/** vmalloc() of a 32-bit ARM kernel has less than this. */
const MEMORY = 240 * 2 ** 20;

/**
 * The frame's magic number and its descriptor. In the longest header a dictionary's number and a
 * size follow.
 */
const LEAST = 5;
const MOST = 18;
const MAGIC = 0xfd2f_b528;
/** A reserved bit of the descriptor. */
const RESERVED = 0x08;

interface ZstdFrame {
  /** Bytes of the header. */
  length: number;
  /** A single segment has no window of its own: it is the whole content. */
  single: boolean;
  /** Bytes of the field with the content's length. */
  size: number;
}

/** The layout of a frame's header, from its descriptor (RFC 8878, 3.1.1.1). */
function layout(descriptor: number): ZstdFrame {
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return { length: LEAST + (single ? 0 : 1) + dictionary + size, single, size };
}

function windowOf(header: Buffer, { single, size, length }: ZstdFrame): number {
  if (!single) return 2 ** windowExponent(header) * (1 + (header[5]! & 7) / 8);
  // The content's size ends the header.
  return size === 8
    ? Number(header.readBigUInt64LE(length - 8))
    : header.readUIntLE(length - size, size);
}

const windowExponent = (header: Buffer): number => 10 + (header[5]! >> 3);

/**
 * Refuses every frame that the kernel refuses because of its header, with the reason. The library
 * finds damage.
 */
async function checkZstd(source: ByteSource): Promise<Buffer> {
  const header = await source.peek(MOST);
  const fail = (problem: CodecProblem, kernel: string): never =>
    failing('zstd')(source.offset, problem, kernel);
  const refuse = (problem: CodecProblem, kernel: string): never =>
    fail(problem, `ZSTD-compressed data ${kernel}`);
  const frame = layout(header[4] ?? 0);
  if (header.length < LEAST) refuse({ code: 'zstd-header-cut' }, 'has an incomplete frame header');
  if (header.readUInt32LE() !== MAGIC) return Buffer.alloc(0);
  if (header.length < frame.length)
    refuse({ code: 'zstd-header-cut' }, 'has an incomplete frame header');
  if (header[4]! & RESERVED) refuse({ code: 'zstd-reserved' }, 'is probably corrupt');
  const window = windowOf(header, frame);
  const problem = { code: 'zstd-window', bytes: window } as const;
  if (!frame.single && 2 ** windowExponent(header) > WINDOW_MOST)
    refuse(problem, 'is probably corrupt');
  if (window > WINDOW_MOST) refuse(problem, 'has too large a window size');
  if (window > MEMORY) fail(problem, 'Out of memory while allocating ZSTD_DStream');
  if (window > STREAM_MOST) refuse(problem, 'is probably corrupt');
  return Buffer.alloc(0);
}

export const zstd = streamCodec({
  method: 'zstd',
  native: 2,
  level: 19,
  begin: checkZstd,
  kernelSays: {
    memory: 'ZSTD decompressor ran out of memory',
    format: 'Input is not in the ZSTD format (wrong magic bytes)',
    options: 'ZSTD-compressed data is probably corrupt',
    data: 'ZSTD-compressed data is corrupt',
    truncated: 'ZSTD-compressed data is truncated',
    other: 'ZSTD-compressed data is probably corrupt',
  },
});
