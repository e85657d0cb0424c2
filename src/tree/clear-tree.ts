import type { Reader, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';
import type { Folder, TreeDoor } from '../system/tree-door.js';
import { isNotEntered } from './descent.js';

/** The number of names to list; more would not help a person. */
const NAMED = 20;

/**
 * The paths to keep in the form in which the walk meets them. People often write a slash behind a
 * directory.
 * @throws {SystemError} EINVAL
 */
function pathsToKeep(top: string, keep: readonly string[]): string[] {
  return keep.map((each) => {
    const parts = each.split('/').filter((part) => part !== '');
    const isPath = each.startsWith('/') && parts.length > 0;
    if (!isPath || parts.some((part) => part === '.' || part === '..'))
      throw new SystemError({
        what:
          `keep ${JSON.stringify(each)}, ` +
          'which is not an absolute path, without . and .., to something in the directory',
        syscall: 'unlink',
        errno: 'EINVAL',
        path: top,
      });
    return `/${parts.join('/')}`;
  });
}

/** How a walk goes through directories: by descriptor, or by path. */
interface Way<Place> {
  names: (place: Place) => Iterable<string>;
  /**
   * Goes down into a directory, and back. null for anything else, and for a mount, which is not
   * entered.
   */
  enter: (place: Place, name: string) => Place | null;
  leave: (place: Place) => void;
}

/**
 * Calls `gone` with the uppermost paths that are neither kept nor above a kept path. It goes down
 * only along the kept paths.
 * @param inner the path of the place below the top.
 */
function walkPast<Place>(
  way: Way<Place>,
  at: { place: Place; inner: string },
  kept: readonly string[],
  gone: (place: Place, name: string, inner: string) => void,
): void {
  for (const name of way.names(at.place)) {
    const inner = `${at.inner}/${name}`;
    if (kept.includes(inner)) continue;
    // A kept path does not lead through a symlink, whose target may be anywhere.
    const isAboveKept = kept.some((each) => each.startsWith(`${inner}/`));
    const below = isAboveKept ? way.enter(at.place, name) : null;
    if (below === null) {
      gone(at.place, name, inner);
      continue;
    }
    try {
      walkPast(way, { place: below, inner }, kept, gone);
    } finally {
      way.leave(below);
    }
  }
}

const byDescriptor = (tree: TreeDoor): Way<Folder> => ({
  *names(folder) {
    for (const { name } of tree.entries(folder, false)) yield name;
  },
  enter(folder, name) {
    try {
      return tree.enter(folder, name);
    } catch (error) {
      if (isNotEntered(error)) return null;
      throw error;
    }
  },
  leave: (folder) => tree.close(folder),
});

const byPath = (reader: Reader, device: number): Way<string> => ({
  names: (path) => reader.list(path),
  enter(path, name) {
    const is = reader.details(`${path}/${name}`);
    return is.kind === 'directory' && is.device === device ? `${path}/${name}` : null;
  },
  leave: () => {},
});

/**
 * Removes the contents of a directory except the paths to keep. It may be interrupted anywhere and
 * repeated. It goes by descriptor, so nobody can lead it elsewhere, and no path is too long for it.
 * It removes symlinks and never follows them. Mounts below stay with all their files, and
 * `remaining` lists them.
 * @param keep absolute paths within the directory. Everything below a kept path is kept too, and
 *   so are the directories above it with their owners and modes.
 * @throws {SystemError} EINVAL for a path to keep that is empty, not absolute, the directory
 *   itself, or has . or .. in it, before anything is removed; else as TreeDoor.apply.
 */
export function clearTree(
  { tree }: Pick<System, 'tree'>,
  path: string,
  keep: readonly string[],
): void {
  const kept = pathsToKeep(path, keep);
  const top = tree.open(path);
  try {
    walkPast(byDescriptor(tree), { place: top, inner: '' }, kept, (folder, name, inner) => {
      const [{ errno } = { errno: null }] = tree.apply([{ what: 'remove', in: folder, name }]);
      if (errno !== null && !MOUNTED.includes(errno))
        throw new SystemError({
          what: `remove ${path}${inner}`,
          syscall: 'unlink',
          errno,
          path: `${path}${inner}`,
        });
    });
  } finally {
    tree.close(top);
  }
}

/** Something is mounted there. */
const MOUNTED = ['EXDEV', 'EBUSY'];

/**
 * Lists the paths that remain in a cleared directory, relative to it: only the uppermost of each
 * tree, and 20 at most. It reads names only, so it may go by path.
 * @throws {SystemError} EINVAL as clearTree.
 */
export function remaining(reader: Reader, path: string, keep: readonly string[]): string[] {
  const left: string[] = [];
  const kept = pathsToKeep(path, keep);
  const way = byPath(reader, reader.details(path).device);
  walkPast(way, { place: path, inner: '' }, kept, (_, __, inner) => {
    if (left.length < NAMED) left.push(inner);
  });
  return left;
}
