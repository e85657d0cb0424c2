/** Directories and trees beside those that they change, in one call for many names. */
import { errnoName } from './errno.js';
import { HEAD, LISTING, check, treeLibrary, parts, read, space } from './tree-library.js';
import { decodePairs, type Pair } from './tree-pairs.js';

type Names = ReturnType<typeof decodePairs>;

/** A copy of a part of the space, which others use before its records are read. */
function copied(from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(to - from);
  space.copy(copy, 0, from, to);
  return copy;
}

/**
 * Opens the library for treePairs and treeBoth. @throws where it cannot be loaded.
 */
export function openPairs(): { pairs: typeof treePairs; both: typeof treeBoth } {
  treeLibrary();
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
): Generator<Names> | null {
  const number = treeLibrary().tree_both(fd, beside, countsBlocks ? 1 : 0);
  if (number < 0 && errnoName(-number) === 'EMFILE') return null;
  return bothOf(check(number, LISTING, path), path);
}

/** Bytes of pairs: with many more, all of them live when memory is collected. */
const AT_ONCE = 16_384;

function* bothOf(number: number, path: string): Generator<Names> {
  const library = treeLibrary();
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
      first: () => within((other) => treeLibrary().tree_pairs(fd, other)),
      next: (list) => within((other) => treeLibrary().tree_next_pairs(list, fd, other)),
    },
    // Only a walk through both trees has runs of lone files.
    (bytes) => decodePairs(copied(HEAD, bytes)) as Pair[],
    path,
  );
}
