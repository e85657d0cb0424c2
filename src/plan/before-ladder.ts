/**
 * The stages before the ladder. Process 1 mounts /proc and the other early file systems. In an
 * initramfs it also mounts the image, and the ladder then builds the new root over the image, as it
 * does over a root that the kernel mounted.
 */
import { mayAppear } from '../facts/devices.js';
import type { Facts, Handover, RootVolume } from '../facts/facts.js';
import { isLoadable } from '../facts/kernel-sources.js';
import { visibleAt } from '../facts/mountinfo.js';
import { NEW_IMAGE } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import type { MountFlag } from '../system/flags.js';
import { describe } from '../volumes/device.js';
import { isFileSystem } from '../volumes/file-systems.js';
import { loadSteps } from './load.js';
import { attachSteps, waitSteps } from './open.js';
import {
  refuse,
  type Plan,
  type PlanningOptions,
  type Refusal,
  type StageResult,
  type Verb,
} from './plan.js';
import { failures, planOf, tried } from './plan-of.js';
import type { Cause, RefusalReason } from './reasons.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';
import { fatal, mkdir, mount, slug, warn } from './steps.js';
import { secondsToWait, waitedFor } from './volume.js';

/** The kernel starts process 1 with only the root mounted, so we mount these. */
const EARLY: readonly {
  path: string;
  fstype: string;
  data: string | null;
  flags: MountFlag[];
  why: string;
}[] = [
  { path: '/proc', fstype: 'proc', data: null, flags: [], why: 'Every step is verified here.' },
  { path: '/sys', fstype: 'sysfs', data: null, flags: [], why: 'Devices are found here.' },
  {
    path: '/dev',
    fstype: 'devtmpfs',
    data: 'mode=0755',
    flags: [],
    why: 'Device nodes come from the kernel.',
  },
  {
    path: '/tmp',
    fstype: 'tmpfs',
    data: 'mode=1777',
    flags: ['MS_NOSUID', 'MS_NODEV'],
    why: 'The journal is kept here, and moves to the new root.',
  },
  {
    path: '/run',
    fstype: 'tmpfs',
    data: 'mode=0755',
    flags: ['MS_NOSUID', 'MS_NODEV'],
    why: 'Files that programs put here move to the new root.',
  },
];

/** A ramdisk may have device nodes of its own, and few programs need /run so early. */
const DISPENSABLE = ['/dev', '/run'];

/**
 * Seconds that `rootwait` waits for a root. The kernel would wait without a limit. We stop, so that
 * the board can say why it does not boot.
 */
const ROOTWAIT_S = 600;

function earlySteps({ mounts, handover }: Facts): Step[] {
  // The init of an ordinary root mounts /run itself, and the directory may be missing there.
  const missing = EARLY.filter(
    ({ path }) =>
      visibleAt(mounts, path) === undefined && (path !== '/run' || handover?.ramfs === true),
  );
  return missing.flatMap(({ path, fstype, data, flags, why }) => {
    const needed = DISPENSABLE.includes(path) ? warn : fatal;
    return [
      needed(`place-${slug(path)}`, `${fstype} is mounted here.`, mkdir(path)),
      needed(
        `early-${slug(path)}`,
        why,
        mount(fstype, path, fstype, { data, writable: false, flags }),
      ),
    ];
  });
}

/** The input of the rules before the ladder. */
export interface Departure {
  verb: Verb;
  facts: Facts;
  earlier: readonly StageResult[];
  dryRun: boolean;
}

const refused =
  (reason: RefusalReason) =>
  ({ verb }: { verb: Verb }, cause: Cause): Refusal =>
    refuse(verb, reason, cause);

const noRoot = refused('no-new-root');

const isInitramfs = ({ facts }: Departure): boolean => facts.handover?.ramfs === true;

/**
 * Facts of an older version, taken in an initramfs. That version could not switch away from one.
 */
const isUnknownRamfs = ({ facts }: Departure): boolean =>
  facts.handover === null &&
  ['rootfs', 'ramfs'].includes(visibleAt(facts.mounts, '/')?.fstype ?? '');

const lacksEarlyMounts = ({ facts, earlier }: Departure): boolean =>
  facts.handover?.pid === 1 && !tried(earlier, 'early') && earlySteps(facts).length > 0;

const mountEarly = ({ verb, facts }: Departure): Plan =>
  planOf(verb, facts, {
    stage: 'early',
    summary: 'what process 1 finds missing: /proc and the others',
    steps: earlySteps(facts),
  });

export const BEFORE_LADDER: readonly PlanRule<Departure, Plan | Refusal | null, Cause>[] = [
  {
    id: 'unknown-ramfs',
    when: isUnknownRamfs,
    then: refused('root-is-ramfs'),
    because: ({ facts }) => ({
      found:
        `/ is the kernel's own ${visibleAt(facts.mounts, '/')!.fstype} (an initramfs), from ` +
        'which pivot_root(2) cannot work, and these facts do not tell of a root to switch to',
      cure: 'gather them anew',
    }),
  },
  { id: 'early', when: lacksEarlyMounts, then: mountEarly },
  {
    id: 'no-initramfs',
    when: (departure) => departure.verb === 'switch-root' && !isInitramfs(departure),
    then: refused('root-is-no-ramfs'),
    because: () => ({
      found: '/ is no initramfs, which switch-root leads out of',
      cure: '`mountroot start` makes the overlay of an ordinary root',
    }),
  },
  { id: 'ordinary', when: (departure) => !isInitramfs(departure), then: () => null },
  {
    id: 'not-process-1',
    when: ({ facts, dryRun }) => facts.handover!.pid !== 1 && !dryRun,
    then: refused('root-is-ramfs'),
    because: ({ facts }) => ({
      found:
        "/ is the kernel's own ramfs (an initramfs), which pivot_root(2) cannot leave and only " +
        `process 1 can switch away from, and this is process ${facts.handover!.pid}`,
      cure:
        "make mountroot the ramdisk's /init, " +
        'or end /init with `exec mountroot switch-root NEWROOT INIT`',
    }),
  },
  {
    id: 'asked-not-mounted',
    when: ({ facts: { handover } }) => handover!.at === null && handover!.asked !== null,
    then: noRoot,
    because: ({ facts }) => ({
      found: `nothing is mounted on ${facts.handover!.asked}, which is to be the new root`,
      cure: 'mount it first',
    }),
  },
  {
    id: 'no-root-named',
    when: ({ facts: { handover } }) => handover!.at === null && handover!.root === null,
    then: noRoot,
    because: () => ({
      found:
        'this initramfs does not know which root to switch to, ' +
        'because the kernel command line has no root=',
      cure: 'add root=, or mount it and call `mountroot switch-root NEWROOT INIT`',
    }),
  },
  {
    id: 'no-image',
    when: ({ facts }) => facts.handover!.at === null,
    then: (departure) =>
      firstMatch(TOWARDS_IMAGE, { ...departure, root: departure.facts.handover!.root! }),
  },
  {
    id: 'image',
    when: otherwise,
    then: (departure) => firstMatch(IMAGE_CHECKS, { ...departure, ...departure.facts.handover! }),
  },
];

/**
 * The next stage before the ladder, or the refusal if there can be no new root; null when the
 * ladder can begin.
 */
export const beforeLadder = (
  verb: Verb,
  facts: Facts,
  { dryRun, earlier = [] }: PlanningOptions,
): Plan | Refusal | null => firstMatch(BEFORE_LADDER, { verb, facts, earlier, dryRun });

/** The image is not mounted yet. */
interface Approach extends Departure {
  /** The device that root= names. */
  root: RootVolume;
}

const mayStillCome = ({ root, earlier }: Approach): boolean =>
  (mayAppear(root.wanted) || root.patient) &&
  root.found.length === 0 &&
  root.attach === null &&
  !tried(earlier, 'image-wait');

const secondsFor = ({ root, facts }: Approach): number =>
  root.patient ? ROOTWAIT_S : secondsToWait(facts);

const fstypeFound = ({ root, facts }: Approach): string | null =>
  fstypeOf(root, (type) => facts.kernel.filesystems.includes(type) || isLoadable(facts, type));

export const TOWARDS_IMAGE: readonly PlanRule<Approach, Plan | Refusal, Cause>[] = [
  {
    id: 'wait',
    when: mayStillCome,
    then: (approach) =>
      planOf(approach.verb, approach.facts, {
        stage: 'image-wait',
        summary: `waiting for root=${approach.root.wanted}`,
        steps: waitSteps(approach.root, secondsFor(approach)),
      }),
  },
  {
    id: 'attach',
    when: ({ root, earlier }) => root.attach !== null && !tried(earlier, 'image-attach'),
    then: ({ verb, facts, root }) =>
      planOf(verb, facts, {
        stage: 'image-attach',
        summary: `attaching UBI on mtd${root.attach}`,
        steps: attachSteps(root.attach!),
      }),
  },
  {
    id: 'missing',
    when: ({ root }) => root.found.length === 0,
    then: noRoot,
    because: (approach) => {
      const waited = waitedFor(
        approach.facts,
        approach.earlier,
        'image-wait',
        secondsFor(approach),
      );
      return {
        found: `there is no root=${approach.root.wanted}${waited}`,
        cure: 'correct root= on the kernel command line, or build its driver into the kernel',
      };
    },
  },
  {
    id: 'ambiguous',
    when: ({ root }) => root.found.length > 1,
    then: noRoot,
    because: ({ root: { found, wanted } }) => ({
      found:
        `${found.length} devices are called root=${wanted} ` +
        `(${found.map(({ name }) => name).join(', ')})`,
      cure: 'name one of them',
    }),
  },
  {
    id: 'mount-failed',
    when: ({ earlier }) => failures(earlier, 'image').length > 0,
    then: noRoot,
    because: ({ earlier, root }) => ({
      found:
        `root=${root.wanted} cannot be mounted: ` + failures(earlier, 'image')[0]!.failed!.error,
      cure: null,
    }),
  },
  {
    id: 'gone',
    when: ({ earlier }) => tried(earlier, 'image'),
    then: noRoot,
    because: ({ root }) => ({
      found: `root=${root.wanted} was mounted on ${NEW_IMAGE}, and is not there any more`,
      cure: null,
    }),
  },
  {
    id: 'unknown-file-system',
    when: (approach) => fstypeFound(approach) === null,
    then: noRoot,
    because: ({ root }) => ({
      found:
        `${describe(root.found[0]!)} holds no file system that is known here: ` +
        (root.content?.evidence ?? 'nothing was read from it'),
      cure: 'name it with rootfstype=',
    }),
  },
  { id: 'mount', when: otherwise, then: mountImage },
];

function mountImage(approach: Approach): Plan {
  const { verb, facts, root } = approach;
  const device = root.found[0]!;
  const fstype = fstypeFound(approach)!;
  const flags: MountFlag[] = root.writable ? [] : ['MS_RDONLY'];
  return planOf(verb, facts, {
    stage: 'image',
    summary: `mounting ${describe(device)} (${fstype}), which root= names`,
    steps: [
      ...loadSteps(facts, fstype),
      fatal(
        'image-place',
        'The image is mounted here until the new root is ready.',
        mkdir(NEW_IMAGE),
      ),
      fatal(
        'image',
        'The kernel command line names it as the root.',
        mount(device.source, NEW_IMAGE, fstype, { data: root.options, writable: false, flags }),
      ),
    ],
  });
}

/**
 * The file system type to mount the image with. rootfstype= is a list, and the kernel tries its
 * types in order. If the device has the signature of a file system, we take that type at once.
 */
function fstypeOf(
  { fstypes, content }: RootVolume,
  isKnown: (type: string) => boolean,
): string | null {
  const usable = fstypes.filter(isKnown);
  const seen = content?.kind;
  if (seen !== undefined && (usable.includes(seen) || fstypes.length === 0) && isFileSystem(seen))
    return seen;
  return usable[0] ?? fstypes[0] ?? null;
}

type MountedImage = Departure & Handover;

/** Checks that come before the switch: after it we could not return from a root without an init. */
export const IMAGE_CHECKS: readonly PlanRule<MountedImage, Refusal | null, Cause>[] = [
  {
    id: 'switch-failed',
    when: ({ earlier }) => failures(earlier, 'root', 'rom').length > 0,
    then: refused('switch-failed'),
    because: ({ at, earlier }) => ({
      found:
        `not even the bare image on ${at} could be switched to: ` +
        failures(earlier, 'root', 'rom')[0]!.failed!.error,
      cure: null,
    }),
  },
  {
    id: 'no-init',
    when: ({ programs }) => !programs.some(({ trouble }) => trouble === null),
    then: refused('no-init'),
    because: ({ at, programs }) => ({
      found:
        `no init of the root on ${at} can be run: ` +
        (programs.map(({ trouble }) => trouble).join('; ') || 'none was named'),
      cure: 'correct init= or the image',
    }),
  },
];
