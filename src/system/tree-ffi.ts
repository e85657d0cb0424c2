/** The tree door of the real kernel (native/tree.c). */
import { errnoName } from './errno.js';
import { openLibrary } from './native-library.js';
import { SystemError } from './system-error.js';
import { decodePairs, type Pair } from './tree-pairs.js';
import {
  ENDING,
  type Changed,
  type Folder,
  type FolderEntry,
  type PathedEntry,
  type TarRun,
  type TreeDoor,
  type WalkedEntry,
  type WalkPurpose,
} from './tree-door.js';
import {
  decodeEntries,
  decodeLayer,
  hasCut,
  isCut,
  roomOf,
  writeChange,
  writeText,
  type AnyChange,
} from './tree-records.js';

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
    tree_apply: ['int32', ['uint32']],
  });

type Native = ReturnType<typeof openTree>;

/** Bytes: enough for some hundred usual entries, and the most for one with very many attributes. */
const USUAL_ROOM = 131_072;
const MOST_ROOM = 16 << 20;

/** The number of the listing that precedes entries, and its value after the end. */
const HEAD = 8;
const ENDED = -1;

let opened: Native | null = null;
/**
 * The space for names, records and results. A pointer costs an FFI call more than all else, so it
 * is handed over once.
 */
let space = Buffer.alloc(0);

function share(library: Native, bytes: number): void {
  space = Buffer.alloc(bytes);
  library.tree_share(space as never, bytes);
}

/** Opened at the first walk: most starts walk through no tree. */
function native(): Native {
  if (opened === null) share((opened = openTree()), USUAL_ROOM);
  return opened;
}

interface RealFolder extends Folder {
  fd: number;
  /** For messages. */
  path: string;
}

/** Every folder of this door was made by it. */
const real = (folder: object): RealFolder => folder as RealFolder;
export const descriptorOf = (folder: object): number => real(folder).fd;

type Failing = (path: string) => { what: string; syscall: string; path: string };

const OPENING: Failing = (path) => ({ what: `open ${path}`, syscall: 'open', path });
const MAKING: Failing = (path) => ({ what: `make directory ${path}`, syscall: 'mkdir', path });
const RETURNING: Failing = (path) => ({ what: `go back to ${path}`, syscall: 'open', path });
const LOOKING: Failing = (path) => ({ what: `examine ${path}`, syscall: 'lstat', path });
const LISTING: Failing = (path) => ({ what: `list ${path}`, syscall: 'opendir', path });
const READING: Failing = (path) => ({ what: `read ${path}`, syscall: 'open', path });

function check(result: number, failing: Failing, path: string): number {
  if (result < 0) throw new SystemError({ ...failing(path), errno: errnoName(-result) });
  return result;
}

/** PATH_MAX, with its NUL. */
const LONGEST = 4096;

/** Puts a name or a path into the space. @throws {SystemError} EINVAL, ENAMETOOLONG */
function name(text: string, failing: Failing, path: string): void {
  native();
  const errno = isCut(text) ? 'EINVAL' : 'ENAMETOOLONG';
  if (errno === 'EINVAL' || Buffer.byteLength(text) >= LONGEST)
    throw new SystemError({ ...failing(path), errno });
  writeText(space, 0, text);
}

/** Makes a Folder of a new descriptor, whose own entry is in the space. */
function folderOf(fd: number, path: string): RealFolder {
  const [{ device, inode } = { device: -1, inode: -1 }] = decodeEntries(space, 0, 1);
  return { fd, path, device, inode };
}

/** Repeats a call with more space until its records fit. */
function read(call: () => number, failing: Failing, path: string): number {
  for (;;) {
    const result = call();
    if (errnoName(-result) !== 'ERANGE' || space.length >= MOST_ROOM)
      return check(result, failing, path);
    const before = space;
    share(native(), space.length * 2);
    // A name that the call is about.
    before.copy(space, 0, 0, LONGEST);
  }
}

/** @param text '' for the directory itself. */
function lookAt(folder: Folder, text: string, attributes: boolean): FolderEntry | null {
  const { fd, path } = real(folder);
  const place = text === '' ? path : `${path}/${text}`;
  name(text, LOOKING, place);
  const bytes = read(() => native().tree_entry(fd, attributes ? 1 : 0), LOOKING, place);
  const [entry = null] = decodeEntries(space, 0, bytes);
  if (entry !== null && entry.errno !== null)
    throw new SystemError({ ...LOOKING(place), errno: entry.errno });
  return entry;
}

const below = (folder: Folder, text: string): string => `${real(folder).path}/${text}`;

/** Gives a listing from its first call to its last one, in as many parts as the space needs. */
function* parts<Part>(
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
    if (list !== ENDED) native().tree_end(list);
  }
}

function* listed(folder: Folder, attributes: boolean): Generator<FolderEntry, void> {
  const wanted = attributes ? 1 : 0;
  // The descriptor changes if the folder is closed and opened again meanwhile.
  const fd = (): number => real(folder).fd;
  const all = parts(
    {
      first: () => native().tree_list(fd(), wanted),
      next: (list) => native().tree_next(list, fd(), wanted),
    },
    (bytes) => decodeEntries(space, HEAD, bytes),
    real(folder).path,
  );
  for (const some of all) yield* some;
}

/** A copy of a part of the space, which others use before its records are read. */
function copied(from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(to - from);
  space.copy(copy, 0, from, to);
  return copy;
}

/**
 * Opens the library for treePairs and treeBoth. It is opened anew, because a kept heap may hold the
 * stand-in of the library that was there when the heap was written. @throws where it cannot be
 * loaded.
 */
export function openPairs(): { pairs: typeof treePairs; both: typeof treeBoth } {
  share((opened = openTree()), USUAL_ROOM);
  return { pairs: treePairs, both: treeBoth };
}

/**
 * Walks through a directory and the one that it changes, as far as nobody must decide how: not into
 * directories with attributes nor mounts, and not deeper than it keeps directories open.
 * @param beside the other directory; -1 if there is none. @param countsBlocks whether the file
 * system of the first one does that. @returns null if too many walks are going on. @throws
 *   {SystemError} as getdents64(2), at once.
 */
function treeBoth(
  { fd, beside, countsBlocks }: { fd: number; beside: number; countsBlocks: boolean },
  path: string,
): Generator<Pair[]> | null {
  const number = native().tree_both(fd, beside, countsBlocks ? 1 : 0);
  if (number < 0 && errnoName(-number) === 'EMFILE') return null;
  return bothOf(check(number, LISTING, path), path);
}

/** Bytes of pairs: with many more, all of them live when memory is collected. */
const AT_ONCE = 16_384;

function* bothOf(number: number, path: string): Generator<Pair[]> {
  const library = native();
  const folder = (): number => check(library.tree_both_folder(number), LISTING, path);
  try {
    for (
      let bytes;
      (bytes = read(() => library.tree_both_next(number, AT_ONCE), LISTING, path)) > 0;
    )
      yield decodePairs(copied(0, bytes), folder);
  } finally {
    library.tree_both_end(number);
  }
}

/**
 * The names in a directory, each with the one that it changes in another directory.
 * @param fd the directory, which must be open whenever the next ones are asked for. @param beside
 * opens the other directory; -1 if there is none. @throws {SystemError} as getdents64(2).
 */
function treePairs(
  fd: number,
  beside: { open: () => number; close: (opened: number) => void },
  path: string,
): Generator<Pair[], void> {
  const within = (call: (other: number) => number): number => {
    const other = beside.open();
    try {
      return call(other);
    } finally {
      if (other >= 0) beside.close(other);
    }
  };
  return parts(
    {
      first: () => within((other) => native().tree_pairs(fd, other)),
      next: (list) => within((other) => native().tree_next_pairs(list, fd, other)),
    },
    (bytes) => decodePairs(copied(HEAD, bytes)),
    path,
  );
}

/** The numbers of `purpose` in native/tree-walk.h. */
const PURPOSES = { contents: 1, marks: 2 } as const satisfies Record<WalkPurpose, number>;
const OF_LAYER = { contents: 3, marks: 4 } as const satisfies Record<WalkPurpose, number>;

/** A walk from its first call to its last one. @param decode the records in the space. */
function* walking<Walked>(
  folder: Folder,
  purpose: number,
  decode: (bytes: number, calls: Pick<PathedEntry, 'open' | 'leave'>) => Iterable<Walked>,
): Generator<Walked, void> {
  const { fd, path } = real(folder);
  const library = native();
  const number = check(library.tree_walk(fd, purpose), LISTING, path);
  const calls = {
    open: () => check(library.tree_walk_open(number), READING, path),
    leave: () => void check(library.tree_walk_leave(number), LISTING, path),
  };
  try {
    for (let bytes; (bytes = read(() => library.tree_walk_next(number), LISTING, path)) > 0;)
      yield* decode(bytes, calls);
  } finally {
    library.tree_walk_end(number);
  }
}

const walk = (folder: Folder, purpose: WalkPurpose): Generator<WalkedEntry, void> =>
  walking(folder, PURPOSES[purpose], (bytes, { open }) => decodeEntries(space, 0, bytes, open));

const layer = (folder: Folder, purpose: WalkPurpose): Generator<PathedEntry | TarRun, void> =>
  walking(folder, OF_LAYER[purpose], (bytes, calls) => decodeLayer(space, bytes, calls));

/** The error that a change has before the kernel sees it; null if there is none. */
const refusal = (change: AnyChange): Changed | null =>
  hasCut(change) ? { errno: 'EINVAL', lost: 0 } : null;

/** The space for the results of a call, and so the most changes in it. */
const RESULTS = 4096;

function apply(changes: readonly AnyChange[]): Changed[] {
  const results: Changed[] = [];
  while (results.length < changes.length) {
    const refused = refusal(changes[results.length]!);
    if (refused !== null) {
      results.push(refused);
      continue;
    }
    const some = applySome(changes, results.length);
    results.push(...some);
    if (some.some(({ errno }) => errno !== null && ENDING.includes(errno)))
      while (results.length < changes.length) results.push({ errno: 'ECANCELED', lost: 0 });
  }
  return results;
}

/** Makes as many changes as the space holds, one at least. */
function applySome(changes: readonly AnyChange[], from: number): Changed[] {
  const library = native();
  let bytes = 0;
  let count = 0;
  for (; from + count < changes.length && 4 * count < RESULTS; count++) {
    const change = changes[from + count]!;
    const room = bytes + roomOf(change) + RESULTS + HEAD;
    if (room > space.length) {
      if (count > 0) break;
      share(library, (room + 7) & ~7);
    }
    if (refusal(change) !== null) break;
    bytes += writeChange(space, bytes, change, descriptorOf);
  }
  check(
    library.tree_apply(bytes),
    () => ({ what: 'change a tree', syscall: 'open', path: '/' }),
    '/',
  );
  return Array.from({ length: count }, (_, index) => {
    const result = space.readInt32LE(bytes + 4 * index);
    return result < 0 ? { errno: errnoName(-result), lost: 0 } : { errno: null, lost: result };
  });
}

export const treeDoor: TreeDoor = {
  open(path, follow = false) {
    name(path, OPENING, path);
    return folderOf(check(native().tree_open(follow ? 1 : 0), OPENING, path), path);
  },

  enter(folder, text) {
    const path = below(folder, text);
    name(text, OPENING, path);
    const entered = folderOf(check(native().tree_enter(real(folder).fd), OPENING, path), path);
    // Before Linux 5.6 the kernel does not say that it crossed into a mount.
    if (entered.device === folder.device) return entered;
    native().tree_close(entered.fd);
    throw new SystemError({ ...OPENING(path), errno: 'EXDEV' });
  },

  scratch(folder, text) {
    const path = below(folder, text);
    name(text, MAKING, path);
    return folderOf(check(native().tree_scratch(real(folder).fd), MAKING, path), path);
  },

  above(folder, { device, inode }) {
    const path = real(folder).path.replace(/\/[^/]*$/, '');
    const found = folderOf(check(native().tree_above(real(folder).fd), RETURNING, path), path);
    if (found.device === device && found.inode === inode) return found;
    native().tree_close(found.fd);
    throw new SystemError({ ...RETURNING(path), errno: 'ESTALE' });
  },

  again(folder) {
    const { fd, path } = real(folder);
    return folderOf(check(native().tree_again(fd), OPENING, path), path);
  },

  close: (folder) => void native().tree_close(real(folder).fd),
  entries: listed,
  entry: lookAt,
  self: (folder, attributes) => lookAt(folder, '', attributes)!,

  walk,
  layer,
  apply,
  build: (top, all) => apply(all.map((each) => ({ ...each, in: top }))),
};
