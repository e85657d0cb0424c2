import { childrenOf, visibleAt } from '../facts/mountinfo.js';
import type { Mount } from '../facts/facts.js';

/** The mounts that OpenWrt moves, in its order; all others in mountinfo follow. */
const USUAL = ['/dev', '/tmp', '/sys'];

/**
 * The mountpoints to move from the old root to the new one, in order. /proc is left out because it
 * has a step of its own. Only mounts directly on the root are listed: the mounts below them move
 * with them.
 */
export function mountsToMove(mounts: readonly Mount[]): string[] {
  const root = visibleAt(mounts, '/');
  if (root === undefined) return [];
  const points = childrenOf(mounts, root).filter((point) => point !== '/proc');
  return [
    ...USUAL.filter((point) => points.includes(point)),
    ...points.filter((point) => !USUAL.includes(point)),
  ];
}
