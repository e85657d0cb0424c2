/**
 * The facts of a board as they were before its root was made. A start is planned for that moment,
 * so a dry run on a running board needs it. What the facts of today do not show is listed as an
 * assumption. Pure.
 */
import type {
  Content,
  Device,
  External,
  Facts,
  Mount,
  MountedVolume,
  Volume,
} from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { DATA, IMAGE_PLACES, OLD_ROOT, PERSIST_SOURCE, RAM, STAGING } from '../../facts/places.js';
import { isBehindImage } from '../../plan/behind.js';
import { VOLUME_TYPES, type ContentKind } from '../../volumes/index.js';
import { todaysRoot, type TodaysRoot } from './todays-root.js';

/** Something about the rebuilt facts that a reader should know. */
export type Assumption =
  | { code: 'image'; fstype: string; source: string }
  /** Made after the pivot, so not there before. */
  | { code: 'left-out'; mountpoints: string[] }
  /** It was mounted anew since, and something was mounted there before. */
  | { code: 'as-today'; mountpoints: string[] }
  | { code: 'directories'; paths: string[] }
  | { code: 'content'; device: string; fstype: string; at: string }
  /** The device that holds the changes of today is not the volume that a start looks for. */
  | { code: 'other-device'; source: string; fstype: string; at: string; wanted: string }
  | { code: 'one-of-several'; source: string; names: string[]; wanted: string }
  /** Such as `other-device`: the loop device shows the space behind the image. */
  | { code: 'behind-image'; image: string; source: string; fstype: string; at: string };

/** The facts that a start is planned from, and where they are from. */
export interface BeforeStart {
  root: TodaysRoot;
  facts: Facts;
  /** null if the facts are those of today. */
  rebuilt: Assumption[] | null;
  /** A root was made, and the facts do not show the one before it. */
  hidden: boolean;
  /** The content of the data volume, if it is mounted today. */
  known: MountedVolume | null;
}

/** A program early in the boot needs these, so they were mounted before the pivot too. */
const EARLY = ['/proc', '/sys', '/dev', '/tmp'];

const isBelow = (path: string, top: string): boolean => path === top || path.startsWith(`${top}/`);

/** The mount that holds the changes: OpenWrt names its place in the overlay's source. */
function changesMount({ mounts }: Pick<Facts, 'mounts'>, root: Mount): Mount | undefined {
  const told = /^overlayfs:(\/.+)$/.exec(root.source)?.[1];
  const [at] = [told, DATA, RAM].filter(
    (path) => path !== undefined && visibleAt(mounts, path) !== undefined,
  );
  return at === undefined ? undefined : visibleAt(mounts, at);
}

/** Places whose mounts a start makes itself. */
const isOwnPlace = (path: string): boolean =>
  [DATA, RAM, STAGING].some((place) => isBelow(path, place));

/** The place of a mount before the pivot; null if it was not there. */
function placeBefore(mount: Mount, root: Mount, image: Mount): string | null {
  const { mountpoint, id } = mount;
  if (mount === image) return '/';
  if (id === root.id || mountpoint === '/' || mount.source === PERSIST_SOURCE) return null;
  // A mount that stayed behind with the old root was on it.
  if (isBelow(mountpoint, OLD_ROOT))
    return mountpoint === OLD_ROOT ? null : mountpoint.slice(OLD_ROOT.length);
  if (isOwnPlace(mountpoint)) return null;
  return EARLY.some((place) => isBelow(mountpoint, place)) || id < root.id ? mountpoint : null;
}

interface MountsBefore {
  mounts: Mount[];
  leftOut: string[];
  asToday: string[];
}

const mountpoints = (mounts: readonly Mount[]): string[] => [
  ...new Set(mounts.map(({ mountpoint }) => mountpoint)),
];

function mountsBefore({ mounts }: Facts, root: Mount, image: Mount): MountsBefore {
  const places = new Map(
    mounts.flatMap((mount): [number, string][] => {
      const place = placeBefore(mount, root, image);
      return place === null ? [] : [[mount.id, place]];
    }),
  );
  // A mount on one that was not there was not there either.
  const wasThere = (mount: Mount): boolean =>
    places.has(mount.id) &&
    (mount === image || mount.parent === root.id || places.has(mount.parent));
  const before = mounts.filter(wasThere).map((mount): Mount => {
    const onRoot = mount.parent === root.id ? image.id : mount.parent;
    return {
      ...mount,
      mountpoint: places.get(mount.id)!,
      parent: mount === image ? root.parent : onRoot,
    };
  });
  return {
    mounts: before,
    leftOut: mountpoints(
      mounts.filter(
        (mount) =>
          mount.source !== PERSIST_SOURCE &&
          mount.mountpoint !== '/' &&
          !isOwnPlace(mount.mountpoint) &&
          !wasThere(mount),
      ),
    ),
    asToday: mountpoints(
      before.filter(({ id, mountpoint }) => id > root.id && EARLY.includes(mountpoint)),
    ),
  };
}

/** The kinds of the directories in the image. */
function pathsBefore({ paths }: Facts): { paths: Facts['paths']; assumed: string[] } {
  const assumed = IMAGE_PLACES.filter((path) => paths[`${OLD_ROOT}${path}`] === undefined);
  const seen = IMAGE_PLACES.map(
    (path) => [path, paths[`${OLD_ROOT}${path}`] ?? paths[path]!] as const,
  );
  const others = Object.entries(paths).filter(
    ([path]) => path !== OLD_ROOT && !path.startsWith(`${OLD_ROOT}/`),
  );
  return {
    paths: {
      ...Object.fromEntries(others),
      ...Object.fromEntries(seen.filter(([, kind]) => kind)),
    },
    assumed,
  };
}

const isContent = (fstype: string): fstype is ContentKind => Object.hasOwn(VOLUME_TYPES, fstype);

/** The names that mount(2) takes for a UBI volume (fs/ubifs/super.c: open_ubi). */
const ubiNames = ({ name, label }: Device): string[] => {
  const [, ubi] = /^(ubi\d+)_\d+$/.exec(name) ?? [];
  return ubi === undefined ? [] : [`${ubi}:${label}`, ...(ubi === 'ubi0' ? [`ubi:${label}`] : [])];
};

const isOn = ({ device, source }: Mount, volume: Device): boolean => {
  const { number, name, source: node } = volume;
  if (number !== null) return device === number;
  return [node, `/dev/${name}`, name, ...ubiNames(volume)].includes(source);
};

const isOnDisk = ({ device }: Mount): boolean => !/^(?:0|31):/.test(device);

/** The volume before it was mounted. Its mount of today shows its content. */
function volumeBefore(
  { volume }: Facts,
  changes: Mount | undefined,
  image: Mount,
): { volume: Volume; assumed: Assumption[] } {
  const { found, content, wanted } = volume;
  const [device, ...others] = found;
  if (changes === undefined || changes.fstype === 'tmpfs') return { volume, assumed: [] };
  const { source, fstype, mountpoint: at } = changes;
  if (others.length > 0 && found.some((each) => isOn(changes, each)))
    return {
      volume,
      assumed: [{ code: 'one-of-several', source, names: found.map(({ name }) => name), wanted }],
    };
  if (found.length === 0 && /^\/dev\/loop\d+$/.test(source) && isOnDisk(image))
    return {
      volume,
      assumed: [{ code: 'behind-image', image: image.source, source, fstype, at }],
    };
  if (device === undefined || !isOn(changes, device))
    return { volume, assumed: [{ code: 'other-device', source, fstype, at, wanted }] };
  if ((content !== null && content.kind !== 'unreadable') || !isContent(fstype))
    return { volume, assumed: [] };
  const known: Content = { kind: fstype, evidence: `${source} is mounted on ${at} as ${fstype}` };
  return {
    volume: { ...volume, content: known },
    assumed: [{ code: 'content', device: device.name, fstype, at }],
  };
}

const closed = (external: External | null): External | null =>
  external === null ? null : { ...external, at: null, readonly: false, identity: null };

/** The facts before OpenWrt's pivot, and what they rest on. */
function beforePivot(
  facts: Facts,
  root: Mount,
  image: Mount,
): Pick<BeforeStart, 'facts' | 'rebuilt'> {
  const { mounts, leftOut, asToday } = mountsBefore(facts, root, image);
  const { paths, assumed: directories } = pathsBefore(facts);
  const { volume, assumed } = isBehindImage(facts)
    ? { volume: { ...facts.volume, found: [], content: null }, assumed: [] }
    : volumeBefore(facts, changesMount(facts, root), image);
  const rebuilt: Assumption[] = [
    { code: 'image', fstype: image.fstype, source: image.source },
    ...(leftOut.length > 0 ? [{ code: 'left-out' as const, mountpoints: leftOut }] : []),
    ...(asToday.length > 0 ? [{ code: 'as-today' as const, mountpoints: asToday }] : []),
    ...(directories.length > 0 ? [{ code: 'directories' as const, paths: directories }] : []),
    ...assumed,
  ];
  return {
    facts: {
      ...facts,
      mounts,
      paths,
      volume,
      ...(facts.rootdisk && { rootdisk: { ...facts.rootdisk, loop: null } }),
      opened: null,
      external: closed(facts.external),
      state: null,
      handover: null,
    },
    rebuilt,
  };
}

/**
 * The facts from which a start is planned: those before OpenWrt's pivot, else those of today. The
 * facts of a start of ours show what it begins with.
 */
export function beforeStart(facts: Facts): BeforeStart {
  const today = todaysRoot(facts);
  const root = visibleAt(facts.mounts, '/');
  const image = visibleAt(facts.mounts, OLD_ROOT);
  const pivoted = today.maker === 'openwrt' || today.maker === 'openwrt-form';
  if (!pivoted) return { root: today, facts, rebuilt: null, hidden: false, known: null };
  if (root === undefined || image === undefined)
    return { root: today, facts, rebuilt: null, hidden: true, known: null };
  return { root: today, hidden: false, known: facts.opened, ...beforePivot(facts, root, image) };
}
