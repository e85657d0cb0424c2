/** The records of native/tree-pairs.h: two files of one name, in two directories. */
import { errnoName } from './errno.js';
import { ENTRY, ENTRY_LONGS, ENTRY_WORDS } from './tree-records.js';

/** The fields of lstat(2) for a comparison. */
export interface FileStat {
  /** With the file type. */
  mode: number;
  uid: number;
  gid: number;
  links: number;
  /** Bytes. */
  size: number;
  /** Of 512 bytes each. */
  blocks: number;
  device: number;
  inode: number;
  /** Of a device node: a number for each major and minor; 0 is the node 0:0. */
  node: number;
  /** Seconds since 1970, rounded down, and nanoseconds. */
  seconds: number;
  nanoseconds: number;
  /** The target of a symlink, else ''. One character for each byte. */
  target: string;
}

/** A name in a directory, and the same name in another one. */
export interface Pair {
  /** One character for each byte. */
  name: string;
  /** Why a file cannot be looked at, as the name of an error. */
  upper: FileStat | string;
  /** null if there is none. */
  lower: FileStat | string | null;
  /** Whether files may have extended attributes; of the lower one only if both are of a kind. */
  marked: { upper: boolean; lower: boolean };
  /** Of two regular files of one size; null if they were not compared. */
  content: 'same' | 'changed' | 'unread' | null;
}

/** The bits of `state`. */
const HAS_OTHER = 1;
const IS_MARKED = 2;
const OTHER_MARKED = 4;
const CONTENT = { 8: 'same', 16: 'changed', 32: 'unread' } as const;
const CONTENT_BITS = 56;

/** More than any minor number (include/linux/kdev_t.h). */
const MINORS = 2 ** 20;

/**
 * The pairs between two places, of which the first is a multiple of 8. @param bytes begins at a
 * multiple of 8 in its ArrayBuffer.
 */
export function decodePairs(bytes: Buffer, from: number, to: number): Pair[] {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  // Numbers up to 2^53 are exact, and making them of BigInts takes most of the time.
  const long = (at: number, index: number): number =>
    words[(at >> 2) + 2 * index]! + (words[(at >> 2) + 2 * index + 1]! | 0) * 2 ** 32;
  const fileAt = (at: number): FileStat | string => {
    const word = at >> 2;
    const error = words[word + ENTRY_WORDS.error]!;
    if (error !== 0) return errnoName(error);
    const target = at + ENTRY + words[word + ENTRY_WORDS.name]!;
    const length = words[word + ENTRY_WORDS.target]!;
    return {
      mode: words[word + ENTRY_WORDS.mode]!,
      uid: words[word + ENTRY_WORDS.uid]!,
      gid: words[word + ENTRY_WORDS.gid]!,
      links: words[word + ENTRY_WORDS.links]!,
      size: long(at, ENTRY_LONGS.size),
      blocks: long(at, ENTRY_LONGS.blocks),
      device: long(at, ENTRY_LONGS.device),
      inode: long(at, ENTRY_LONGS.inode),
      node: words[word + ENTRY_WORDS.major]! * MINORS + words[word + ENTRY_WORDS.minor]!,
      seconds: long(at, ENTRY_LONGS.modified),
      nanoseconds: words[word + ENTRY_WORDS.modifiedNs]!,
      target: length === 0 ? '' : bytes.toString('latin1', target, target + length),
    };
  };
  const pairs: Pair[] = [];
  for (let at = from; at < to;) {
    const word = at >> 2;
    const state = words[word + ENTRY_WORDS.state]!;
    const name = at + ENTRY;
    const next = at + words[word]!;
    const hasOther = (state & HAS_OTHER) !== 0;
    const content = (state & CONTENT_BITS) as keyof typeof CONTENT | 0;
    pairs.push({
      name: bytes.toString('latin1', name, name + words[word + ENTRY_WORDS.name]!),
      upper: fileAt(at),
      lower: hasOther ? fileAt(next) : null,
      marked: { upper: (state & IS_MARKED) !== 0, lower: (state & OTHER_MARKED) !== 0 },
      content: content === 0 ? null : CONTENT[content],
    });
    at = hasOther ? next + words[next >> 2]! : next;
  }
  return pairs;
}
