/** The layers of the root of today that `diff` can compare, or why it can compare none. */
import type { Mount } from '../../facts/facts.js';
import { layersOf, type Layers } from '../../facts/layers.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { RAM_SOURCE } from '../../facts/places.js';
import { isWritableType } from '../../volumes/file-systems.js';
import { isInMemory, isReadOnly } from './mount-kinds.js';

type ComparableLayers = Layers & { rom: string };

/** Why there is nothing to compare. Paths are those that the overlay was mounted with. */
export type LayerTrouble =
  | { code: 'root-not-seen' }
  | { code: 'no-overlay'; fstype: string; source: string; written?: true }
  | { code: 'no-upper' }
  | { code: 'upper-out-of-reach'; path: string }
  | { code: 'image-out-of-reach'; path: string | null }
  | { code: 'several-lowers'; paths: string[] };

/**
 * Whether a path leads to a layer. The overlay is / itself, so a path on no other mount is one from
 * before the root was switched, and leads into the overlay today.
 */
const isReachable = (mounts: readonly Mount[], path: string): boolean =>
  mounts.some(
    ({ mountpoint }) =>
      mountpoint !== '/' && (path === mountpoint || path.startsWith(`${mountpoint}/`)),
  );

/** The layers of the overlay on /, as far as paths lead to them. */
export function comparable(mounts: readonly Mount[]): ComparableLayers | { trouble: LayerTrouble } {
  const root = visibleAt(mounts, '/');
  if (root === undefined) return { trouble: { code: 'root-not-seen' } };
  const { fstype, source } = root;
  const written = isWritableType(fstype) && !isReadOnly(root) && !isInMemory(root);
  if (!fstype.startsWith('overlay'))
    return {
      trouble: { code: 'no-overlay', fstype, source, ...(written && { written: true as const }) },
    };
  const layers = layersOf(mounts);
  if (layers === null) return { trouble: { code: 'no-upper' } };
  const { upper, kept, rom } = layers;
  if (!isReachable(mounts, upper)) return { trouble: { code: 'upper-out-of-reach', path: upper } };
  if (rom === null || !isReachable(mounts, rom))
    return { trouble: { code: 'image-out-of-reach', path: rom } };
  // Only our own root in memory has the settings as a lower layer.
  if (kept.length > 0 && source !== RAM_SOURCE)
    return { trouble: { code: 'several-lowers', paths: [...kept, rom] } };
  return { ...layers, rom };
}

const BEFORE = 'the overlay was mounted with this path before the root was switched';

const WORDS: {
  [Code in LayerTrouble['code']]: (data: Extract<LayerTrouble, { code: Code }>) => string;
} = {
  'root-not-seen': () =>
    'what / is cannot be told, because /proc/self/mountinfo shows no mount on it',
  'no-overlay': ({ fstype, source, written }) =>
    `/ is no overlay with an upper layer (it is ${fstype} ${source}` +
    `${written ? ', which keeps its changes itself' : ''}), so no layer shows changes`,
  'no-upper': () => '/ is an overlay without an upper layer, so there is nothing it changes',
  'upper-out-of-reach': ({ path }) => `no path leads to the upper layer ${path}: ${BEFORE}`,
  'image-out-of-reach': ({ path }) =>
    'no path leads to the image below the overlay on / ' +
    (path === null ? '(nothing is mounted on /rom)' : `(${path}): ${BEFORE}`),
  'several-lowers': ({ paths }) =>
    `the overlay on / has ${paths.length} lower layers (${paths.join(', ')}), ` +
    'and diff compares with one',
};

/** The trouble as half a sentence. */
export const troubleWords = (trouble: LayerTrouble): string =>
  (WORDS[trouble.code] as (data: LayerTrouble) => string)(trouble);
