/**
 * Plans `start`: from a read-only root to an overlay of it and the data volume, or to the next best
 * root there can be.
 *
 * Before: `/` is the read-only image; /proc, /sys, /dev and /tmp are mounted on it; the data volume
 * is not mounted. After:  `/` is the overlay, `/rom` the image, `/overlay` the data volume; every
 * other mount is where it was.
 *
 * The planner is asked again behind each stage, with new facts and with what was done before. A
 * rung that failed was taken back, and is followed by a plan for the rung below it, for the reason
 * that it failed with. Nothing on flash is erased here but what was ordered.
 */
import type { Facts, MountedVolume } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { DATA, FLASH_SOURCE, RAM_SOURCE, STAGING } from '../facts/places.js';
import { externalPlan } from './external.js';
import { importSteps, importWaits } from './import.js';
import {
  attachSteps,
  bookkeeping,
  countSteps,
  isCounted,
  openSteps,
  pstoreSteps,
  resetSteps,
  upperSteps,
  waitSteps,
} from './open.js';
import { flashOverlay, isLegacy, makePrivate, placeData, ramOverlay } from './overlay-root.js';
import { pivotTo, switchTo } from './pivot.js';
import { imageMountpoint, mountNotes, placeTrouble } from './mountpoints.js';
import {
  EXIT,
  PLAN_SCHEMA,
  makesRoot,
  refuse,
  type Already,
  type Decision,
  type PlanningOptions,
  type StageResult,
  type Plan,
  type Refusal,
  type Verb,
} from './plan.js';
import type { Step } from '../steps/step.js';
import { did, failures, planOf, stage } from './plan-of.js';
import { warn } from './steps.js';
import { beforeLadder } from './switch-root.js';
import type { Trouble } from './reasons.js';
import { describe } from '../volumes/device.js';
import { fstypeOf } from '../volumes/mountable.js';
import { mayCome, volumeTrouble } from './volume.js';

/** The next thing to do, from facts alone: no input or output, no clock. */
export const planStart = (facts: Facts, options: PlanningOptions): Decision =>
  root('start', facts, options);

/** `switch-root`: the same out of an initramfs, by process 1, to a root that somebody mounted. */
export const planSwitchRoot = (facts: Facts, options: PlanningOptions): Decision =>
  root('switch-root', facts, options);

function root(verb: Verb, facts: Facts, options: PlanningOptions): Decision {
  const never =
    preconditions(verb, facts, options) ??
    already(verb, facts) ??
    beforeLadder(verb, facts, options);
  return never ?? { ...ladder(facts, options.past ?? []), verb };
}

/** `ram`: the volatile root, because somebody asked for it. The data volume is not looked at. */
export const planRam = (facts: Facts, options: PlanningOptions): Decision =>
  preconditions('ram', facts, options) ??
  already('ram', facts) ??
  beforeLadder('ram', facts, options) ?? {
    ...volatile(facts, options.past ?? [], {
      reason: 'asked',
      cure: null,
      found: 'a root in memory was asked for',
    }),
    verb: 'ram',
  };

export function preconditions(
  verb: Verb,
  { platform, preinit, uid }: Facts,
  { dryRun, force }: PlanningOptions,
): Refusal | null {
  if (platform !== 'linux')
    return refuse(verb, 'not-linux', {
      found: `${verb} needs a Linux kernel, and this is ${platform}; run it on the board, or plan for a captured board with --facts FILE`,
      cure: null,
    });
  if (dryRun) return null;
  if (makesRoot(verb) && !preinit && !force)
    return refuse(verb, 'guard', {
      found: `${verb} was refused because this does not look like the early boot (neither PREINIT is set nor /tmp/.preinit exists); call it from /etc/preinit, look with --dry-run, or insist with --force`,
      cure: null,
    });
  if (uid !== 0)
    return refuse(verb, 'not-root', {
      found: `${verb} needs root to mount, and this is user ${uid}; run it as root, or look with --dry-run`,
      cure: null,
    });
  return null;
}

function already(verb: Verb, { mounts, external }: Facts): Already | null {
  const root = visibleAt(mounts, '/');
  if (root === undefined) return null;
  const say = (summary: string, exit: Already['exit']): Already => ({
    schema: PLAN_SCHEMA,
    decision: 'already',
    verb,
    summary,
    exit,
  });
  if (external?.at === '/')
    return say('/ already is the external root; there is nothing to do', EXIT.done);
  if (!root.fstype.startsWith('overlay')) return null;
  if (root.source === FLASH_SOURCE)
    return say(`/ already is the overlay on ${DATA}; there is nothing to do`, EXIT.done);
  if (root.source === RAM_SOURCE)
    return say(
      '/ already is an overlay in memory; there is nothing to do',
      verb === 'ram' ? EXIT.done : EXIT.degraded,
    );
  return null;
}

/** One rung after the other: the first whose obstacles are not known yet. */
function ladder(facts: Facts, past: readonly StageResult[]): Plan {
  const { volume, opened, configuration, external } = facts;
  const { settings, origins } = configuration;
  const never = placeTrouble(facts);
  if (never) return rom(facts, never);
  const bottom = belowMemory(facts, past);
  if (bottom) return bottom;
  if (
    mayCome(facts, volume.wanted) &&
    volume.found.length === 0 &&
    volume.attach === null &&
    !did(past, 'wait')
  )
    return stage(
      facts,
      'wait',
      waitSteps(volume, settings.wait),
      `waiting for volume ${volume.wanted}`,
    );
  if (volume.attach !== null) {
    if (!did(past, 'attach'))
      return stage(
        facts,
        'attach',
        attachSteps(volume.attach),
        `attaching UBI on mtd${volume.attach}`,
      );
    return volatile(facts, past, {
      reason: 'attach-failed',
      cure: null,
      found:
        failures(past, 'attach')[0]?.failed?.error ??
        `UBI was attached to mtd${volume.attach}, but shows no volume on it`,
    });
  }
  const trouble = noOverlay(facts) ?? volumeTrouble(facts, volume, origins.volume);
  if (trouble) return volatile(facts, past, trouble);
  const fstype = fstypeOf(volume.found[0]!, volume)!;

  if (opened === null) {
    const failed = failures(past, 'open');
    const readonly =
      failed.length === 1 && ['EROFS', 'EACCES'].includes(failed[0]!.failed!.errno ?? '');
    if (failed.length > 0 && !readonly)
      return volatile(facts, past, {
        reason: 'mount-failed',
        cure: null,
        found: failed[0]!.failed!.error,
      });
    if (!did(past, 'open') || readonly)
      return stage(
        facts,
        'open',
        openSteps(facts, readonly),
        `opening ${describe(volume.found[0]!)} (${fstype}${readonly ? ', read-only' : ''})`,
      );
    return volatile(facts, past, {
      reason: 'mount-failed',
      cure: null,
      found: `${describe(volume.found[0]!)} was mounted on ${STAGING}, and is not there any more`,
    });
  }
  if (settings.boot_limit > 0 && !isCounted(past) && (opened.attempts ?? 0) >= settings.boot_limit)
    return volatile(facts, past, {
      reason: 'boot-loop',
      cure: null,
      found: `${opened.attempts} starts in a row never reached \`done\`, so this one leaves ${describe(volume.found[0]!)} as it is; look for what stops the boot, then reboot: \`done\` sets the count back`,
    });
  const [resetFailed] = failures(past, 'reset');
  if (
    opened.order !== null &&
    typeof opened.order === 'object' &&
    !opened.readonly &&
    !did(past, 'reset')
  )
    return stage(
      facts,
      'reset',
      [...countSteps(facts, past), ...resetSteps(opened, opened.order.keep, isLegacy(facts))],
      'carrying out an order to reset',
    );
  const [importFailed] = failures(past, 'import');
  if (importWaits(facts) && !isLegacy(facts) && !did(past, 'import'))
    return stage(
      facts,
      'import',
      [...countSteps(facts, past), ...importSteps(opened)],
      'carrying out an import',
    );

  const writeTrouble = opened.readonly
    ? ({
        reason: 'write-protected',
        cure: null,
        found: `${describe(volume.found[0]!)} can only be mounted read-only: the flash or its partition is write-protected, or the kernel found an error on it (see the kernel log)`,
      } as const)
    : rootTrouble(failures(past, 'root', 'persistent')[0]);
  // One that belongs to this board does not need the internal volume to be writable.
  const outside =
    external === null || failures(past, 'root').length > 0 ? null : externalPlan(facts, past);
  if (outside !== null && 'decision' in outside) return outside;
  if (writeTrouble === null || (writeTrouble.reason === 'full' && makesRoom(opened, past)))
    return persistent(
      facts,
      past,
      outside ??
        unread(facts) ??
        (resetFailed
          ? {
              reason: 'reset-failed',
              cure: null,
              found: `the order to reset was not carried out, and stands: ${resetFailed.failed!.error}`,
            }
          : importFailed
            ? {
                reason: 'import-failed',
                cure: null,
                found: `the import was not carried out, and stands: ${importFailed.failed!.error}`,
              }
            : null),
    );
  if (
    failures(past, 'root', 'kept-read-only').length === 0 &&
    opened.upper === 'directory' &&
    !isLegacy(facts)
  )
    return keptReadOnly(facts, opened.at, withExternal(writeTrouble, outside));
  return volatile(facts, past, withExternal(writeTrouble, outside));
}

/** An order that is there and cannot be read is neither carried out nor forgotten. */
const unread = ({ opened }: Facts): Trouble | null =>
  opened?.order === 'unreadable'
    ? {
        reason: 'reset-failed',
        cure: null,
        found:
          'there is an order to reset that could not be read (see the notes), so it was not carried out, and stands',
      }
    : null;

/**
 * Where a volume without settings is full of what a switch to flash had copied when it was cut off,
 * that makes room.
 */
const makesRoom = ({ incoming, upper }: MountedVolume, past: readonly StageResult[]): boolean =>
  incoming === 'directory' &&
  upper === 'missing' &&
  failures(past, 'root', 'persistent').length === 1;

/**
 * What the internal volume suffers from, and what the external one does that would have done
 * instead.
 */
const withExternal = (trouble: Trouble, outside: Trouble | null): Trouble =>
  outside === null ? trouble : { ...trouble, found: `${trouble.found}; and ${outside.found}` };

function noOverlay({ kernel: { filesystems } }: Facts): Trouble | null {
  if (filesystems.includes('overlay') || filesystems.includes('overlayfs')) return null;
  return {
    reason: 'no-overlay',
    cure: null,
    found:
      'this kernel has neither overlay nor overlayfs (see /proc/filesystems); build it with CONFIG_OVERLAY_FS=y',
  };
}

/** Why a persistent root failed, by what the kernel said and where. */
function rootTrouble(past: StageResult | undefined): Trouble | null {
  if (!past?.failed) return null;
  const { errno, error, step } = past.failed;
  // On a full volume overlay comes up read-only, and mount(2) returns 0: that it is full was seen
  // when the count of starts could not be written.
  const full = ['ENOSPC', 'EDQUOT'];
  if (
    full.includes(errno ?? '') ||
    (errno === null && step === 'overlay' && past.warned.some((each) => full.includes(each)))
  )
    return {
      reason: 'full',
      cure: null,
      found:
        errno === null
          ? 'the data volume is full, so overlay can only be mounted read-only; free space on it (`mount -o remount,rw /overlay`, and remove what is not needed below /overlay/upper), then reboot'
          : error,
    };
  if (
    errno === 'EROFS' ||
    (errno === 'EIO' && ['upper', 'work', 'writable'].includes(step)) ||
    (errno === null && step === 'overlay')
  )
    return { reason: 'write-protected', cure: null, found: error };
  return { reason: 'overlay-failed', cure: null, found: error };
}

const describeRoot = ({ volume }: Facts): string => {
  const device = volume.found[0]!;
  return `${describe(device)} (${fstypeOf(device, volume)})`;
};

function persistent(facts: Facts, past: readonly StageResult[], trouble: Trouble | null): Plan {
  const { at, steps: place } = placeData(facts, facts.opened!.at);
  const notes = [...mountNotes(facts)];
  const legacy = isLegacy(facts);
  if (legacy)
    notes.push(
      'this kernel has only the out-of-tree overlayfs: the upper layer is the root of the data volume, and there is no workdir',
    );
  const steps = [
    ...bookkeeping(facts, past),
    makePrivate(facts),
    ...place,
    ...(legacy ? [] : upperSteps(facts.opened, at, at)),
    ...flashOverlay(facts, at),
    ...pivotTo(facts, at),
  ];
  return planOf(
    'start',
    facts,
    {
      stage: 'root',
      rung: 'persistent',
      summary: `an overlay root that keeps its changes on ${describeRoot(facts)}`,
      steps,
      trouble,
      notes,
    },
    true,
  );
}

function keptReadOnly(facts: Facts, from: string, trouble: Trouble): Plan {
  const { at, steps: place } = placeData(facts, from);
  const protect = facts.opened?.readonly
    ? []
    : [
        warn('protect', 'It is a lower layer now, and must not change under the overlay.', {
          kind: 'remount',
          path: at,
          readonly: true,
          flags: ['MS_NOATIME'],
          inverse: true,
          patience: 0,
        }),
      ];
  const steps = [
    makePrivate(facts),
    ...place,
    ...protect,
    ...ramOverlay(facts, `${at}/upper`),
    ...pivotTo(facts, at),
  ];
  const summary = `an overlay root with the settings of ${describeRoot(facts)} as they are, whose changes are lost at power-off`;
  return planOf(
    'start',
    facts,
    { stage: 'root', rung: 'kept-read-only', summary, steps, trouble, notes: mountNotes(facts) },
    true,
  );
}

const close = ({ opened }: Facts): Step[] =>
  opened?.at === STAGING
    ? [
        warn('close', 'The data volume is not used in this boot, and is left as it is.', {
          kind: 'umount',
          path: STAGING,
          fstype: opened.fstype,
          lazy: false,
          again: null,
        }),
      ]
    : [];

/** Where even an overlay in memory failed, the image stays, for the reason that led to it. */
function belowMemory(facts: Facts, past: readonly StageResult[]): Plan | null {
  const [memory] = failures(past, 'root', 'volatile');
  if (memory === undefined) return null;
  const failed = `an overlay in memory failed: ${memory.failed!.error}`;
  return rom(
    facts,
    memory.reason === null || memory.reason === 'asked'
      ? { reason: 'ram-failed', cure: null, found: failed }
      : { reason: memory.reason, cure: null, found: `${memory.because}; and ${failed}` },
  );
}

function volatile(facts: Facts, past: readonly StageResult[], trouble: Trouble): Plan {
  const bottom = belowMemory(facts, past);
  if (bottom) return bottom;
  const never = noOverlay(facts) ?? placeTrouble(facts);
  if (never) return rom(facts, never);
  const closing = close(facts);
  // What is unmounted first has no propagation to be put back.
  const left =
    closing.length > 0
      ? { ...facts, mounts: facts.mounts.filter(({ mountpoint }) => mountpoint !== STAGING) }
      : facts;
  const steps = [
    ...closing,
    ...(did(past, 'open') ? [] : pstoreSteps(facts)),
    makePrivate(left),
    ...ramOverlay(left, null),
    ...pivotTo(left, null),
  ];
  return planOf(
    'start',
    facts,
    {
      stage: 'root',
      rung: 'volatile',
      summary: 'an overlay root in memory, whose changes are lost at power-off',
      steps,
      trouble,
      notes: mountNotes(facts),
    },
    true,
  );
}

function rom(facts: Facts, trouble: Trouble): Plan {
  const image = imageMountpoint(facts);
  const steps =
    image === null
      ? close(facts)
      : [...close(facts), makePrivate(facts), ...switchTo(facts, image, null)];
  return planOf(
    'start',
    facts,
    {
      stage: 'root',
      rung: 'rom',
      summary:
        image === null ? 'the read-only image, which stays / as it is' : 'the read-only image',
      steps,
      trouble,
    },
    true,
  );
}
