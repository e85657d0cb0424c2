/** Methods whose libraries work on streams. A StreamMethod has their differences. */
import type { Codec, Warn } from './codec.js';
import { failing } from './codec-error.js';
import { NativeStream, type Fault } from './codec-native.js';
import type { CodecProblem } from './codec-problem.js';
import { CHUNK, type ByteSource } from './source.js';

type Failing = Fault | 'truncated';

interface StreamMethod {
  method: string;
  /** Its number in native/codecs.c. */
  native: number;
  /**
   * The highest level that is still fast and whose data a board can unpack in its memory: at most 8
   * MiB of dictionary or window.
   */
  level: number;
  /**
   * Checks the beginning of a stream for data that the kernel and the library treat differently.
   * @returns the bytes that it took from the source, for the library.
   */
  begin: (source: ByteSource, warn: Warn) => Promise<Buffer>;
  /** The messages of the kernel's decompressor. */
  kernelSays: Record<Failing, string> & {
    /** The message for damaged data after some output; the default is `data`. */
    dataBehindOutput?: string;
  };
}

const PROBLEMS: Record<Failing, CodecProblem> = {
  memory: { code: 'dictionary-too-large' },
  format: { code: 'wrong-format' },
  options: { code: 'unsupported-variant' },
  data: { code: 'damaged' },
  truncated: { code: 'cut-short' },
  other: { code: 'damaged-or-unsupported' },
};

export const streamCodec = (row: StreamMethod): Codec => ({
  compress: (source) => compressStream(row, source),
  decompress: (source, warn) => decompressStream(row, source, warn),
});

async function* decompressStream(
  { method, native, begin, kernelSays }: StreamMethod,
  source: ByteSource,
  warn: Warn,
): AsyncGenerator<Buffer, void> {
  const fail: ReturnType<typeof failing> = failing(method);
  // What the kernel refuses is told without the library too.
  let input = await begin(source, warn);
  let stream: NativeStream | null = null;
  try {
    stream = await NativeStream.open(method, native, 'decompress');
    for (let full = false; ;) {
      if (input.length === 0 && !full)
        input =
          (await source.chunk(CHUNK)) ??
          fail(source.offset, PROBLEMS.truncated, kernelSays.truncated);
      const { consumed, output, ended, fault, ...step } = stream.step(input);
      input = input.subarray(consumed);
      full = step.full;
      // We yield these before an error, because the kernel has these bytes too.
      const some = output.length > 0;
      if (some) yield Buffer.from(output);
      if (fault !== null) {
        const behind = some && fault === 'data' ? kernelSays.dataBehindOutput : undefined;
        fail(source.offset - input.length, PROBLEMS[fault], behind ?? kernelSays[fault]);
      }
      if (ended) return;
    }
  } finally {
    source.unread(input);
    stream?.close();
  }
}

async function* compressStream(
  { method, native, level }: StreamMethod,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  const stream = await NativeStream.open(method, native, 'compress', level);
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
