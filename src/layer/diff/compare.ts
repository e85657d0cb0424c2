import type { Attributes } from './attributes.js';
import type { DiffEntry, Kind } from './diff-entry.js';
import { isGone, sameContent, statOrNull, whatOf } from './lower-files.js';
import { metadataOf, type Side } from './metadata.js';
import type { LayerPair } from './pairs.js';

interface Compared {
  kind: Extract<Kind, 'same' | 'metadata' | 'changed' | 'unread'>;
  differs: NonNullable<DiffEntry['differs']>;
}

/**
 * Compares two files of one kind: content first, then metadata.
 * @param content of regular files, if somebody compared it. @param names of the upper one's
 *   attributes; null if they were not asked for.
 * @returns null if the upper one was removed meanwhile.
 */
export function compared(
  { upper, lower, content }: { upper: Side; lower: Side; content: LayerPair['content'] },
  attributes: Attributes | null,
  names: readonly string[] | null,
): Compared | null {
  const found = content ?? contentOf(upper, lower);
  if (found === null) return null;
  // A changed file's attributes are read only if it has some.
  const looked = found === 'same' || (names !== null && names.length > 0) ? attributes : null;
  const differs = metadataOf(looked, upper, lower, names);
  return { kind: found === 'same' && differs.length > 0 ? 'metadata' : found, differs };
}

function contentOf(upper: Side, lower: Side): 'same' | 'changed' | 'unread' | null {
  try {
    return isAlike(upper, lower) ? 'same' : 'changed';
  } catch (error) {
    return isGone(error) && statOrNull(upper.path) === null ? null : 'unread';
  }
}

function isAlike(upper: Side, lower: Side): boolean {
  const what = whatOf(upper.stat);
  if (what === 'file')
    return upper.stat.size === lower.stat.size && sameContent(upper.path, lower.path);
  if (what === 'symlink') return upper.stat.target === lower.stat.target;
  return what === 'character' || what === 'block' ? upper.stat.node === lower.stat.node : true;
}
