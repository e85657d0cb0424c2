import type { Mount } from './facts.js';
import { visibleAt } from './mountinfo.js';
import { OLD_ROOT } from './places.js';

/** The directories of an overlay root, by the paths that reach them now. */
export interface Layers {
  upper: string;
  /** Read-only layers with settings between the upper layer and the image, uppermost first. */
  kept: string[];
  /** The image; null if no path leads to it. */
  rom: string | null;
}

const valuesOf = ({ superOptions }: Mount, key: string): string[] =>
  superOptions.flatMap((option) => (option.startsWith(key) ? [option.slice(key.length)] : []));

/** overlayfs puts a backslash before a colon in a name (fs/overlayfs/params.c). */
const layersIn = (text: string): string[] =>
  text.split(/(?<!\\):/).map((path) => path.replace(/\\(.)/g, '$1'));

/**
 * The current path of the upper layer. The source `overlayfs:PATH` tells where the volume moved to.
 */
function upperOf(mounts: readonly Mount[], { source }: Mount, given: string): string {
  const moved = /^overlayfs:(\/.+)$/.exec(source)?.[1];
  if (moved === undefined || visibleAt(mounts, moved) === undefined) return given;
  return given.endsWith('/upper') ? `${moved}/upper` : moved;
}

/**
 * The current path of the image: /rom if something is mounted there, else the path that the overlay
 * names.
 */
function romOf(mounts: readonly Mount[], lowest: string | undefined): string | null {
  if (visibleAt(mounts, OLD_ROOT) !== undefined) return OLD_ROOT;
  // Before the pivot, that path was the image. Now it is the overlay itself.
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
