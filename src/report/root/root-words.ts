/** Sentences about the root of today and the one before it, from codes and data. */
import type { Facts } from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { OLD_ROOT } from '../../facts/places.js';
import { FILE_SYSTEMS } from '../../volumes/file-systems.js';
import { isShown } from '../../plan/behind.js';
import { isMeantReadOnly, keepsItself } from '../../plan/own-root.js';
import { listed } from '../../text/listed.js';
import { size } from '../../text/units.js';
import type { Assumption, BeforeStart } from './before-pivot.js';
import type { RootMaker, TodaysRoot } from './todays-root.js';

/** What the root is, without its evidence; half a sentence. */
const IS: Record<RootMaker, (root: TodaysRoot) => string> = {
  mountroot: () => "/ is the root that mountroot's start of this boot ended with",
  openwrt: () => "/ was made by OpenWrt's mount_root",
  'openwrt-form': () =>
    "/ was made by mountroot or by OpenWrt's mount_root; which of them is not known",
  container: () => '/ is the root of a container',
  overlayroot: () => '/ is an overlay that overlayroot made',
  'raspi-config': () => '/ is an overlay that raspi-config had made in the initramfs',
  'live-system': () => '/ is the overlay of a live system',
  'systemd-volatile': () => '/ is an overlay that systemd made (systemd.volatile=)',
  'other-overlay': () => '/ is an overlay that another program than mountroot made',
  initramfs: () => '/ is an initramfs',
  memory: ({ fstype }) => `/ is a ${fstype}, so it is in memory`,
  image: ({ fstype, source }) => `/ is a read-only ${fstype} (${source}), with no overlay over it`,
  writable: ({ fstype, source }) => `/ is ${fstype} (${source}), which is written to directly`,
  unknown: () => 'whose root / is cannot be told',
};

/** Half a sentence about the root of today. */
export const rootWords = (root: TodaysRoot): string => IS[root.maker](root);

/** The evidence for it, or why it is not known. */
export const rootEvidence = ({ certainty, from }: TodaysRoot): string =>
  `${certainty === 'concluded' ? 'concluded: ' : ''}${listed(from)}`;

/** A root over which a start would lay its overlay, although it is no bare image. */
const OVER: Partial<Record<RootMaker, string>> = {
  container: 'a start makes a root for a kernel that has just started, not for a container',
  overlayroot: 'a start would lay a second overlay over it',
  'raspi-config': 'a start would lay a second overlay over it',
  'live-system': 'a start would lay a second overlay over it',
  'systemd-volatile': 'a start would lay a second overlay over it',
  'other-overlay': 'a start would lay a second overlay over it',
  memory: 'a start would lay its overlay over that',
  writable: 'a start is for a read-only image, and would lay its overlay over this instead',
};

/** A root that the kernel mounts read-only is written to today because somebody remounted it. */
const isAlone = (facts: Facts): boolean => keepsItself(facts) && !isMeantReadOnly(facts);

/** What a start would mean for a root that is no image; null if it is one, or is left alone. */
export function overWords({ maker }: TodaysRoot, facts: Facts): string | null {
  if (maker !== 'writable' || !keepsItself(facts)) return OVER[maker] ?? null;
  return isAlone(facts)
    ? null
    : 'a start leaves it alone as it is now, but `ro` on the command line makes it read-only ' +
        'early in a boot, and a start then lays its overlay over it';
}

/** A start leaves this root alone; null if it makes another one. */
export const aloneWords = ({ maker }: TodaysRoot, facts: Facts): string | null =>
  maker === 'writable' && isAlone(facts)
    ? 'it keeps its changes itself, so a start leaves it alone'
    : null;

const onMounts = (paths: readonly string[]): string =>
  `${listed(paths)} ${paths.length === 1 ? 'is' : 'are'}`;

const ASSUMED: {
  [Code in Assumption['code']]: (data: Extract<Assumption, { code: Code }>) => string;
} = {
  image: ({ fstype, source }) => `${fstype} ${source}, now on /rom, was /`,
  'left-out': ({ mountpoints }) =>
    `${onMounts(mountpoints)} left out, as mounted after the pivot ` +
    "(by the order of the mounts' ids)",
  'as-today': ({ mountpoints }) =>
    `${onMounts(mountpoints)} mounted anew since the pivot, and taken as mounted before it too`,
  directories: ({ paths }) =>
    `these facts do not look below /rom, so the image is taken to have ${listed(paths)} ` +
    'as / has today',
  content: ({ device, fstype, at }) =>
    `${device} is taken to hold ${fstype}, as it is mounted on ${at}`,
  'other-device': ({ source, fstype, at, wanted }) =>
    `the changes of today are on ${fstype} ${source} (${at}), ` +
    `which is not the volume "${wanted}" that a start looks for`,
  'one-of-several': ({ source, names, wanted }) =>
    `of the devices called "${wanted}" (${listed(names)}), ${source} is in use today; ` +
    'a start does not guess, and takes the one that mountroot.volume= names by its number',
  'behind-image': ({ image, source, fstype, at }) =>
    `the changes of today are on ${fstype} ${source} (${at}), as OpenWrt keeps them behind the ` +
    `image on a disk (here ${image}): these facts do not show the place, and a start looks there`,
};

export const assumptionWords = (each: Assumption): string =>
  (ASSUMED[each.code] as (data: Assumption) => string)(each);

const contentWords = (kind: string): string => FILE_SYSTEMS[kind]?.title ?? `content: ${kind}`;

/** The image is a squashfs on a disk, and these facts do not look behind it. */
function unseenRootdisk({ mounts, volume }: Facts): string | null {
  const image = visibleAt(mounts, OLD_ROOT) ?? visibleAt(mounts, '/');
  const onDisk = image?.fstype === 'squashfs' && !/^(?:0|7|31):/.test(image.device);
  return onDisk && volume.wanted === 'rootfs_data'
    ? `the image is a squashfs on a disk (${image.source}), and OpenWrt would keep its data ` +
        'behind it: these facts do not show whether it does; a start looks there'
    : null;
}

/** The space behind the image, where OpenWrt keeps its data; null if there is none. */
export function rootdiskWords(facts: Facts): string | null {
  const { rootdisk, volume } = facts;
  if ((volume.found.length > 0 && !isShown(facts)) || volume.attach !== null) return null;
  if (rootdisk === undefined) return unseenRootdisk(facts);
  const { device, used, offset, content, loop } = rootdisk;
  const shown = loop === null ? '' : `, which ${loop.name} shows`;
  const at = `behind the squashfs on ${device} (${size(used)}), from byte ${offset} on${shown}`;
  return FILE_SYSTEMS[content.kind] === undefined
    ? `OpenWrt would keep its data ${at}; no file system is seen there (${content.evidence})`
    : `${at}, is ${contentWords(content.kind)}, where OpenWrt keeps its data; ` +
        'a start shows it as a loop device';
}

/** The notes of a plan about the root that it is for, a sentence each without its full stop. */
export function plannedForNotes({ root, facts, rebuilt, hidden }: BeforeStart): string[] {
  const over = overWords(root, facts) ?? aloneWords(root, facts);
  const behind = rootdiskWords(facts);
  const about = `${rootWords(root)} (${rootEvidence(root)})`;
  // The mount of the loop device tells less than the superblock, and more than nothing.
  const isSeen = facts.rootdisk !== undefined;
  const shown = (rebuilt ?? []).filter(({ code }) => !isSeen || code !== 'behind-image');
  const isTold = shown.some(({ code }) => code === 'behind-image');
  return [
    ...(rebuilt === null ? [] : [`${about}; this plan is for the root before it, as rebuilt here`]),
    ...(hidden
      ? [`${about}; the root before it cannot be rebuilt, because nothing is mounted on /rom`]
      : []),
    ...(over === null ? [] : [`${about}; ${over}`]),
    ...shown.map(assumptionWords),
    ...(behind === null || isTold ? [] : [behind]),
  ];
}
