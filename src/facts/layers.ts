import type { Mount } from './facts.js';
import { visibleAt } from './mountinfo.js';
import { OLD_ROOT } from './places.js';

/** The directories of an overlay root, by the paths at which they can be reached now. */
export interface Layers {
  upper: string;
  /** Read-only layers with settings between the upper layer and the image, uppermost first. */
  kept: string[];
  /** The image; null if no path leads to it. */
  rom: string | null;
}

const valuesOf = ({ superOptions }: Mount, key: string): string[] =>
  superOptions.flatMap((option) => (option.startsWith(key) ? [option.slice(key.length)] : []));

/** A colon in a name has a backslash before it (fs/overlayfs/params.c). */
const layersIn = (text: string): string[] =>
  text.split(/(?<!\\):/).map((path) => path.replace(/\\(.)/g, '$1'));

/** Where the upper layer is today. The source `overlayfs:PATH` tells where the volume moved to. */
function upperOf(mounts: readonly Mount[], { source }: Mount, given: string): string {
  const moved = /^overlayfs:(\/.+)$/.exec(source)?.[1];
  if (moved === undefined || visibleAt(mounts, moved) === undefined) return given;
  return given.endsWith('/upper') ? `${moved}/upper` : moved;
}

/** Where the image is today: at /rom if something is mounted there, else where the overlay says. */
function romOf(mounts: readonly Mount[], lowest: string | undefined): string | null {
  if (visibleAt(mounts, OLD_ROOT) !== undefined) return OLD_ROOT;
  // That path was the image before the pivot, and is the overlay itself now.
  return lowest === undefined || lowest === '/' ? null : lowest;
}

/**
 * The layers of the overlay that is `/`; null if `/` is no overlay, or one without an upper layer.
 * The kernel shows the paths that the overlay was mounted with. Since then the data volume may have
 * moved to its place, and the image to /rom.
 */
export function layersOf(mounts: readonly Mount[]): Layers | null {
  const root = visibleAt(mounts, '/');
  if (root === undefined || !root.fstype.startsWith('overlay')) return null;
  const [given] = valuesOf(root, 'upperdir=');
  if (given === undefined) return null;
  const lowers = [
    ...valuesOf(root, 'lowerdir=').flatMap(layersIn),
    ...valuesOf(root, 'lowerdir+='),
  ];
  return {
    upper: upperOf(mounts, root, given),
    kept: lowers.slice(0, -1),
    rom: romOf(mounts, lowers.at(-1)),
  };
}
