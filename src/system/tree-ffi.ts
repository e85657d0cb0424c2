/** The tree door of the real kernel (native/tree.c). */
import { errnoName } from './errno.js';
import { SystemError } from './system-error.js';
import { copyWalk } from './tree-copy-ffi.js';
import { ENDING } from './tree-door.js';
import {
  HEAD,
  LISTING,
  LONGEST,
  check,
  descriptorOf,
  treeLibrary,
  parts,
  read,
  real,
  share,
  space,
  type Failing,
  type RealFolder,
} from './tree-library.js';
import type {
  Changed,
  Folder,
  FolderEntry,
  PathedEntry,
  TarRun,
  TreeDoor,
  WalkedEntry,
  WalkPurpose,
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

const OPENING: Failing = (path) => ({ what: `open ${path}`, syscall: 'open', path });
const MAKING: Failing = (path) => ({ what: `make directory ${path}`, syscall: 'mkdir', path });
const RETURNING: Failing = (path) => ({ what: `go back to ${path}`, syscall: 'open', path });
const LOOKING: Failing = (path) => ({ what: `examine ${path}`, syscall: 'lstat', path });
const READING: Failing = (path) => ({ what: `read ${path}`, syscall: 'open', path });

/** Puts a name or a path into the space. @throws {SystemError} EINVAL, ENAMETOOLONG */
function name(text: string, failing: Failing, path: string): void {
  treeLibrary();
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

/** @param text '' for the directory itself. */
function lookAt(folder: Folder, text: string, attributes: boolean): FolderEntry | null {
  const { fd, path } = real(folder);
  const place = text === '' ? path : `${path}/${text}`;
  name(text, LOOKING, place);
  const bytes = read(() => treeLibrary().tree_entry(fd, attributes ? 1 : 0), LOOKING, place);
  const [entry = null] = decodeEntries(space, 0, bytes);
  if (entry !== null && entry.errno !== null)
    throw new SystemError({ ...LOOKING(place), errno: entry.errno });
  return entry;
}

const below = (folder: Folder, text: string): string => `${real(folder).path}/${text}`;

function* listed(folder: Folder, attributes: boolean): Generator<FolderEntry, void> {
  const wanted = attributes ? 1 : 0;
  // The descriptor changes if the folder is closed and opened again meanwhile.
  const fd = (): number => real(folder).fd;
  const all = parts(
    {
      first: () => treeLibrary().tree_list(fd(), wanted),
      next: (list) => treeLibrary().tree_next(list, fd(), wanted),
    },
    (bytes) => decodeEntries(space, HEAD, bytes),
    real(folder).path,
  );
  for (const some of all) yield* some;
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
  const library = treeLibrary();
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
  const library = treeLibrary();
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
    return folderOf(check(treeLibrary().tree_open(follow ? 1 : 0), OPENING, path), path);
  },

  enter(folder, text) {
    const path = below(folder, text);
    name(text, OPENING, path);
    const entered = folderOf(check(treeLibrary().tree_enter(real(folder).fd), OPENING, path), path);
    // Before Linux 5.6 the kernel does not say that it crossed into a mount.
    if (entered.device === folder.device) return entered;
    treeLibrary().tree_close(entered.fd);
    throw new SystemError({ ...OPENING(path), errno: 'EXDEV' });
  },

  scratch(folder, text) {
    const path = below(folder, text);
    name(text, MAKING, path);
    return folderOf(check(treeLibrary().tree_scratch(real(folder).fd), MAKING, path), path);
  },

  above(folder, { device, inode }) {
    const path = real(folder).path.replace(/\/[^/]*$/, '');
    const found = folderOf(check(treeLibrary().tree_above(real(folder).fd), RETURNING, path), path);
    if (found.device === device && found.inode === inode) return found;
    treeLibrary().tree_close(found.fd);
    throw new SystemError({ ...RETURNING(path), errno: 'ESTALE' });
  },

  again(folder) {
    const { fd, path } = real(folder);
    return folderOf(check(treeLibrary().tree_again(fd), OPENING, path), path);
  },

  close: (folder) => void treeLibrary().tree_close(real(folder).fd),
  entries: listed,
  entry: lookAt,
  self: (folder, attributes) => lookAt(folder, '', attributes)!,

  walk,
  layer,
  copy: copyWalk,
  apply,
  build: (top, all) => apply(all.map((each) => ({ ...each, in: top }))),
};
