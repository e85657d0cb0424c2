import type { Reader, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

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

/**
 * Calls `gone` with the uppermost paths that are neither kept nor above a kept path.
 * @param keep as in clearTree.
 */
function walkPast(
  reader: Reader,
  top: string,
  keep: readonly string[],
  gone: (path: string, inner: string) => void,
): void {
  const { device } = reader.details(top);
  const kept = pathsToKeep(top, keep);
  // A kept path does not lead through a symlink, whose target may be anywhere. We do not enter a
  // mount.
  const isAboveKept = (inner: string): boolean => {
    if (!kept.some((each) => each.startsWith(`${inner}/`))) return false;
    const is = reader.details(`${top}${inner}`);
    return is.kind === 'directory' && is.device === device;
  };
  const below = (directory: string): void => {
    for (const name of reader.list(`${top}${directory}`)) {
      const inner = `${directory}/${name}`;
      if (kept.includes(inner)) continue;
      if (isAboveKept(inner)) below(inner);
      else gone(`${top}${inner}`, inner);
    }
  };
  below('');
}

/** Removes a tree except the mounts in it and the directories above them. */
function remove(system: System, path: string, device: number): void {
  const is = system.details(path);
  // removeTree alone would empty a file system mounted at this path.
  if (is.device !== device) return;
  try {
    system.removeTree(path);
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== 'EXDEV' || is.kind !== 'directory')
      throw error;
    // removeTree stopped at a mount below, and more files may be beside it.
    for (const name of system.list(path)) remove(system, `${path}/${name}`, device);
  }
}

/**
 * Removes the contents of a directory except the paths to keep. It may be interrupted anywhere and
 * repeated. It removes symlinks and never follows them. Mounts below stay with all their files, and
 * `remaining` lists them; but a bind mount of the same file system looks like a directory.
 * @param keep absolute paths within the directory. Everything below a kept path is kept too, and
 *   so are the directories above it with their owners and modes.
 * @throws {SystemError} EINVAL for a path to keep that is empty, not absolute, the directory
 *   itself, or has . or .. in it, before anything is removed; else as removeTree.
 */
export function clearTree(system: System, path: string, keep: readonly string[]): void {
  const { device } = system.details(path);
  walkPast(system, path, keep, (gone) => remove(system, gone, device));
}

/**
 * Lists the paths that remain in a cleared directory, relative to it: only the uppermost of each
 * tree, and 20 at most.
 * @throws {SystemError} EINVAL as clearTree.
 */
export function remaining(reader: Reader, path: string, keep: readonly string[]): string[] {
  const left: string[] = [];
  walkPast(reader, path, keep, (_, inner) => {
    if (left.length < NAMED) left.push(inner);
  });
  return left;
}
