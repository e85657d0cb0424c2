import { CompressionError, type Warn } from './codec-error.js';
import type { ByteSource } from './source.js';

/**
 * The properties, the size of the dictionary, the size of the data; then the first byte of the
 * range coder.
 */
const HEADER = 13;

/**
 * The beginning of a stream as liblzma takes it. The first byte of the range coder has to be 0; the
 * kernel shifts it out of its register without a look (rc_init_code, lib/decompress_unlzma.c).
 */
export async function lzmaHeader(source: ByteSource, warn: Warn): Promise<Buffer> {
  const at = source.offset;
  const header = Buffer.from(await source.read(HEADER + 1));
  if (header.length <= HEADER)
    throw new CompressionError(
      'lzma',
      at + header.length,
      'the data end before the stream does',
      'unexpected EOF',
    );
  if (header[HEADER] !== 0)
    warn(
      `the first byte of the lzma data at byte ${at + HEADER} is not 0; the kernel does not look at it`,
    );
  header[HEADER] = 0;
  return header;
}
