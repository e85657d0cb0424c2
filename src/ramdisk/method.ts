/**
 * The compression methods of the kernel's initramfs: one row each, and one file with its decoder
 * and encoder. Nothing else knows a method by its name. Codecs are loaded on first use, because the
 * command line needs only the names.
 */
import type { Codec } from './codec.js';

interface MethodRow {
  /** The first two bytes of its streams, in hexadecimal (lib/decompress.c: compressed_formats). */
  magic: readonly string[];
  /** The kernel option that builds its decoder in, without CONFIG_. */
  kernelOption: string;
  codec: () => Promise<Codec>;
}

const ROWS = {
  gzip: {
    magic: ['1f8b', '1f9e'],
    kernelOption: 'RD_GZIP',
    codec: async () => (await import('./codec-gzip.js')).gzip,
  },
  xz: {
    magic: ['fd37'],
    kernelOption: 'RD_XZ',
    codec: async () => (await import('./codec-xz.js')).xz,
  },
  zstd: {
    magic: ['28b5'],
    kernelOption: 'RD_ZSTD',
    codec: async () => (await import('./codec-zstd.js')).zstd,
  },
  lz4: {
    magic: ['0221'],
    kernelOption: 'RD_LZ4',
    codec: async () => (await import('./codec-lz4.js')).lz4,
  },
  lzo: {
    magic: ['894c'],
    kernelOption: 'RD_LZO',
    codec: async () => (await import('./codec-lzo.js')).lzo,
  },
  bzip2: {
    magic: ['425a'],
    kernelOption: 'RD_BZIP2',
    codec: async () => (await import('./codec-bzip2.js')).bzip2,
  },
  lzma: {
    magic: ['5d00'],
    kernelOption: 'RD_LZMA',
    codec: async () => (await import('./codec-lzma.js')).lzma,
  },
} as const satisfies Record<string, MethodRow>;

export type Method = keyof typeof ROWS;

/** In the order in which the help lists them. */
export const METHODS = Object.keys(ROWS) as Method[];

/**
 * The method that the kernel chooses for data with this beginning; null if it finds none. It
 * compares only two bytes.
 */
export const methodOf = (first: Uint8Array): Method | null =>
  METHODS.find((method) => {
    const magic: readonly string[] = ROWS[method].magic;
    return magic.includes(Buffer.from(first.subarray(0, 2)).toString('hex'));
  }) ?? null;

/** The kernel option that builds a method's decoder in, without CONFIG_. */
export const kernelOption = (method: Method): string => ROWS[method].kernelOption;

/** The codecs that were loaded. An import each time would cost more than a small stream. */
const loaded: Partial<Record<Method, Promise<Codec>>> = {};

export const codecOf = (method: Method): Promise<Codec> =>
  (loaded[method] ??= ROWS[method].codec());
