import type { FindProgram } from '../kernel-inputs.js';
import { noRoot, type Panic } from '../messages/panic.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import { because } from '../sentences/grounds.js';
import type { RootPlace } from '../sentences/words.js';
import { said, type DecisionLog } from './decision-log.js';
import { ignoresLinuxrc, leavesImage, loadsImage, runsLinuxrc, type LoadedImage } from './image.js';
import { mounts, type Mounted, type MountEnd } from './mount.js';
import type { MountSource } from './predict-mount.js';
import { namesRoot } from './root-device.js';
import type { RootName } from './root-name.js';
import type { Rootfs } from './rootfs.js';
import { waitsForRoot } from './rootwait.js';

/** The end of the kernel's own way to a root. */
export type RootOutcome =
  { kind: 'panics'; panic: Panic } | { kind: 'waits'; forWhat: string } | MountedRoot;

/** The root that the kernel mounted, and the known facts about its programs. */
interface MountedRoot {
  kind: 'mounted';
  place: RootPlace;
  look: FindProgram;
}

const NOWHERE: MountSource = {
  kind: 'none',
  exists: false,
  content: null,
  journal: false,
  flash: false,
  readonly: false,
};

const isFirstRamdisk = ({ number }: RootName): boolean => number === '1:0';

const imageSource = (image: LoadedImage['image']): MountSource => ({
  ...NOWHERE,
  kind: 'block',
  exists: true,
  content: image?.content ?? null,
  journal: image?.journal ?? false,
});

/** Whether a device is neither flash, by its name, nor the first ramdisk. */
function deviceSource(name: RootName, kind: MountSource['kind']): MountSource {
  const { exists, number, device } = name;
  const content = device?.content ?? null;
  const flash = kind === 'mtd' || number?.startsWith('31:') === true;
  const readonly = device?.readonly ?? false;
  return { kind, exists, content, journal: content === 'ext4', flash, readonly };
}

/** The result of a root=, depending on the image before it. */
export const SOURCE_RULES: readonly DecisionRule<
  { name: RootName; image: LoadedImage | null },
  MountSource
>[] = [
  {
    when: ({ name, image }) => isFirstRamdisk(name) && image !== null && !image.nothing,
    then: ({ image }) => imageSource(image!.image),
  },
  {
    // A ramdisk that nobody filled holds zeros.
    when: ({ name }) => isFirstRamdisk(name),
    then: ({ name: { exists } }) => ({
      ...NOWHERE,
      kind: 'block',
      exists,
      content: exists === false ? null : 'blank',
    }),
  },
  { when: ({ name }) => name.form === 'mtd', then: ({ name }) => deviceSource(name, 'mtd') },
  { when: ({ name }) => name.form === 'ubi', then: ({ name }) => deviceSource(name, 'ubi') },
  { when: ({ name }) => name.number === '0:0', then: ({ name }) => deviceSource(name, 'none') },
  { when: otherwise, then: ({ name }) => deviceSource(name, 'block') },
];

/** The option that a root on a server needs. */
const SERVER_OPTIONS: Partial<Record<RootName['form'], string>> = {
  nfs: 'ROOT_NFS',
  cifs: 'CIFS_ROOT',
};

/**
 * Decides whether a root on a server fails: the kernel printed so, or is built without support. We
 * cannot predict a server's answer. Returns the panic; null if the mount may succeed.
 */
function failsFromServer(t: DecisionLog, { form, number }: RootName): Panic | null {
  const option = SERVER_OPTIONS[form];
  const { panic, mounted, cannotOpen } = t.seen;
  if (option === undefined || mounted.length > 0 || cannotOpen !== undefined) return null;
  const lost = panic?.value.kind === 'no-root' ? panic : undefined;
  const foretold = t.option(option) === false && t.given.onlySeen !== true;
  if (lost === undefined && !foretold) return null;
  t.decide(
    'mount',
    { verdict: 'no', how: 'not-said' },
    lost ? said(lost) : because('built-without-server', { option }),
  );
  return lost?.value ?? noRoot(number);
}

/** Decides what rootdelay= does. */
function delays(t: DecisionLog): void {
  const { words, seen } = t;
  const seconds = words.delay;
  if (seconds > 0)
    t.decide(
      'rootdelay',
      { verdict: 'yes', seconds },
      seen.delay ? said(seen.delay) : because('rootdelay', { seconds }),
    );
}

/**
 * Decides whether the new root gets its devices from the kernel (drivers/base/devtmpfs.c:
 * devtmpfs_mount).
 */
function mountsDev(t: DecisionLog): void {
  const { devtmpfs } = t.seen;
  const option = 'DEVTMPFS_MOUNT';
  const configured = t.option(option);
  if (devtmpfs?.value === 0) t.decide('dev', { verdict: 'yes' }, said(devtmpfs));
  else if (devtmpfs) t.decide('dev', { verdict: 'no', error: devtmpfs.value }, said(devtmpfs));
  else if (configured === false)
    t.decide('dev', { verdict: 'not-built' }, because('built-without', { option }));
  else if (configured === true)
    t.decide('dev', { verdict: 'if-there' }, because('built-with', { option }));
}

/** The known facts about the programs on the root. */
function programsOn(
  t: DecisionLog,
  name: RootName,
  image: LoadedImage | null,
  { fstype }: Mounted,
): FindProgram {
  const { initrd, programs } = t.given;
  // The image itself is the root.
  if (isFirstRamdisk(name) && image?.loaded === true && image.image !== null && initrd !== null)
    return initrd.inImage;
  if (fstype === 'tmpfs' || fstype === 'ramfs') return () => null;
  // The facts are about the root of that board, and this may be another root.
  const same = programs.on !== null && programs.on === (name.device?.number ?? name.number);
  return (path) => (same ? programs.found.find((each) => each.path === path) : undefined);
}

/**
 * Decides the mount of an image before the real root (init/do_mounts_initrd.c: handle_initrd).
 * Returns the panic if it fails.
 */
function mountsImage(t: DecisionLog, image: LoadedImage | null, name: RootName): Panic | null {
  const source = imageSource(image?.image ?? null);
  const { number } = name;
  const plan = { source, writable: true, number, earlier: 0, sure: true };
  const first = mounts(t, { id: 'mount-initrd', ...plan });
  if ('panics' in first) return first.panics;
  runsLinuxrc(t, image ?? { image: null });
  return null;
}

/** Without ro and rw on the command line, the boot loader's tags may make the root writable. */
const isWritable = ({ words, given }: DecisionLog): boolean =>
  words.access === null && given.tags?.readonly === false ? true : words.writable;

/** The root on which the kernel looks for process 1. */
function mountedRoot(
  t: DecisionLog,
  name: RootName,
  image: LoadedImage | null,
  end: Exclude<MountEnd, { panics: Panic }>,
): MountedRoot {
  if ('open' in end) return { kind: 'mounted', place: 'unknown', look: () => undefined };
  const { fstype, device } = end.mounted;
  return {
    kind: 'mounted',
    place: { fstype, where: name.said === '' ? device : name.said },
    look: programsOn(t, name, image, end.mounted),
  };
}

/**
 * The kernel mounts a root itself (init/do_mounts.c: prepare_namespace). `sure`: no program of
 * rootfs runs instead.
 */
export function mountsRoot(t: DecisionLog, rootfs: Rootfs, sure: boolean): RootOutcome {
  const { seen, given } = t;
  delays(t);
  const name = namesRoot(t);
  const image = loadsImage(t, rootfs, name);
  const leftBehind = image?.loaded === true && !isFirstRamdisk(name);
  const runs = leftBehind && !ignoresLinuxrc(t);
  const imageFirst = runs || seen.linuxrc !== undefined || given.realRoot !== null;
  const lost = imageFirst ? mountsImage(t, image, name) : null;
  if (lost !== null) return { kind: 'panics', panic: lost };
  const earlier = imageFirst ? 1 : 0;
  const forWhat = waitsForRoot(t, name, earlier);
  if (forWhat !== null) return { kind: 'waits', forWhat };
  const failed = failsFromServer(t, name);
  if (failed !== null) return { kind: 'panics', panic: failed };
  const source = decideBy(SOURCE_RULES, { name, image });
  const { number } = name;
  const plan = { source, writable: isWritable(t), number, earlier, sure };
  const result = mounts(t, { id: 'mount', ...plan });
  if ('panics' in result) return { kind: 'panics', panic: result.panics };
  if (runs) leavesImage(t);
  mountsDev(t);
  return mountedRoot(t, name, image, result);
}
