/** The compression methods that a kernel may have been built with (CONFIG_RD_…). */
export const METHODS = ['gzip', 'xz', 'zstd', 'lz4', 'lzo', 'bzip2', 'lzma'] as const;
export type Method = (typeof METHODS)[number];

/** The kernel's own table, in its order; it compares these two bytes and no more. */
const MAGIC: readonly (readonly [number, number, Method])[] = [
  [0x1f, 0x8b, 'gzip'],
  [0x1f, 0x9e, 'gzip'],
  [0x42, 0x5a, 'bzip2'],
  [0x5d, 0x00, 'lzma'],
  [0xfd, 0x37, 'xz'],
  [0x89, 0x4c, 'lzo'],
  [0x02, 0x21, 'lz4'],
  [0x28, 0xb5, 'zstd'],
];

/** What the kernel takes data for that begin like this; null where it finds no method. */
export const methodOf = (first: Uint8Array): Method | null =>
  MAGIC.find(([one, two]) => first[0] === one && first[1] === two)?.[2] ?? null;
