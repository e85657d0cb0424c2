/** Where the layers of this machine's root are, and whether they are in use. */
import type { Facts, Mount } from '../../facts/facts.js';
import { layersOf, type Layers } from '../../facts/layers.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { FLASH_SOURCE } from '../../facts/places.js';
import type { Reader } from '../../system/port.js';

/**
 * An option of an overlay mount; the kernel shows the path as it was given, with \ before , and :
 * in it.
 */
const option = ({ superOptions }: Mount, name: string): string | undefined => {
  // A path with a comma was split with the options.
  const at = superOptions.findIndex((each) => each.startsWith(`${name}=`));
  if (at < 0) return undefined;
  let text = superOptions[at]!.slice(name.length + 1);
  for (let next = at + 1; /(^|[^\\])(\\\\)*\\$/.test(text) && next < superOptions.length; next++)
    text += `,${superOptions[next]!}`;
  return text.replace(/\\([\\,:])/g, '$1');
};

/**
 * The layers of /, where its upper one can be reached now; null where / is no overlay, or it cannot
 * be reached.
 */
export function rootLayers(reader: Reader, mounts: readonly Mount[]): Layers | null {
  const layers = layersOf(mounts);
  return layers !== null && reader.kind(layers.upper) === 'directory' ? layers : null;
}

/**
 * Overlays that have this directory, or what it is in, as a layer that must not change under them.
 */
export function overlaysOver(reader: Reader, mounts: readonly Mount[], directory: string): Mount[] {
  const { device, inode } = reader.details(directory);
  const isIt = (path: string | undefined): boolean => {
    try {
      if (path === undefined || path === '') return false;
      const other = reader.details(reader.realPath(path));
      return other.device === device && other.inode === inode;
    } catch {
      // A path of another mount namespace, or from before a pivot.
      return false;
    }
  };
  return mounts.filter(
    (mount) =>
      mount.fstype.startsWith('overlay') &&
      [
        option(mount, 'upperdir'),
        ...(option(mount, 'lowerdir') ?? '').split(/(?<!\\):/),
        mount === visibleAt(mounts, '/') ? rootLayers(reader, mounts)?.upper : undefined,
      ].some(isIt),
  );
}

/** Whether an import into the root's own upper layer can be ordered, or one sentence why not. */
export function orderTrouble(facts: Facts): string | null {
  const { mounts, opened, external } = facts;
  const root = visibleAt(mounts, '/');
  const elsewhere = 'name an upper layer that is not in use with --upper DIR';
  if (root === undefined || !root.fstype.startsWith('overlay'))
    return `/ is ${root?.fstype ?? 'nothing'} and no overlay, so there is no upper layer to import into; ${elsewhere}`;
  if (root.fstype === 'overlayfs')
    return `/ is an overlay of the old kind (overlayfs), whose upper layer is the whole data volume and cannot be exchanged; ${elsewhere}`;
  if (external !== null && external.at !== null)
    return `/ keeps its changes on an external volume, and an order to import is only carried out on the internal one; boot without it, or ${elsewhere}`;
  if (root.source !== FLASH_SOURCE || opened === null)
    return `/ does not keep its changes on the data volume now (\`mountroot status\` says why), so nothing can be ordered there; mend that first, or ${elsewhere}`;
  if (opened.readonly)
    return `the data volume on ${opened.at} is read-only, so nothing can be put on it; mend that first (\`mountroot status\` says why)`;
  return null;
}
