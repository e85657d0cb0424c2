/** The methods whose libraries work on streams: xz, lzma, zstd, bzip2. */
import { CompressionError, UNEXPLAINED, type Warn } from './codec-error.js';
import { NativeStream, type Fault, type StreamMethod } from './codec-native.js';
import { lzmaHeader } from './codec-lzma.js';
import { checkXz } from './codec-xz.js';
import { checkZstd } from './codec-zstd.js';
import { CHUNK, type ByteSource } from './source.js';

type Failing = Fault | 'truncated';

/**
 * What the kernel's decompressors say (lib/decompress_{unxz,unlzma,unzstd,bunzip2}.c). bunzip2 is
 * silent about everything but a wrong checksum, which libbz2 calls damaged data like other damage;
 * it is found behind a block's last byte.
 */
const KERNEL: Record<StreamMethod, Record<Failing, string>> = {
  xz: {
    memory: 'XZ decompressor ran out of memory',
    format: 'Input is not in the XZ format (wrong magic bytes)',
    options: 'Input was encoded with settings that are not supported by this XZ decoder',
    data: 'XZ-compressed data is corrupt',
    truncated: 'XZ-compressed data is corrupt',
    other: 'XZ-compressed data is corrupt',
  },
  lzma: {
    memory: UNEXPLAINED,
    format: 'bad header',
    options: 'bad header',
    data: 'LZMA data is corrupt',
    truncated: 'unexpected EOF',
    other: 'LZMA data is corrupt',
  },
  zstd: {
    memory: 'ZSTD decompressor ran out of memory',
    format: 'Input is not in the ZSTD format (wrong magic bytes)',
    options: 'ZSTD-compressed data is probably corrupt',
    data: 'ZSTD-compressed data is corrupt',
    truncated: 'ZSTD-compressed data is truncated',
    other: 'ZSTD-compressed data is probably corrupt',
  },
  bzip2: {
    memory: UNEXPLAINED,
    format: UNEXPLAINED,
    options: UNEXPLAINED,
    data: UNEXPLAINED,
    truncated: UNEXPLAINED,
    other: UNEXPLAINED,
  },
};

const PROBLEMS: Record<Failing, string> = {
  memory: 'it needs a bigger dictionary than a 32-bit ARM kernel has memory for',
  format: 'this is no such stream',
  options: 'it is made in a way that is not supported',
  data: 'the data are damaged',
  truncated: 'the data end before the stream does',
  other: 'the data are damaged, or need what is not supported',
};

const WRONG_CHECKSUM = 'Data integrity error when decompressing.';

/**
 * Blocks that were stirred before compression, as bzip2 did before 0.9.5, are unknown to the
 * kernel. The first one stands for all.
 */
async function checkBzip2(source: ByteSource): Promise<Buffer> {
  const header = await source.peek(15);
  if (
    header.length === 15 &&
    header[14]! & 0x80 &&
    header.subarray(4, 10).toString('hex') === '314159265359'
  )
    throw new CompressionError(
      'bzip2',
      source.offset + 14,
      'its blocks are randomised, as only bzip2 before 0.9.5 made them',
      UNEXPLAINED,
    );
  return Buffer.alloc(0);
}

/** What of the beginning of a stream the kernel takes otherwise than the library. */
const BEGINNINGS: Record<StreamMethod, (source: ByteSource, warn: Warn) => Promise<Buffer>> = {
  xz: checkXz,
  lzma: lzmaHeader,
  zstd: checkZstd,
  bzip2: checkBzip2,
};

/** @throws {CompressionError} */
export async function* decompressStream(
  method: StreamMethod,
  source: ByteSource,
  warn: Warn,
): AsyncGenerator<Buffer, void> {
  const stream = await NativeStream.open(method, 'decompress');
  let input: Buffer = Buffer.alloc(0);
  try {
    input = await BEGINNINGS[method](source, warn);
    for (let full = false; ;) {
      if (input.length === 0 && !full) {
        const next = await source.chunk(CHUNK);
        if (next === null)
          throw new CompressionError(
            method,
            source.offset,
            PROBLEMS.truncated,
            KERNEL[method].truncated,
          );
        input = next;
      }
      const { consumed, output, ended, fault, ...step } = stream.step(input);
      input = input.subarray(consumed);
      full = step.full;
      // Before the error, if there is one: the kernel has these bytes by then too.
      const some = output.length > 0;
      if (some) yield Buffer.from(output);
      if (fault !== null)
        throw new CompressionError(
          method,
          source.offset - input.length,
          PROBLEMS[fault],
          method === 'bzip2' && fault === 'data' && some ? WRONG_CHECKSUM : KERNEL[method][fault],
        );
      if (ended) return;
    }
  } finally {
    source.unread(input);
    stream.close();
  }
}

/**
 * Of each library what is still quick, and small enough to be unpacked on a board: 8 MiB of
 * dictionary or window at most.
 */
const LEVELS: Record<StreamMethod, number> = { xz: 6, lzma: 6, zstd: 19, bzip2: 9 };

export async function* compressStream(
  method: StreamMethod,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  const stream = await NativeStream.open(method, 'compress', LEVELS[method]);
  const next = (input: Buffer, finish: boolean) => {
    const step = stream.step(input, finish);
    if (step.fault !== null)
      throw new Error(`cannot compress ${method}: the library failed (${step.fault})`);
    return step;
  };
  try {
    for await (const chunk of source)
      for (let rest = chunk; rest.length > 0;) {
        const { consumed, output } = next(rest.subarray(0, CHUNK), false);
        rest = rest.subarray(consumed);
        if (output.length > 0) yield Buffer.from(output);
      }
    for (let ended = false; !ended;) {
      const { output, ...step } = next(Buffer.alloc(0), true);
      ended = step.ended;
      if (output.length > 0) yield Buffer.from(output);
    }
  } finally {
    stream.close();
  }
}
