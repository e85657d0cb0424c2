/** lzma-alone, the format before xz (lib/decompress_unlzma.c), through liblzma. */
import type { Warn } from './codec.js';
import { CompressionError, UNEXPLAINED } from './codec-error.js';
import { streamCodec } from './codec-stream.js';
import type { ByteSource } from './source.js';

/**
 * The properties, the size of the dictionary, the size of the data; then the first byte of the
 * range coder.
 */
const HEADER = 13;

const CUT_SHORT = 'unexpected EOF';

/**
 * The beginning of a stream in the form that liblzma accepts. liblzma requires the first byte of
 * the range coder to be 0; the kernel shifts it out of its register unread (rc_init_code).
 */
async function lzmaHeader(source: ByteSource, warn: Warn): Promise<Buffer> {
  const at = source.offset;
  const header = Buffer.from(await source.read(HEADER + 1));
  if (header.length <= HEADER)
    throw new CompressionError({
      method: 'lzma',
      offset: at + header.length,
      problem: { code: 'cut-short' },
      kernel: CUT_SHORT,
    });
  if (header[HEADER] !== 0) warn({ code: 'lzma-first-byte', offset: at + HEADER });
  header[HEADER] = 0;
  return header;
}

export const lzma = streamCodec({
  method: 'lzma',
  native: 1,
  level: 6,
  begin: lzmaHeader,
  kernelSays: {
    memory: UNEXPLAINED,
    format: 'bad header',
    options: 'bad header',
    data: 'LZMA data is corrupt',
    truncated: CUT_SHORT,
    other: 'LZMA data is corrupt',
  },
});
