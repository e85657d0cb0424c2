import type { Image } from '../../ramdisk/initrd-image.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import { isSince } from '../../text/kernel-release.js';
import { IMAGE_BEFORE_FLASH, WITHOUT_LINUXRC } from '../kernel-inputs.js';
import { because } from '../sentences/grounds.js';
import { holds, said, type DecisionLog, type GroundedAnswer } from './decision-log.js';
import type { RootName } from './root-name.js';
import type { Rootfs } from './rootfs.js';

/**
 * An initrd that the kernel treated as a file system image. `loaded`: all of it is in /dev/ram0.
 * `nothing`: no part of it is.
 */
export interface LoadedImage {
  loaded: boolean;
  nothing: boolean;
  image: Image | null;
}

/** The default of CONFIG_BLK_DEV_RAM_SIZE, in KiB. */
const USUAL_RAMDISK = 4096;

/** The initrd as an image; null if it is none, or if we do not have it. */
const imageOf = ({ given }: DecisionLog): Image | null =>
  given.initrd?.error === null ? null : (given.initrd?.image ?? null);

/** The size of a ramdisk in KiB. */
const ramdiskSize = ({ words, given }: DecisionLog): number =>
  words.ramdiskSize ?? (Number(given.config?.['BLK_DEV_RAM_SIZE']) || USUAL_RAMDISK);

/** Predicts whether the image would go to /dev/ram0. */
export const IMAGE_RULES: readonly DecisionRule<DecisionLog, GroundedAnswer>[] = [
  {
    when: ({ given }) => given.initrd === null,
    then: () => holds(true, because('image-content-unknown')),
  },
  {
    when: (t) => (imageOf(t)?.found ?? '') === '',
    then: () => holds(false, because('image-not-recognised')),
  },
  {
    when: (t) => imageOf(t)!.error !== null,
    then: (t) => holds(false, because('image-broken', { error: imageOf(t)!.error! })),
  },
  {
    when: (t) => imageOf(t)!.kibibytes > ramdiskSize(t),
    then: (t) => {
      const { kibibytes } = imageOf(t)!;
      return holds(false, because('image-too-big', { kibibytes, most: ramdiskSize(t) }));
    },
  },
  {
    when: otherwise,
    then: (t) => {
      const { found, kibibytes } = imageOf(t)!;
      return holds(true, because('image-found', { found, kibibytes }));
    },
  },
];

function seenImage({ seen }: DecisionLog): GroundedAnswer | null {
  const failed = seen.imageFailed ?? (seen.image?.value === '' ? seen.image : undefined);
  if (failed) return holds(false, said(failed));
  return seen.image ? holds(true, said(seen.image)) : null;
}

/** Older kernels mount a root on flash and look at no image. */
const isMountedFirst = ({ given }: DecisionLog, { form }: RootName): boolean =>
  (form === 'mtd' || form === 'ubi') && !isSince(given.release, IMAGE_BEFORE_FLASH);

/**
 * Decides what initrd_load does with an initrd that is no cpio (init/do_mounts_initrd.c,
 * init/do_mounts_rd.c). Returns null if there is no image.
 */
export function loadsImage(t: DecisionLog, rootfs: Rootfs, name: RootName): LoadedImage | null {
  const { seen, words } = t;
  const kept =
    rootfs.cpio?.value === false && t.option('BLK_DEV_RAM') !== false && !seen.unpackFailed;
  if (!kept && !seen.image) return null;
  const image = imageOf(t);
  if (isMountedFirst(t, name)) {
    const why = because('mounted-before-image', { root: name.said });
    t.decide('image', { verdict: 'never-looked-at' }, why);
    return { loaded: false, nothing: true, image };
  }
  if (words.noinitrd) {
    t.decide('image', { verdict: 'discarded' }, because('noinitrd'));
    return { loaded: false, nothing: true, image };
  }
  const settled = t.settle({ code: 'image' }, seenImage(t), decideBy(IMAGE_RULES, t));
  const unlessLoaded = name.number === '1:0' ? 'incomplete' : 'no';
  t.decide('image', { verdict: settled.value ? 'yes' : unlessLoaded }, settled);
  const sure = settled.evidence.kind !== 'unknown' || t.given.onlySeen !== true;
  const isPartial = image !== null && image.error !== null;
  return { loaded: settled.value && sure, nothing: !settled.value && !isPartial, image };
}

/**
 * Decides whether the image's /linuxrc runs. The kernel starts it and waits, and then continues in
 * the same way whether it ran or not (init/do_mounts_initrd.c: handle_initrd).
 */
export function runsLinuxrc(t: DecisionLog, { image }: Pick<LoadedImage, 'image'>): void {
  const { initrd } = t.given;
  const program = image === null ? undefined : initrd?.inImage('/linuxrc');
  if (program === undefined)
    return t.decide('linuxrc', { verdict: 'if-there' }, because('image-and-other-root'));
  const { name } = initrd!;
  if (program === null)
    return t.decide('linuxrc', { verdict: 'missing' }, because('image-looked-into', { name }));
  const { error, why } = program;
  if (error === 0)
    return t.decide('linuxrc', { verdict: 'yes' }, because('image-has-linuxrc', { name }));
  t.decide('linuxrc', { verdict: 'fails', error }, because('program-fails', { why }));
}

/** An image beside another root on a kernel without /linuxrc stays in /dev/ram0. */
export function ignoresLinuxrc(t: DecisionLog): boolean {
  const { release } = t.given;
  if (release === null || !isSince(release, WITHOUT_LINUXRC)) return false;
  t.decide('linuxrc', { verdict: 'gone' }, because('no-linuxrc', { release }));
  return true;
}

/** Decides the fate of the image after the real root is mounted. */
export function leavesImage(t: DecisionLog): void {
  const { oldRoot } = t.seen;
  if (oldRoot === undefined)
    return t.decide('old-root', { verdict: 'depends' }, because('directories-unknown'));
  t.decide(
    'old-root',
    { verdict: oldRoot.value === 'moved' ? 'moved' : 'unmounted' },
    said(oldRoot),
  );
}
