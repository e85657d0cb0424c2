/**
 * The limits for data that others made: one row for each kind of input, with its reason. Whoever
 * reads such data takes its limits from here, so that no input costs a board its memory, its stack
 * or its time. An error about a limit names it, and says what to do.
 */

/** The limits of a JSON text. */
export interface JsonLimits {
  /** Characters. Text of UTF-8 has no more characters than bytes. */
  length: number;
  /** Lists and objects within each other. `JSON.stringify` and validators walk them recursively. */
  depth: number;
  /** Values and keys. Each takes up to some dozens of bytes in memory, however short it is. */
  values: number;
}

const KIB = 1 << 10;
const MIB = 1 << 20;

export const JSON_LIMITS = {
  /** Nine settings; `keep` may list some hundred paths. */
  settings: { length: 64 * KIB, depth: 8, values: 2000 },
  /** An order to reset lists the paths to keep; it is made from the settings. */
  order: { length: 64 * KIB, depth: 8, values: 2000 },
  /** Our own state in /tmp: a few failures and warnings, each a sentence. */
  state: { length: 256 * KIB, depth: 16, values: 10_000 },
  /** A record of a journal; that of a plan's step holds the action, perhaps with a file's text. */
  record: { length: MIB, depth: 16, values: 5000 },
  /** A line of the record of the image: numbers and a path. */
  romLine: { length: 16 * KIB, depth: 4, values: 100 },
  /** Some thousand mounts, each with its options; `live.ts` reads at most as many bytes. */
  facts: { length: 8 * MIB, depth: 32, values: 1_000_000 },
  /** A board's report on a workstation; see ANSWER_BYTES. */
  answer: { length: 16 * MIB, depth: 64, values: 1_000_000 },
} as const satisfies Record<string, JsonLimits>;

/** The archive of a layer, which root unpacks. Its data stay in memory while it is read. */
export const ARCHIVE_LIMITS = {
  /** Entries, and bytes of all names together: more than any board's settings. */
  members: 500_000,
  names: 64 * MIB,
  /** Bytes of the attributes of all directories, which are set after their content exists. */
  held: 16 * MIB,
  /** The overhead of one attribute, in bytes. */
  heldEach: 128,
  /** NAME_MAX, PATH_MAX and XATTR_SIZE_MAX (include/uapi/linux/limits.h). */
  name: 255,
  path: 4095,
  attribute: 65_536,
  /** Bytes of the headers before one entry: its names, and attributes of XATTR_SIZE_MAX. */
  header: MIB,
  /** The number of those headers; a writer needs four: `g`, `x`, `L` and `K`. */
  headers: 16,
  /** Records in them. The names of a file's attributes fill at most 64 KiB (XATTR_LIST_MAX). */
  records: 4096,
  /** Bytes of all such headers together. Archives of most entries have some hundred each. */
  allHeaders: 512 * MIB,
  /** Zeros after an archive, which is padded to a multiple of its blocking factor. */
  fill: MIB,
  /** Compressed streams in a row. More of them must hold this many bytes each (bgzip: 64 KiB). */
  streams: 1000,
  streamBytes: 4096,
} as const;

/** A ramdisk, which may come from anywhere. The kernel has no limits but memory. */
export const RAMDISK_LIMITS = {
  /** Members of an archive, and bytes of their names: more than any ramdisk has. */
  members: 500_000,
  names: 64 * MIB,
  /** Parts that are compressed separately; the kernel's own tools make two or three. */
  parts: 25_000,
  /** Bytes of a ramdisk or a file system in one; no board has more memory for it. */
  bytes: 1 << 30,
  /** Bytes of a FIT image's tree with all images in it; it is held in memory. */
  tree: 256 * MIB,
} as const;

/** A bundle: compressed and uncompressed bytes, and files. A board keeps up to 1000 journals. */
export const BUNDLE_LIMITS = { packed: 64 * MIB, unpacked: 256 * MIB, files: 4096 } as const;

/** A journal: one boot writes some hundred records. */
export const JOURNAL_LIMITS = { bytes: 4 * MIB, records: 100_000, damage: 1000 } as const;

/**
 * A file that the user names, or the standard input. A serial console writes as much in days, and
 * the last boots are at its end.
 */
export const FILE_LIMITS = { bytes: 64 * MIB, lines: 500_000 } as const;

/**
 * Bytes of a board's answer on a workstation, which asks several boards at once. The largest facts
 * of a board are a thirtieth of it. A bundle has journals, and is compressed.
 */
export const ANSWER_BYTES = { report: 16 * MIB, bundle: 64 * MIB } as const;
