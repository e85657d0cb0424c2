/**
 * A walk through a tree that can be left and taken up again: what one `done` has no time for is for
 * the next.
 */
import type { Details, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

/** A file that cannot be read is left out, like one that is not there. */
export function quiet<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return otherwise;
  }
}

/**
 * The first name of a folder that a walk from a path is to look at, and whether the path is in that
 * folder itself; null where it is not at all.
 */
function firstIn(folder: string, from: string): { name: string; here: boolean } | null {
  const before = folder === '' ? '' : `${folder}/`;
  if (from === '' || !from.startsWith(before)) return null;
  const rest = from.slice(before.length);
  const end = rest.indexOf('/');
  return { name: end < 0 ? rest : rest.slice(0, end), here: end < 0 };
}

/**
 * Paths below the top, directories' files before their directories', and what each is; without what
 * is mounted there. `into` says whether a directory is looked into.
 * @param from the path that it begins at, also one that is there no more; '' is the beginning.
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
      // Above the folder that it begins in all was come to, and all that is below earlier names.
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

/** Whether the walk comes to the one path before the other. */
export function isBefore(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')];
  const [folders, others] = [a.length - 1, b.length - 1];
  for (let at = 0; at < Math.min(folders, others); at++)
    if (a[at] !== b[at]) return a[at]! < b[at]!;
  return folders === others ? a[folders]! < b[folders]! : folders < others;
}
