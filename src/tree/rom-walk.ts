/**
 * A walk through a tree that can stop and continue later, because one `done` may have no time for
 * the whole tree.
 */
import type { Details, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';
import type { FolderEntry, TreeDoor } from '../system/tree-door.js';
import { Descent } from './descent.js';

/** The result of a call, or `otherwise` if the kernel refuses it. */
export function quiet<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return otherwise;
  }
}

/**
 * The place in a folder where a walk from `from` begins: the name, and whether `from` is in the
 * folder itself and not further down. Null if the walk takes the whole folder.
 */
function firstIn(folder: string, from: string): { name: string; here: boolean } | null {
  const before = folder === '' ? '' : `${folder}/`;
  if (from === '' || !from.startsWith(before)) return null;
  const rest = from.slice(before.length);
  const end = rest.indexOf('/');
  return { name: end < 0 ? rest : rest.slice(0, end), here: end < 0 };
}

/**
 * Yields the paths below a directory with their kinds: all names in a directory come before the
 * names in its directories. It goes by descriptor, and leaves out mounts and unreadable
 * directories.
 * @param into whether to go into a directory.
 * @param from the path to begin at, which may no longer exist; '' is the beginning.
 */
export function* walk(
  { tree }: Pick<System, 'tree'>,
  top: string,
  into: (path: string) => boolean,
  from = '',
): Generator<{ path: string; is: Details }> {
  const opened = quiet(null, () => tree.open(top));
  if (opened === null) return;
  const way = new Descent(tree, opened);
  try {
    const folders = [''];
    for (let folder; (folder = folders.shift()) !== undefined;) {
      const first = firstIn(folder, from);
      const below: string[] = [];
      for (const is of listed(tree, way, folder)) {
        const { name } = is;
        // The walk has already passed the folders above the one where it begins, and everything
        // below earlier names.
        if (first !== null && !first.here && name < first.name) continue;
        const path = folder === '' ? name : `${folder}/${name}`;
        if (is.kind === 'directory' && is.device === opened.device && into(path)) below.push(path);
        if (first === null || (first.here && name >= first.name)) yield { path, is };
      }
      folders.unshift(...below);
    }
  } finally {
    way.close();
  }
}

/** The entries of a folder in the order of their names; none if it cannot be read. */
function listed(tree: TreeDoor, way: Descent, folder: string): FolderEntry[] {
  return quiet([], () => {
    const opened = way.reach(folder.split('/').filter((name) => name !== ''));
    try {
      return [...tree.entries(opened, false)]
        .filter(({ errno }) => errno === null)
        .sort((one, other) => (one.name < other.name ? -1 : 1));
    } finally {
      tree.close(opened);
    }
  });
}

/** Whether the walk comes to one path before another. */
export function isBefore(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')];
  const [folders, others] = [a.length - 1, b.length - 1];
  for (let at = 0; at < Math.min(folders, others); at++)
    if (a[at] !== b[at]) return a[at]! < b[at]!;
  return folders === others ? a[folders]! < b[folders]! : folders < others;
}
