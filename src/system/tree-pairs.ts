/**
 * The records of native/tree-pairs.h and tree-lone.h: two files of one name, in two directories,
 * and files that only the first one has.
 */
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

/**
 * Regular files of one directory that only the first one of two trees has, without a mark, and with
 * one name. Most changes are such, and nothing more needs to be known of them.
 */
export interface LoneFiles {
  /** The path of the directory, with a slash behind it; '' is the top. */
  folder: string;
  /** With a slash between each and the next one; one character for each byte. */
  names: string;
  /** Of each, its size and the bytes that it takes. */
  numbers: Float64Array;
  /** The sums. */
  size: number;
  takes: number;
}

/** A name in a directory, and the same name in another one. */
export interface Pair {
  /** One character for each byte. Of a walk through both trees it is a path. */
  name: string;
  /** Why a file cannot be looked at, as the name of an error. */
  upper: FileStat | string;
  /** null if there is none. */
  lower: FileStat | string | null;
  /**
   * Whether files may have extended attributes that matter; of the lower one only if both are of a
   * kind.
   */
  marked: { upper: boolean; lower: boolean };
  /** Of two regular files of one size; null if they were not compared. */
  content: 'same' | 'changed' | 'unread' | null;
  /** Whether the walk goes on in this directory. */
  entered: boolean;
  /**
   * The descriptor of the directory with this name, of a walk that waits behind a pair at which
   * somebody must look; null if it is the caller's. It stays the walk's.
   */
  folder: (() => number) | null;
}

/** The bits of `state`. */
const HAS_OTHER = 1;
const IS_MARKED = 2;
const OTHER_MARKED = 4;
const CONTENT = { 8: 'same', 16: 'changed', 32: 'unread' } as const;
const CONTENT_BITS = 56;
const IS_ENTERED = 64;
const IS_RUN = 128;

/** More than any minor number (include/linux/kdev_t.h). */
const MINORS = 2 ** 20;

/** Numbers up to 2^53 are exact, and making them of BigInts takes most of the time. */
const longAt = (words: Uint32Array, at: number): number =>
  words[at]! + (words[at + 1]! | 0) * 2 ** 32;

/** A record, whose fields are read when they are asked for: most are not. */
class RecordStat implements FileStat {
  constructor(
    private readonly bytes: Buffer,
    private readonly words: Uint32Array,
    /** The place of the record, in words. */
    private readonly at: number,
  ) {}

  private word(index: number): number {
    return this.words[this.at + index]!;
  }

  private long(index: number): number {
    return longAt(this.words, this.at + 2 * index);
  }

  get mode(): number {
    return this.word(ENTRY_WORDS.mode);
  }

  get uid(): number {
    return this.word(ENTRY_WORDS.uid);
  }

  get gid(): number {
    return this.word(ENTRY_WORDS.gid);
  }

  get links(): number {
    return this.word(ENTRY_WORDS.links);
  }

  get size(): number {
    return this.long(ENTRY_LONGS.size);
  }

  get blocks(): number {
    return this.long(ENTRY_LONGS.blocks);
  }

  get device(): number {
    return this.long(ENTRY_LONGS.device);
  }

  get inode(): number {
    return this.long(ENTRY_LONGS.inode);
  }

  get node(): number {
    return this.word(ENTRY_WORDS.major) * MINORS + this.word(ENTRY_WORDS.minor);
  }

  get seconds(): number {
    return this.long(ENTRY_LONGS.modified);
  }

  get nanoseconds(): number {
    return this.word(ENTRY_WORDS.modifiedNs);
  }

  get target(): string {
    const from = 4 * this.at + ENTRY + this.word(ENTRY_WORDS.name);
    return this.bytes.toString('latin1', from, from + this.word(ENTRY_WORDS.target));
  }
}

/** Most pairs have no mark. */
const MARKS = [0, 1, 2, 3].map((bits) => ({ upper: (bits & 1) !== 0, lower: (bits & 2) !== 0 }));

/**
 * The pairs in some bytes, and the lone files of a walk.
 * @param bytes begins at a multiple of 8 in its ArrayBuffer, and stays as it is while the pairs are
 * used. @param folder of a walk, see Pair.
 */
export function decodePairs(bytes: Buffer, folder: Pair['folder'] = null): (Pair | LoneFiles)[] {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const fileAt = (at: number): FileStat | string => {
    const error = words[(at >> 2) + ENTRY_WORDS.error]!;
    return error === 0 ? new RecordStat(bytes, words, at >> 2) : errnoName(error);
  };
  const pairs: (Pair | LoneFiles)[] = [];
  // To cut names out of one text takes less time than to make each of its bytes.
  const text = bytes.toString('latin1');
  for (let at = 0; at < bytes.length;) {
    const word = at >> 2;
    const state = words[word + ENTRY_WORDS.state]!;
    const name = at + ENTRY;
    const next = at + words[word]!;
    const called = text.slice(name, name + words[word + ENTRY_WORDS.name]!);
    if ((state & IS_RUN) !== 0) {
      const names = name + called.length;
      const numbers = 2 * words[word + ENTRY_WORDS.links]!;
      pairs.push({
        folder: called,
        names: text.slice(names, names + words[word + ENTRY_WORDS.target]!),
        numbers: new Float64Array(bytes.buffer, bytes.byteOffset + next - 8 * numbers, numbers),
        size: longAt(words, word + 2 * ENTRY_LONGS.size),
        takes: longAt(words, word + 2 * ENTRY_LONGS.blocks) * 512,
      });
      at = next;
      continue;
    }
    const hasOther = (state & HAS_OTHER) !== 0;
    const content = (state & CONTENT_BITS) as keyof typeof CONTENT | 0;
    pairs.push({
      name: called,
      upper: fileAt(at),
      lower: hasOther ? fileAt(next) : null,
      marked: MARKS[(state & (IS_MARKED | OTHER_MARKED)) >> 1]!,
      content: content === 0 ? null : CONTENT[content],
      entered: (state & IS_ENTERED) !== 0,
      folder,
    });
    at = hasOther ? next + words[next >> 2]! : next;
  }
  return pairs;
}
