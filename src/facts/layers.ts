import type { Mount } from './facts.js';
import { visibleAt } from './mountinfo.js';
import { OLD_ROOT } from './places.js';

/** The directories that an overlay root is made of, as they can be reached now. */
export interface Layers {
  upper: string;
  /**
   * Layers of changes below it that cannot be written to, uppermost first: settings that are kept
   * read-only.
   */
  kept: string[];
  /** The image; null where no path leads to it. */
  rom: string | null;
}

const valuesOf = ({ superOptions }: Mount, key: string): string[] =>
  superOptions.flatMap((option) => (option.startsWith(key) ? [option.slice(key.length)] : []));

/** A colon in a name has a backslash before it (fs/overlayfs/params.c). */
const layersIn = (text: string): string[] =>
  text.split(/(?<!\\):/).map((path) => path.replace(/\\(.)/g, '$1'));

/**
 * The layers of the overlay that is `/`; null where it is none, or one without an upper layer. The
 * kernel shows them as they were given, and both may have moved since: the data volume to its
 * place, of which the source `overlayfs:PATH` tells, and the image to /rom.
 */
export function layersOf(mounts: readonly Mount[]): Layers | null {
  const root = visibleAt(mounts, '/');
  if (root === undefined || !root.fstype.startsWith('overlay')) return null;
  const [given] = valuesOf(root, 'upperdir=');
  if (given === undefined) return null;
  const told = /^overlayfs:(\/.+)$/.exec(root.source)?.[1];
  const upper =
    told !== undefined && visibleAt(mounts, told) !== undefined
      ? `${told}${given.endsWith('/upper') ? '/upper' : ''}`
      : given;
  const lowers = [
    ...valuesOf(root, 'lowerdir=').flatMap(layersIn),
    ...valuesOf(root, 'lowerdir+='),
  ];
  const last = lowers.at(-1);
  const rom =
    visibleAt(mounts, OLD_ROOT) !== undefined
      ? OLD_ROOT
      : last === undefined || last === '/'
        ? null
        : last;
  return { upper, kept: lowers.slice(0, -1), rom };
}
