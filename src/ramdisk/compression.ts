/**
 * The compression methods of the kernel's initramfs (lib/decompress.c), each written so that the
 * kernel reads it and read as the kernel does.
 */
import type { Warn } from './codec-error.js';
import { compressGzip, decompressGzip } from './codec-gzip.js';
import { compressLz4, decompressLz4 } from './codec-lz4.js';
import { compressLzo, decompressLzo } from './codec-lzo.js';
import { compressStream, decompressStream } from './codec-stream.js';
import type { Method } from './method.js';
import type { ByteSource } from './source.js';

export { CompressionError, MissingCodecError } from './codec-error.js';

/**
 * One stream, which the kernel can read. The same data give the same bytes, as long as the
 * libraries are the same. @throws {MissingCodecError}
 */
export function compress(method: Method, source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  switch (method) {
    case 'gzip':
      return compressGzip(source);
    case 'lz4':
      return compressLz4(source);
    case 'lzo':
      return compressLzo(source);
    default:
      return compressStream(method, source);
  }
}

/**
 * Decompresses exactly one stream as the kernel's decompressor does, and leaves the source at the
 * first byte behind it, or behind what was decoded for whoever stops before the end. `warn` is told
 * of faults that the kernel lets pass.
 * @throws {CompressionError} with the offset. @throws {MissingCodecError}
 */
export function decompress(
  method: Method,
  source: ByteSource,
  warn: Warn = () => {},
): AsyncIterable<Buffer> {
  switch (method) {
    case 'gzip':
      return decompressGzip(source, warn);
    case 'lz4':
      return decompressLz4(source);
    case 'lzo':
      return decompressLzo(source, warn);
    default:
      return decompressStream(method, source, warn);
  }
}
