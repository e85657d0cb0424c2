import type { Reader, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

/** How many names are enough to say what is wrong. */
const NAMED = 20;

/**
 * The paths to keep as the walk meets them. Lists of such paths often have directories with a slash
 * behind them.
 */
function meant(path: string, keep: readonly string[]): string[] {
  return keep.map((each) => {
    const parts = each.split('/').filter((part) => part !== '');
    if (
      !each.startsWith('/') ||
      parts.length === 0 ||
      parts.some((part) => part === '.' || part === '..')
    )
      throw new SystemError({
        what: `keep ${JSON.stringify(each)}, which is no absolute path of something below, without . and ..`,
        syscall: 'unlink',
        errno: 'EINVAL',
        path,
      });
    return `/${parts.join('/')}`;
  });
}

/**
 * What a name below the cleared directory is to the kept paths: kept whole, on the way to one, or
 * neither.
 */
function standing(
  reader: Reader,
  path: string,
  inner: string,
  keep: readonly string[],
  device: number,
): 'kept' | 'above' | 'gone' {
  if (keep.includes(inner)) return 'kept';
  if (!keep.some((each) => each.startsWith(`${inner}/`))) return 'gone';
  // A symlink on the way keeps nothing behind it: what it points to may be anywhere. Nor is a mount
  // walked into.
  const is = reader.details(path);
  return is.kind === 'directory' && is.device === device ? 'above' : 'gone';
}

function walk(
  reader: Reader,
  top: string,
  keep: readonly string[],
  gone: (path: string, inner: string) => void,
): void {
  const { device } = reader.details(top);
  const wanted = meant(top, keep);
  const below = (inner: string): void => {
    for (const name of reader.list(`${top}${inner}`)) {
      const next = `${inner}/${name}`;
      const is = standing(reader, `${top}${next}`, next, wanted, device);
      if (is === 'above') below(next);
      else if (is === 'gone') gone(`${top}${next}`, next);
    }
  };
  below('');
}

/** Removes a tree but for what is mounted in it, and what is above that. */
function remove(system: System, path: string, device: number): void {
  const is = system.details(path);
  // removeTree by itself would empty what is mounted right there.
  if (is.device !== device) return;
  try {
    system.removeTree(path);
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== 'EXDEV' || is.kind !== 'directory')
      throw error;
    // It stopped at a mount somewhere below, and beside that there may be more.
    for (const name of system.list(path)) remove(system, `${path}/${name}`, device);
  }
}

/**
 * Removes all below a directory but what is to be kept. It may be cut off anywhere and done again.
 * Symlinks are removed and never followed. What is mounted below stays with all that is on it, and
 * `remaining` tells of it; a bind mount of the same file system cannot be told from a directory.
 * @param keep absolute paths within it; what is kept keeps all below it, and the directories above
 *   it with their owners and modes.
 * @throws {SystemError} EINVAL for a path to keep that is empty, not absolute, the directory
 *   itself, or has . or .. in it, before anything is removed; else as removeTree.
 */
export function clearTree(system: System, path: string, keep: readonly string[]): void {
  const { device } = system.details(path);
  walk(system, path, keep, (gone) => remove(system, gone, device));
}

/**
 * What is still below a directory that was cleared, as paths within it, the uppermost of each tree;
 * 20 at most.
 * @throws {SystemError} EINVAL as clearTree.
 */
export function remaining(reader: Reader, path: string, keep: readonly string[]): string[] {
  const left: string[] = [];
  walk(reader, path, keep, (_, inner) => left.length < NAMED && left.push(inner));
  return left;
}
