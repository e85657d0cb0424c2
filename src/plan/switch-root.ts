/**
 * Plans the way out of an initramfs, and what process 1 must do before anything else: the stages in
 * front of the ladder, which then builds the new root over the image as it does over a root that
 * the kernel mounted.
 */
import { mayAppear } from '../facts/devices.js';
import type { Facts, Handover, RootVolume } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { NEW_IMAGE } from '../facts/places.js';
import type { MountFlag } from '../system/flags.js';
import { attachSteps, waitSteps } from './open.js';
import { did, failures, planOf } from './plan-of.js';
import {
  refuse,
  type PlanningOptions,
  type StageResult,
  type Plan,
  type Refusal,
  type Stage,
  type Verb,
} from './plan.js';
import type { Step } from '../steps/step.js';
import { fatal, mkdir, mount, slug, warn } from './steps.js';
import { describe } from '../volumes/device.js';
import { isFileSystem } from '../volumes/file-systems.js';

/** What process 1 finds when the kernel has just called it is nothing at all. */
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
    why: 'The journal is kept here, and goes along.',
  },
  {
    path: '/run',
    fstype: 'tmpfs',
    data: 'mode=0755',
    flags: ['MS_NOSUID', 'MS_NODEV'],
    why: 'What programs put here goes along.',
  },
];

/** A ramdisk may have its own device nodes, and few need /run so early. */
const DISPENSABLE = ['/dev', '/run'];

/**
 * Seconds that `rootwait` waits for a root: the kernel would wait for ever, and a board that says
 * why it does not boot is better.
 */
const PATIENT_S = 600;

const stage = (verb: Verb, facts: Facts, name: Stage, summary: string, steps: Step[]): Plan =>
  planOf(verb, facts, { stage: name, rung: 'persistent', summary, steps, trouble: null }, false);

function earlySteps({ mounts, handover }: Facts): Step[] {
  // An ordinary root has an init that mounts /run itself, and may not even have the directory.
  return EARLY.filter(
    ({ path }) => visibleAt(mounts, path) === undefined && (path !== '/run' || handover!.ramfs),
  ).flatMap(({ path, fstype, data, flags, why }) => {
    const needed = DISPENSABLE.includes(path) ? warn : fatal;
    return [
      needed(`place-${slug(path)}`, `${fstype} is mounted here.`, mkdir(path)),
      needed(
        `early-${slug(path)}`,
        why,
        mount(fstype, path, fstype, data, { writable: false, flags }),
      ),
    ];
  });
}

/**
 * What must happen before the ladder can be climbed: the next stage, or why it never can; null when
 * nothing is in the way.
 */
export function beforeLadder(
  verb: Verb,
  facts: Facts,
  { dryRun, past = [] }: PlanningOptions,
): Plan | Refusal | null {
  const { handover } = facts;
  const root = visibleAt(facts.mounts, '/')?.fstype ?? '';
  // Facts of before there was a way out.
  if (handover === null && ['rootfs', 'ramfs'].includes(root))
    return refuse(verb, 'root-is-ramfs', {
      found: `/ is the kernel's own ${root} (an initramfs), from which pivot_root(2) cannot work, and these facts do not tell of a root to switch to; gather them anew`,
      cure: null,
    });
  if (handover === null) return ordinary(verb);
  const early = earlySteps(facts);
  if (handover.pid === 1 && early.length > 0 && !did(past, 'early'))
    return stage(verb, facts, 'early', 'what process 1 finds missing: /proc and the others', early);
  if (!handover.ramfs) return ordinary(verb);
  if (handover.pid !== 1 && !dryRun)
    return refuse(verb, 'root-is-ramfs', {
      found: `/ is the kernel's own ramfs (an initramfs), which pivot_root(2) cannot leave and only process 1 can switch away from, and this is process ${handover.pid}; make mountroot the ramdisk's /init, or end /init with \`exec mountroot switch-root NEWROOT INIT\``,
      cure: null,
    });
  return handover.at === null
    ? towardsImage(verb, facts, handover, past)
    : checked(verb, handover, past);
}

const ordinary = (verb: Verb): Refusal | null =>
  verb === 'switch-root'
    ? refuse(verb, 'root-is-no-ramfs', {
        found:
          '/ is no initramfs, which switch-root leads out of; `mountroot start` makes the overlay of an ordinary root',
        cure: null,
      })
    : null;
const noRoot = (verb: Verb, why: string): Refusal =>
  refuse(verb, 'no-new-root', { found: why, cure: null });

function towardsImage(
  verb: Verb,
  facts: Facts,
  { asked, root }: Handover,
  past: readonly StageResult[],
): Plan | Refusal {
  if (asked !== null)
    return noRoot(
      verb,
      `nothing is mounted on ${asked}, which is to be the new root; mount it first`,
    );
  if (root === null)
    return noRoot(
      verb,
      'this initramfs does not know which root to switch to, because the kernel command line has no root=; add root=, or mount it and call `mountroot switch-root NEWROOT INIT`',
    );
  const wait = root.patient ? PATIENT_S : facts.configuration.settings.wait;
  if (
    (mayAppear(root.wanted) || root.patient) &&
    root.found.length === 0 &&
    root.attach === null &&
    !did(past, 'image-wait')
  )
    return stage(
      verb,
      facts,
      'image-wait',
      `waiting for root=${root.wanted}`,
      waitSteps(root, wait),
    );
  if (root.attach !== null && !did(past, 'image-attach'))
    return stage(
      verb,
      facts,
      'image-attach',
      `attaching UBI on mtd${root.attach}`,
      attachSteps(root.attach),
    );
  const [device] = root.found;
  if (device === undefined)
    return noRoot(
      verb,
      `there is no root=${root.wanted}${did(past, 'image-wait') ? `, after ${wait} s of waiting` : ''}; correct root= on the kernel command line, or build its driver into the kernel`,
    );
  if (root.found.length > 1)
    return noRoot(
      verb,
      `${root.found.length} devices are called root=${root.wanted} (${root.found.map(({ name }) => name).join(', ')}); name one of them`,
    );
  const [before] = failures(past, 'image');
  if (before) return noRoot(verb, `root=${root.wanted} cannot be mounted: ${before.failed!.error}`);
  if (did(past, 'image'))
    return noRoot(
      verb,
      `root=${root.wanted} was mounted on ${NEW_IMAGE}, and is not there any more`,
    );
  const fstype = fstypeOf(root, facts.kernel.filesystems);
  if (fstype === null)
    return noRoot(
      verb,
      `${describe(device)} holds no file system that is known here: ${root.content?.evidence ?? 'nothing was read from it'}; name it with rootfstype=`,
    );
  const flags: MountFlag[] = root.writable ? [] : ['MS_RDONLY'];
  return stage(
    verb,
    facts,
    'image',
    `mounting ${describe(device)} (${fstype}), which root= names`,
    [
      fatal(
        'image-place',
        'The image is mounted here until the new root is ready.',
        mkdir(NEW_IMAGE),
      ),
      fatal(
        'image',
        'The kernel command line names it as the root.',
        mount(device.source, NEW_IMAGE, fstype, root.options, { writable: false, flags }),
      ),
    ],
  );
}

/**
 * rootfstype= is a list from which the kernel takes the first that mounts; what the device shows
 * spares trying.
 */
function fstypeOf({ fstypes, content }: RootVolume, known: readonly string[]): string | null {
  const seen = content?.kind;
  const usable = fstypes.filter((type) => known.includes(type));
  if (seen !== undefined && (usable.includes(seen) || fstypes.length === 0) && isFileSystem(seen))
    return seen;
  return usable[0] ?? fstypes[0] ?? null;
}

/** Behind the switch it is too late to learn that nothing can be started there. */
function checked(
  verb: Verb,
  { programs, at }: Handover,
  past: readonly StageResult[],
): Refusal | null {
  const [last] = failures(past, 'root', 'rom');
  if (last)
    return refuse(verb, 'switch-failed', {
      found: `not even the bare image on ${at} could be switched to: ${last.failed!.error}`,
      cure: null,
    });
  if (programs.some(({ trouble }) => trouble === null)) return null;
  return refuse(verb, 'no-init', {
    found: `no init of the root on ${at} can be run: ${programs.map(({ trouble }) => trouble).join('; ') || 'none was named'}; correct init= or the image`,
    cure: null,
  });
}
