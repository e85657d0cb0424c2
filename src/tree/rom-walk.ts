/**
 * A walk through a tree that can be left and taken up again, because one `done` may not have the
 * time for all of a tree.
 */
import type { Details, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

/** What a look gives, or `otherwise` where the kernel refuses it. */
export function quiet<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return otherwise;
  }
}

/**
 * Where a walk that begins at `from` begins in a folder: at which name, and whether `from` is in
 * that folder itself and not further down. Null where it takes the whole folder.
 */
function firstIn(folder: string, from: string): { name: string; here: boolean } | null {
  const before = folder === '' ? '' : `${folder}/`;
  if (from === '' || !from.startsWith(before)) return null;
  const rest = from.slice(before.length);
  const end = rest.indexOf('/');
  return { name: end < 0 ? rest : rest.slice(0, end), here: end < 0 };
}

/**
 * Paths below a directory with what each is: all names in a directory come before the names in its
 * directories. What is mounted in there is left out, and so is what cannot be read.
 * @param into whether to go into a directory.
 * @param from the path to begin at, which need not be there any more; '' is the beginning.
 */
export function* walk(
  system: System,
  top: string,
  into: (path: string) => boolean,
  from = '',
): Generator<{ path: string; is: Details }> {
  const device = quiet(null, () => system.details(top).device);
  const folders = [''];
  for (let folder; (folder = folders.shift()) !== undefined;) {
    const first = firstIn(folder, from);
    const below: string[] = [];
    for (const name of quiet([], () => system.list(`${top}/${folder}`))) {
      // The walk has passed all of a folder above the one that it begins in, and all that is below
      // earlier names.
      if (first !== null && !first.here && name < first.name) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const is = quiet(null, () => system.details(`${top}/${path}`));
      if (is === null) continue;
      if (is.kind === 'directory' && is.device === device && into(path)) below.push(path);
      if (first === null || (first.here && name >= first.name)) yield { path, is };
    }
    folders.unshift(...below);
  }
}

/** Whether the walk comes to one path before another. */
export function isBefore(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')];
  const [folders, others] = [a.length - 1, b.length - 1];
  for (let at = 0; at < Math.min(folders, others); at++)
    if (a[at] !== b[at]) return a[at]! < b[at]!;
  return folders === others ? a[folders]! < b[folders]! : folders < others;
}
