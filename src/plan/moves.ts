import { childrenOf, visibleAt } from '../facts/mountinfo.js';
import type { Mount } from '../facts/facts.js';

/** What OpenWrt moves, in its order; everything else in mountinfo follows. */
const USUAL = ['/dev', '/tmp', '/sys'];

/**
 * The mountpoints to move from the old root to the new one, in order, /proc left out because it
 * moves before the pivot. Only mounts that stand directly on the root: what lies under them travels
 * along.
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
