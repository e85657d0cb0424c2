/** The places of the layers of this machine's root, and whether they are in use. */
import type { Facts, Mount } from '../../facts/facts.js';
import { layersOf, type Layers } from '../../facts/layers.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { FLASH_SOURCE } from '../../facts/places.js';
import type { Reader } from '../../system/port.js';

/**
 * The value of an option of an overlay mount. The kernel shows a path in the form of the mount
 * call, with \ before each , and : in it.
 */
const option = ({ superOptions }: Mount, name: string): string | undefined => {
  // A comma in the path was split like the commas between options.
  const at = superOptions.findIndex((each) => each.startsWith(`${name}=`));
  if (at < 0) return undefined;
  let text = superOptions[at]!.slice(name.length + 1);
  for (let next = at + 1; /(^|[^\\])(\\\\)*\\$/.test(text) && next < superOptions.length; next++)
    text += `,${superOptions[next]!}`;
  return text.replace(/\\([\\,:])/g, '$1');
};

/** The layers of /; null if / is no overlay, or if no path leads to its upper layer now. */
export function rootLayers(reader: Reader, mounts: readonly Mount[]): Layers | null {
  const layers = layersOf(mounts);
  return layers !== null && reader.kind(layers.upper) === 'directory' ? layers : null;
}

/**
 * Mounted overlays that use this directory as a layer. It must not change while they are mounted.
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

const ELSEWHERE = 'name an upper layer that is not in use with --upper DIR';

/**
 * The reasons why no import into the root's own upper layer is possible. The first rule that
 * matches counts.
 */
const NO_ORDER: readonly {
  when: (facts: Facts, root: Mount | undefined) => boolean;
  because: (facts: Facts, root: Mount | undefined) => string;
}[] = [
  {
    when: (_, root) => root === undefined || !root.fstype.startsWith('overlay'),
    because: (_, root) =>
      `/ is ${root?.fstype ?? 'nothing'} and no overlay, so there is no upper layer to import ` +
      `into; ${ELSEWHERE}`,
  },
  {
    when: (_, root) => root?.fstype === 'overlayfs',
    because: () =>
      '/ is an overlay of the old kind (overlayfs), whose upper layer is the whole data volume ' +
      `and cannot be exchanged; ${ELSEWHERE}`,
  },
  {
    when: ({ external }) => external !== null && external.at !== null,
    because: () =>
      '/ keeps its changes on an external volume, and an order to import is only carried out on ' +
      `the internal one; boot without it, or ${ELSEWHERE}`,
  },
  {
    when: ({ opened }, root) => root?.source !== FLASH_SOURCE || opened === null,
    because: () =>
      '/ does not keep its changes on the data volume now (`mountroot status` says why), so ' +
      `nothing can be ordered there; mend that first, or ${ELSEWHERE}`,
  },
  {
    when: ({ opened }) => opened?.readonly === true,
    because: ({ opened }) =>
      `the data volume on ${opened!.at} is read-only, so nothing can be put on it; mend that ` +
      'first (`mountroot status` says why)',
  },
];

/**
 * The reason why no import into the root's own upper layer is possible, one sentence; null if it is
 * possible.
 */
export function orderTrouble(facts: Facts): string | null {
  const root = visibleAt(facts.mounts, '/');
  const rule = NO_ORDER.find(({ when }) => when(facts, root));
  return rule?.because(facts, root) ?? null;
}
