/** The library of native/tree.c, and the space through which its calls get and give records. */
import { errnoName } from './errno.js';
import { openLibrary } from './native-library.js';
import { SystemError } from './system-error.js';
import type { Folder } from './tree-door.js';

const openTree = () =>
  openLibrary('libmountroot-tree.so', {
    tree_share: ['int32', ['pointer', 'uint32']],
    tree_open: ['int32', ['int32']],
    tree_enter: ['int32', ['int32']],
    tree_scratch: ['int32', ['int32']],
    tree_above: ['int32', ['int32']],
    tree_again: ['int32', ['int32']],
    tree_close: ['int32', ['int32']],
    tree_list: ['int32', ['int32', 'int32']],
    tree_next: ['int32', ['int32', 'int32', 'int32']],
    tree_pairs: ['int32', ['int32', 'int32']],
    tree_next_pairs: ['int32', ['int32', 'int32', 'int32']],
    tree_end: ['int32', ['int32']],
    tree_entry: ['int32', ['int32', 'int32']],
    tree_walk: ['int32', ['int32', 'int32']],
    tree_walk_next: ['int32', ['int32']],
    tree_walk_open: ['int32', ['int32']],
    tree_walk_leave: ['int32', ['int32']],
    tree_walk_end: ['int32', ['int32']],
    tree_both: ['int32', ['int32', 'int32', 'int32']],
    tree_both_next: ['int32', ['int32', 'uint32']],
    tree_both_folder: ['int32', ['int32']],
    tree_both_end: ['int32', ['int32']],
    tree_copy: ['int32', ['int32', 'int32', 'int32']],
    tree_copy_next: ['int32', ['int32']],
    tree_copy_end: ['int32', ['int32']],
    tree_apply: ['int32', ['uint32']],
  });

type Native = ReturnType<typeof openTree>;

/** Bytes: enough for some hundred usual entries, and the most for one with very many attributes. */
const USUAL_ROOM = 131_072;
const MOST_ROOM = 16 << 20;

/** The number of the listing that precedes entries, and its value after the end. */
export const HEAD = 8;
const ENDED = -1;

let opened: Native | null = null;
/**
 * The space for names, records and results. A pointer costs an FFI call more than all else, so it
 * is handed over once.
 */
export let space = Buffer.alloc(0);

export function share(library: Native, bytes: number): void {
  space = Buffer.alloc(bytes);
  library.tree_share(space as never, bytes);
}

/** Opened at the first walk: most starts walk through no tree. */
export function treeLibrary(): Native {
  if (opened === null) share((opened = openTree()), USUAL_ROOM);
  return opened;
}

/**
 * Forgets the library. A kept heap would hold that of the process that wrote it, and the whole
 * space.
 */
export function forgetTree(): void {
  opened = null;
  space = Buffer.alloc(0);
}

export interface RealFolder extends Folder {
  fd: number;
  /** For messages. */
  path: string;
}

/** Every folder of this door was made by it. */
export const real = (folder: object): RealFolder => folder as RealFolder;
export const descriptorOf = (folder: object): number => real(folder).fd;

export type Failing = (path: string) => { what: string; syscall: string; path: string };

export const LISTING: Failing = (path) => ({ what: `list ${path}`, syscall: 'opendir', path });

export function check(result: number, failing: Failing, path: string): number {
  if (result < 0) throw new SystemError({ ...failing(path), errno: errnoName(-result) });
  return result;
}

/** PATH_MAX, with its NUL. */
export const LONGEST = 4096;

/** Repeats a call with more space until its records fit. */
export function read(call: () => number, failing: Failing, path: string): number {
  for (;;) {
    const result = call();
    if (errnoName(-result) !== 'ERANGE' || space.length >= MOST_ROOM)
      return check(result, failing, path);
    const before = space;
    share(treeLibrary(), space.length * 2);
    // A name that the call is about.
    before.copy(space, 0, 0, LONGEST);
  }
}

/** Gives a listing from its first call to its last one, in as many parts as the space needs. */
export function* parts<Part>(
  calls: { first: () => number; next: (list: number) => number },
  decode: (bytes: number) => Part[],
  path: string,
): Generator<Part[], void> {
  let list = ENDED;
  let isListed = false;
  try {
    do {
      const bytes = read(
        () => {
          const result = isListed ? calls.next(list) : calls.first();
          if (result >= 0 || errnoName(-result) === 'ERANGE') {
            list = space.readInt32LE(0);
            isListed = true;
          }
          return result;
        },
        LISTING,
        path,
      );
      // A stand-in of the library gives nothing while a heap is written.
      if (bytes < HEAD) list = ENDED;
      else yield decode(bytes);
    } while (list !== ENDED);
  } finally {
    if (list !== ENDED) treeLibrary().tree_end(list);
  }
}
