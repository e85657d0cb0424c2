import type { Region } from './device-tree.js';

/**
 * A tag list, by which boot loaders hand over to an ARM kernel without a device tree
 * (arch/arm/include/uapi/asm/setup.h).
 */
export interface Atags {
  /** `rootdev` of ATAG_CORE, as `major:minor`; null if the tag does not have it or it is 0. */
  root: string | null;
  /** The first flag of ATAG_CORE: mount the root read-only; null if the tag does not have it. */
  readonly: boolean | null;
  memory: Region[];
  /** ATAG_INITRD2, or ATAG_INITRD of old boot loaders, whose address is virtual. */
  initrd: (Region & { virtual: boolean }) | null;
  /** ATAG_RAMDISK: size in KiB, first block. */
  ramdisk: { size: number; start: number } | null;
  commandLine: string | null;
  /** All tags in their order. */
  tags: { tag: number; name: string; bytes: number }[];
}

/** The bytes are no tag list, or one that is cut off. The message is one sentence. */
export class AtagsError extends Error {
  override name = 'AtagsError';
}

/** How to read a tag. `value(n)` is its n-th word after the header. */
type TagReader = (found: Atags, value: (index: number) => number) => void;

interface TagRow {
  name: string;
  /** How many words a tag must have for its reader. */
  words?: number;
  read?: TagReader;
}

const initrdAt =
  (virtual: boolean): TagReader =>
  (found, value) => {
    found.initrd = { start: value(0), size: value(1), virtual };
  };

const CORE = 0x54410001;
const COMMAND_LINE = 0x54410009;

const TAGS: Readonly<Record<number, TagRow>> = {
  [CORE]: {
    name: 'ATAG_CORE',
    words: 3,
    read: (found, value) => {
      found.readonly = (value(0) & 1) === 1;
      found.root = deviceOf(value(2));
    },
  },
  0x54410002: {
    name: 'ATAG_MEM',
    words: 2,
    read: (found, value) => {
      if (value(0) > 0) found.memory.push({ start: value(1), size: value(0) });
    },
  },
  0x54410003: { name: 'ATAG_VIDEOTEXT' },
  0x54410004: {
    name: 'ATAG_RAMDISK',
    words: 3,
    read: (found, value) => {
      found.ramdisk = { size: value(1), start: value(2) };
    },
  },
  0x54410005: { name: 'ATAG_INITRD', words: 2, read: initrdAt(true) },
  0x54420005: { name: 'ATAG_INITRD2', words: 2, read: initrdAt(false) },
  0x54410006: { name: 'ATAG_SERIAL' },
  0x54410007: { name: 'ATAG_REVISION' },
  0x54410008: { name: 'ATAG_VIDEOLFB' },
  [COMMAND_LINE]: { name: 'ATAG_CMDLINE' },
};

/** A list begins with ATAG_CORE, of 2 words or of 5. */
export const isAtags = (bytes: Uint8Array): boolean => orderOf(bytes) !== null;

function orderOf(bytes: Uint8Array): 'little' | 'big' | null {
  if (bytes.length < 8) return null;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, 8);
  if (head.readUInt32LE(4) === CORE && [2, 5].includes(head.readUInt32LE(0))) return 'little';
  return head.readUInt32BE(4) === CORE && [2, 5].includes(head.readUInt32BE(0)) ? 'big' : null;
}

/** 16 bits: eight for the major, eight for the minor (include/linux/kdev_t.h: old_decode_dev). */
const deviceOf = (number: number): string | null =>
  (number & 0xffff) === 0 ? null : `${(number >> 8) & 0xff}:${number & 0xff}`;

/** One tag: its bytes run from `at` to `end`, and the first two words are its header. */
interface Tag {
  tag: number;
  at: number;
  end: number;
}

const HEADER = 8;

/** The tags of a list in their order. @throws {AtagsError} if the list or a tag is cut off. */
function tagsOf(length: number, word: (at: number) => number): Tag[] {
  const tags: Tag[] = [];
  // Some kernels leave out the tag of size 0 that ends the list, so the end of the bytes ends it
  // too.
  for (let at = 0; at !== length;) {
    if (at + HEADER > length) throw new AtagsError(`the tag list is cut off at byte ${at}`);
    const size = 4 * word(at);
    if (size === 0) break;
    if (size < HEADER || at + size > length)
      throw new AtagsError(`the tag at byte ${at} says that it has ${size} bytes, which cannot be`);
    tags.push({ tag: word(at + 4), at, end: at + size });
    at += size;
  }
  return tags;
}

/**
 * /proc/atags or a file of a tag list.
 * @throws {AtagsError} if the bytes are no tag list.
 */
export function parseAtags(list: Uint8Array): Atags {
  const bytes = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  const order = orderOf(bytes);
  if (order === null)
    throw new AtagsError('these bytes are no tag list: they do not begin with ATAG_CORE');
  const word = (at: number): number =>
    order === 'little' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  const found: Atags = {
    root: null,
    readonly: null,
    memory: [],
    initrd: null,
    ramdisk: null,
    commandLine: null,
    tags: [],
  };
  for (const { tag, at, end } of tagsOf(bytes.length, word)) {
    const name = TAGS[tag]?.name ?? `0x${tag.toString(16).padStart(8, '0')}`;
    found.tags.push({ tag, name, bytes: end - at });
    const { words = 0, read } = TAGS[tag] ?? {};
    if (read !== undefined && end - at >= HEADER + 4 * words)
      read(found, (index) => word(at + HEADER + 4 * index));
    if (tag === COMMAND_LINE)
      found.commandLine = bytes.toString('utf8', at + HEADER, end).split('\0', 1)[0]!;
  }
  return found;
}
