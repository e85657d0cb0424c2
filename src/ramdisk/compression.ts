import type { Warn } from './codec.js';
import { codecOf, type Method } from './method.js';
import type { ByteSource } from './source.js';

export { CompressionError, MissingCodecError } from './codec-error.js';

/**
 * Compresses into one stream that the kernel can read. The same data give the same bytes, as long
 * as the libraries are the same. @throws {MissingCodecError}
 */
export async function* compress(
  method: Method,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  yield* (await codecOf(method)).compress(source);
}

/**
 * Decompresses exactly one stream as the kernel's decompressor does (lib/decompress.c), and leaves
 * the source at the first byte after it, or after the decoded part if the caller stops early.
 * @param warn is called for faults that the kernel ignores.
 * @throws {CompressionError} with the offset. @throws {MissingCodecError}
 */
export async function* decompress(
  method: Method,
  source: ByteSource,
  warn: Warn = () => {},
): AsyncGenerator<Buffer, void> {
  yield* (await codecOf(method)).decompress(source, warn);
}
