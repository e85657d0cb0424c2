/** The paths of the setting `persist`: in the image, on the volume, and among the mounts. */
import type { Reader } from '../system/port.js';
import type { Facts, Mount, PersistPlace } from './facts.js';
import { hiddenMounts } from './mountinfo.js';
import { PERSIST_SOURCE, RAM } from './places.js';

/** The name of a path's directory on the volume. */
export const persistName = (path: string): string =>
  path.slice(1).replace(/[%/]/g, encodeURIComponent);

/** The path of a directory on the volume; null for a name that we do not give. */
export function pathOfPersist(name: string): string | null {
  const path = `/${name.replaceAll('%2F', '/').replaceAll('%25', '%')}`;
  return persistName(path) === name ? path : null;
}

/** Follows no symlink: a mount at its end would be elsewhere in the new root. */
function placeOf(reader: Reader, image: string, path: string): PersistPlace {
  const parts = path.slice(1).split('/');
  for (let depth = 1; depth <= parts.length; depth++) {
    const at = `/${parts.slice(0, depth).join('/')}`;
    const kind = reader.kind(`${image}${at}`);
    if (kind !== 'directory') return { path, at, kind };
  }
  return { path, at: path, kind: 'directory' };
}

/** @param image the mountpoint of the image, '' for `/`. */
export const lastingPlaces = (
  reader: Reader,
  image: string,
  paths: readonly string[],
): Pick<Facts, 'persist'> =>
  paths.length === 0 ? {} : { persist: paths.map((path) => placeOf(reader, image, path)) };

/** The mounts of paths that last, or that show what lasted. */
export function persistMounts(mounts: readonly Mount[]): Mount[] {
  const hidden = hiddenMounts(mounts);
  return mounts.filter(({ id, source }) => source === PERSIST_SOURCE && !hidden.has(id));
}

/** Whether a path's changes are kept: its upper layer is on the volume, and can be written. */
export const isLasting = ({ options, superOptions }: Mount): boolean =>
  ![options, superOptions].some((each) => each.includes('ro')) &&
  !superOptions.some((each) => each.startsWith(`upperdir=${RAM}/`));
