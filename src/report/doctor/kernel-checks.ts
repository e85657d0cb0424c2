/** The kernel: its version, its file systems, and its mounts. */
import { FIRST_RAMDISK } from '../../facts/places.js';
import type { Facts } from '../../facts/facts.js';
import {
  MOUNTS,
  isLoadable,
  knowsTypes,
  lackWords,
  unreadWords,
} from '../../facts/kernel-sources.js';
import { visibleAt } from '../../facts/mountinfo.js';
import type { Reason } from '../../plan/reasons.js';
import { mountNoteWords, notesOnMounts, type MountNote } from '../../plan/mountpoints.js';
import { FILE_SYSTEMS } from '../../volumes/file-systems.js';
import { fstypeOf } from '../../volumes/mountable.js';
import {
  RUN_AS_ROOT,
  ok,
  problem,
  problemOf,
  unknown,
  warning,
  type Finding,
  type CheckInputs,
} from './check-rule.js';
import { isMeantReadOnly, keepsItself } from '../../plan/own-root.js';
import { listed } from '../../text/listed.js';
import { isOlder, isSince, numberOfRelease } from '../../text/kernel-release.js';
import { keyed } from '../../text/keyed.js';

const FILESYSTEMS = '/proc/filesystems';

/** A verdict on a file system of a kernel that does not show which it has. */
const unknownTypes = (now: Facts, types: string): Finding =>
  unknown(
    `whether the kernel has ${types}`,
    unreadWords(now, FILESYSTEMS) ?? `${FILESYSTEMS} lists nothing`,
    'see that proc is mounted on /proc',
  );

/** A file system that a start loads from a module. */
const loadable = ({ modules }: Pick<Facts, 'modules'>, type: string): Finding =>
  ok(
    `${type} is a module of the kernel, which a start loads`,
    `${modules!.types[type]!.file}, ${modules!.loader}`,
  );

/**
 * A file system that is there because somebody has loaded its module: does the next boot get it
 * too? null if it is part of the kernel.
 */
function nextBoot({ live }: CheckInputs, type: string, reason: Reason): Finding | null {
  const modules = live?.modules;
  const state = modules?.types[type]?.state;
  if (state === undefined) return null;
  if (state === 'at-hand') return loadable({ modules: modules! }, type);
  const loaded = `${type} is a module that is loaded now`;
  if (state === 'unknown')
    return unknown(
      `${loaded}, and whether the next start can load it`,
      'modules.dep cannot be read',
      RUN_AS_ROOT,
    );
  const lack = lackWords(
    { kernel: { release: '', commandLine: '', filesystems: [] }, modules: modules! },
    type,
  );
  return problemOf(reason, `${loaded}, and the next start cannot load it`, `${type} ${lack}`);
}

export function overlay(inputs: CheckInputs): Finding {
  const { now } = inputs;
  const { filesystems } = now.kernel;
  if (!knowsTypes(now)) return unknownTypes(now, 'overlay');
  if (filesystems.includes('overlay'))
    return nextBoot(inputs, 'overlay', 'no-overlay') ?? ok('the kernel has overlay', FILESYSTEMS);
  if (isLoadable(now, 'overlay')) return loadable(now, 'overlay');
  if (filesystems.includes('overlayfs'))
    return warning(
      'the kernel has only the out-of-tree overlayfs: ' +
        'the upper layer is the root of the data volume, there is no workdir, ' +
        'and settings that cannot be written cannot be used read-only',
      `${FILESYSTEMS} has overlayfs and no overlay`,
      'use a kernel from 3.18 on with CONFIG_OVERLAY_FS=y, ' +
        'or keep in mind that the layout on the volume is another one',
    );
  if (keepsItself(now) && !isMeantReadOnly(now))
    return ok('the kernel has no overlay, and / keeps its changes without one', FILESYSTEMS);
  return problemOf(
    'no-overlay',
    'the kernel has no overlay, and no module of it can be loaded, so a start leaves / as it is',
    `${FILESYSTEMS} has neither overlay nor overlayfs; overlay ${lackWords(now, 'overlay')}`,
  );
}

/** Types that every start needs, with the kernel option of each. */
const NEEDED: Readonly<Record<string, string>> = keyed({
  tmpfs: 'TMPFS',
  proc: 'PROC_FS',
  sysfs: 'SYSFS',
});

export function filesystems({ now }: CheckInputs): Finding {
  const has = (name: string): boolean => now.kernel.filesystems.includes(name);
  if (!knowsTypes(now)) return unknownTypes(now, listed(Object.keys(NEEDED)));
  const missing = Object.keys(NEEDED).filter((name) => !has(name));
  if (missing.length > 0) {
    const options = missing.map((name) => `CONFIG_${NEEDED[name]}=y`);
    return problem(
      `the kernel has no ${listed(missing)}`,
      `${FILESYSTEMS} lists ${now.kernel.filesystems.length} types`,
      `build the kernel with ${listed(options)}`,
      missing.includes('tmpfs') ? 'ram-failed' : null,
    );
  }
  if (!has('devtmpfs') && now.mounts.length === 0)
    return unknown(
      'whether the image must bring every device node: the kernel has no devtmpfs',
      unreadWords(now, MOUNTS) ?? `${MOUNTS} shows no mount`,
      'see that proc is mounted on /proc',
    );
  if (!has('devtmpfs') && !hasFilledDev(now))
    return warning(
      'the kernel has no devtmpfs, so the image must bring every device node that a boot needs',
      `${FILESYSTEMS} does not have it`,
      'build the kernel with CONFIG_DEVTMPFS=y and CONFIG_DEVTMPFS_MOUNT=y',
    );
  const image = imageType(now);
  if (image !== null && !has(image))
    return problem(
      `the image is ${image}, which the kernel does not have`,
      FILESYSTEMS,
      `build the kernel with ${image} (=y, because modules lie on the root)`,
    );
  const all = [
    ...Object.keys(NEEDED),
    ...(has('devtmpfs') ? ['devtmpfs'] : []),
    ...(image === null ? [] : [image]),
  ];
  return ok(`the kernel has ${listed(all)}`, FILESYSTEMS);
}

/** A program of the board makes the device nodes: /dev is a tmpfs today. */
const hasFilledDev = ({ mounts }: Facts): boolean => visibleAt(mounts, '/dev')?.fstype === 'tmpfs';

/** The file system of the read-only image; null if it does not show. */
function imageType({ mounts, handover }: Facts): string | null {
  if (handover?.ramfs) return handover.root?.content?.kind === 'squashfs' ? 'squashfs' : null;
  const image = visibleAt(mounts, '/rom') ?? visibleAt(mounts, '/');
  return image === undefined || image.fstype.startsWith('overlay') ? null : image.fstype;
}

/** The file system of the data volume: the one it has, or will have. */
export function volumeType({ volume, opened }: Facts): string | undefined {
  const [device] = volume.found;
  if (opened !== null) return opened.fstype;
  if (volume.attach !== null) return 'ubifs';
  return device === undefined || volume.found.length > 1 ? undefined : fstypeOf(device, volume);
}

export function volumeFilesystem(inputs: CheckInputs): Finding | null {
  const { now } = inputs;
  const type = volumeType(now);
  if (type === undefined) return null;
  if (now.kernel.filesystems.includes(type))
    return (
      nextBoot(inputs, type, 'no-filesystem') ??
      ok(`the kernel has ${type}, which the data volume needs`, FILESYSTEMS)
    );
  if (isLoadable(now, type)) return loadable(now, type);
  if (!knowsTypes(now)) return unknownTypes(now, `${type}, which the data volume needs`);
  return problem(
    `the data volume needs ${type}, which the kernel does not have`,
    `${type} ${lackWords(now, type)}`,
    `build the kernel with CONFIG_${FILE_SYSTEMS[type]?.options[0] ?? type}=y, ` +
      'or bring its module and modprobe to where the root is made',
    'no-filesystem',
  );
}

const OSRELEASE = '/proc/sys/kernel/osrelease';

interface ReleaseRow {
  /** The first release without the lack, or the first one with it. */
  before?: readonly [number, number];
  since?: readonly [number, number];
  /** Whether the board needs what is lacking. Without it, every board does. */
  needs?: (now: Facts) => boolean;
  finding: (release: string) => string;
  cure: string;
}

/** The root, or the image below it, is a file system image that the boot loader handed over. */
const isInitrdImage = ({ mounts }: Facts): boolean =>
  ['/', '/rom'].some((at) => visibleAt(mounts, at)?.device === FIRST_RAMDISK);

/** What kernels lack that a board needs. The first row that fits counts. */
const RELEASES: readonly ReleaseRow[] = [
  {
    before: [4, 0],
    finding: (release) =>
      `Linux ${release} has no overlay with several lower layers, ` +
      'so settings that cannot be written cannot be used read-only either',
    cure:
      'use a kernel from 4.8 on, ' +
      'or expect a root without settings where flash cannot be written',
  },
  {
    before: [4, 8],
    finding: (release) =>
      `on Linux ${release} an overlay over a dirty workdir is read-only, ` +
      'though mount(2) says that all went well; mountroot clears it before',
    cure: 'use a kernel from 4.8 on, if there is one for the board',
  },
  {
    since: [7, 0],
    needs: isInitrdImage,
    finding: (release) =>
      `the root is a file system image in /dev/ram0, which Linux ${release} loads with the words ` +
      'that this will be removed in January 2027',
    cure: 'make a cpio of its files (`mountroot ramdisk pack`) before you change to a later kernel',
  },
];

export function version({ now }: CheckInputs): Finding {
  const { release } = now.kernel;
  if (numberOfRelease(release) === null)
    return unknown(
      release === ''
        ? 'which version the kernel has'
        : `the kernel's version ${JSON.stringify(release)} is not understood`,
      unreadWords(now, OSRELEASE) ?? OSRELEASE,
      'look at `uname -r`; 4.8 and later are best',
    );
  const row = RELEASES.find(
    (each) =>
      (each.before === undefined || isOlder(release, each.before)) &&
      (each.since === undefined || isSince(release, each.since)) &&
      (each.needs?.(now) ?? true),
  );
  return row === undefined
    ? ok(`Linux ${release} has no fault of overlay that would be in the way`, OSRELEASE)
    : warning(row.finding(release), OSRELEASE, row.cure);
}

/** A notice of the plan about mounts, with what a person can do about it. */
const MOUNT_CURE: Record<MountNote['code'], string> = {
  stacked: 'unmount what is in the way before mountroot is called, if what it hides is needed',
  tied:
    'let init make mounts private (`mount --make-rprivate /`) before mountroot is called, ' +
    'if undoing a failed start matters',
};

export function mounts({ start }: CheckInputs): Finding | Finding[] {
  if (start === null)
    return unknown(
      'how the mounts stood before the start',
      'a start has changed them, and left no facts',
      'look on a board that has not started yet',
    );
  const evidence = MOUNTS;
  if (start.mounts.length === 0)
    return unknown(
      'which file systems are mounted',
      unreadWords(start, MOUNTS) ?? `${MOUNTS} shows none`,
      'see that proc is mounted on /proc',
    );
  const notes = notesOnMounts(start);
  if (notes.length > 0)
    return notes.map((note) => warning(mountNoteWords(note), evidence, MOUNT_CURE[note.code]));
  const shared = start.mounts.filter((mount) => mount.shared !== undefined).length;
  return ok(
    shared === 0
      ? 'no mount is shared'
      : `${shared} mounts are shared, and start makes them private before it pivots`,
    evidence,
  );
}
