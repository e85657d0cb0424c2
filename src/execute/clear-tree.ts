import type { Reader, System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

/** How many names are enough to say what is wrong. */
const NAMED = 20;

/** What a directory below the cleared one is to the kept paths: kept whole, on the way to one, or neither. */
function standing(reader: Reader, path: string, inner: string, keep: readonly string[]): 'kept' | 'above' | 'gone' {
  if (keep.includes(inner)) return 'kept';
  // A symlink on the way keeps nothing behind it: what it points to may be anywhere.
  return keep.some((each) => each.startsWith(`${inner}/`)) && reader.kind(path) === 'directory' ? 'above' : 'gone';
}

function walk(reader: Reader, top: string, keep: readonly string[], gone: (path: string, inner: string) => void): void {
  const below = (inner: string): void => {
    for (const name of reader.list(`${top}${inner}`)) {
      const next = `${inner}/${name}`;
      const is = standing(reader, `${top}${next}`, next, keep);
      if (is === 'above') below(next);
      else if (is === 'gone') gone(`${top}${next}`, next);
    }
  };
  below('');
}

/**
 * Removes all below a directory but what is to be kept. It may be cut off anywhere and done again.
 * @param keep absolute paths within it; what is kept keeps all below it, and the directories above it with their owners and modes.
 * @throws {SystemError} EINVAL for a path to keep that has . or .. in it, before anything is removed; EXDEV where something is mounted below.
 */
export function clearTree(system: System, path: string, keep: readonly string[]): void {
  for (const each of keep)
    if (!each.startsWith('/') || each.split('/').slice(1).some((part) => ['', '.', '..'].includes(part))) throw new SystemError({ what: `keep ${JSON.stringify(each)}, which is no absolute path without . and ..`, syscall: 'unlink', errno: 'EINVAL', path });
  walk(system, path, keep, (gone) => system.removeTree(gone));
}

/** What is still below a directory that was cleared, as paths within it; 20 at most. */
export function remaining(reader: Reader, path: string, keep: readonly string[]): string[] {
  const left: string[] = [];
  walk(reader, path, keep, (_, inner) => left.length < NAMED && left.push(inner));
  return left;
}
