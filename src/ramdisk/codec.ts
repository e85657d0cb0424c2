import type { CodecProblem } from './codec-problem.js';
import type { ByteSource } from './source.js';

/** Is called for faults that the kernel ignores. */
export type Warn = (problem: CodecProblem) => void;

/** The two directions of a compression method. Neither needs more memory for more data. */
export interface Codec {
  /** Writes one stream that the kernel can read. @throws {MissingCodecError} */
  compress(source: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
  /**
   * Decompresses exactly one stream as the kernel's decompressor does.
   * @throws {CompressionError} @throws {MissingCodecError}
   */
  decompress(source: ByteSource, warn: Warn): AsyncIterable<Buffer>;
}
