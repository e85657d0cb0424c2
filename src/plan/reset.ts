/**
 * Plans `reset`, which restores the factory's state except for the paths to keep.
 *
 * On a running overlay it only writes an order, and the next start carries the order out before
 * anything uses the settings. So running programs lose no files, and after a power cut the reset
 * begins again. If the file system on flash is broken, it marks the flash, and `done` erases it.
 * This removes everything, so it is refused if there are paths to keep, or if the mount failed for
 * a passing reason.
 */
import type { Device, Facts } from '../facts/facts.js';
import { lacksType } from '../facts/kernel-sources.js';
import { visibleAt } from '../facts/mountinfo.js';
import { FLASH_SOURCE, STAGING } from '../facts/places.js';
import { keepPath } from '../facts/setting-rows.js';
import { describe } from '../volumes/device.js';
import { SAVE_FIRST } from '../volumes/unreadable.js';
import { fstypeOf } from '../volumes/mountable.js';
import { isHidden, isShown, showBehind } from './behind.js';
import { attachSteps, openSteps } from './open.js';
import { ownRoot, ownRootName } from './own-root.js';
import {
  EXIT,
  already,
  refuse,
  type Decision,
  type Plan,
  type PlanningOptions,
  type StageResult,
} from './plan.js';
import { failures, planOf, tried } from './plan-of.js';
import { preconditions } from './preconditions.js';
import type { Cause, RefusalReason } from './reasons.js';
import { isOnExternal, resetOnVolume } from './reset-order.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';
import { fatal } from './steps.js';
import { volumeTrouble } from './volume.js';

/** The input of the rows. */
export interface ResetCall {
  facts: Facts;
  earlier: readonly StageResult[];
  /** The paths of --keep, as they were given. */
  asked: readonly string[];
  /** The paths to keep, from the configuration and from --keep, as absolute paths. */
  keep: readonly string[];
}

type View = Omit<ResetCall, 'asked'>;

/**
 * The errors of mount(2) for a broken file system. Other errors may pass, so they are no reason to
 * erase anything.
 */
const BROKEN = ['EIO', 'EUCLEAN', 'EBADMSG'];

const refused =
  (reason: RefusalReason) =>
  (_: View, cause: Cause): Decision =>
    refuse('reset', reason, cause);

const deviceOf = ({ facts }: View): Device => facts.volume.found[0]!;

const volumeCause = ({ facts }: View): Cause =>
  volumeTrouble(facts, facts.volume, facts.configuration.origins.volume) ?? {
    found: 'the data volume is not attached',
    cure: null,
  };

const withHead = (head: string, { found, cure }: Cause): Cause => ({
  found: `${head}: ${found}`,
  cure,
});

/** The settings that the next start uses are neither here nor on the running overlay. */
const isExternalUnused = ({ facts }: View): boolean =>
  facts.external !== null &&
  !isOnExternal(facts) &&
  visibleAt(facts.mounts, '/')?.source !== FLASH_SOURCE;

const ONLY_INTERNAL = 'to reset only the internal volume, order `mountroot reset --set extroot=`';

const mountFailure = ({ earlier }: View): StageResult['failed'] | undefined =>
  failures(earlier, 'open')[0]?.failed;

const isMountable = ({ facts }: View): boolean =>
  fstypeOf(facts.volume.found[0]!, facts.volume) !== undefined;

const isBroken = (call: View): boolean => {
  const failed = mountFailure(call);
  return failed?.step === 'data' && BROKEN.includes(failed.errno ?? '');
};

/** The medium gave read errors, so what it holds is not known. */
const isUnread = (call: View): boolean =>
  call.facts.volume.content?.kind === 'unreadable' || mountFailure(call)?.errno === 'EIO';

/** The evidence that the volume cannot be mounted. */
const evidenceOf = (call: View): string =>
  mountFailure(call)?.error ?? call.facts.volume.content?.evidence ?? 'nothing is known of it';

/** Flash is erased, and behind the image a new file system is made. Other disks stay. */
const isErasable = (call: View): boolean =>
  isShown(call.facts)
    ? !isUnread(call)
    : deviceOf(call).kind === 'mtd' && Boolean(deviceOf(call).eraseBlock);

function markForErase(call: View): Plan {
  const { name, eraseBlock } = deviceOf(call);
  return planOf('reset', call.facts, {
    stage: 'order',
    summary:
      `an order to erase ${describe(deviceOf(call))}, which cannot be mounted; ` +
      'the next boot carries it out',
    steps: [
      fatal(
        'mark',
        'It cannot be mounted, so there is nothing that could be kept; ' +
          (isShown(call.facts)
            ? 'the next start makes a file system there.'
            : '`done` erases it in the next boot.'),
        { kind: 'mark-for-erase', device: `/dev/${name}`, eraseBlock },
      ),
    ],
    last: true,
  });
}

const isMalformed = (path: string): boolean => keepPath(path) === null;

export const RESET: readonly PlanRule<ResetCall, Decision, Cause>[] = [
  {
    id: 'bad-keep',
    when: ({ asked }) => asked.some(isMalformed),
    then: refused('bad-keep'),
    because: ({ asked }) => ({
      found:
        `cannot keep ${JSON.stringify(asked.find(isMalformed))}: ` +
        'what is kept is named by an absolute path without . and ..; nothing was reset',
      cure: null,
    }),
  },
  {
    id: 'external-root',
    when: (call) => isExternalUnused(call) && call.facts.external!.at === '/',
    then: refused('external'),
    because: ({ facts }) => ({
      found:
        `/ is the external root on ${facts.external!.wanted}, ` +
        'whose factory state nobody knows, so nothing was reset',
      cure: ONLY_INTERNAL,
    }),
  },
  {
    // A reset of another volume would look as if it had worked.
    id: 'external-unused',
    when: isExternalUnused,
    then: refused('external'),
    because: ({ facts }) => ({
      found:
        `the next start uses external volume ${facts.external!.wanted}, ` +
        'which is not in use now, so nothing was reset',
      cure: `order it on the running overlay, or ${ONLY_INTERNAL}`,
    }),
  },
  {
    id: 'attach',
    when: ({ facts, earlier }) => facts.volume.attach !== null && !tried(earlier, 'attach'),
    then: ({ facts }) =>
      planOf('reset', facts, {
        stage: 'attach',
        summary: `attaching UBI on mtd${facts.volume.attach}`,
        steps: attachSteps(facts.volume.attach!),
      }),
  },
  {
    id: 'show',
    when: ({ facts, earlier }) => isHidden(facts) && !tried(earlier, 'attach'),
    then: ({ facts }) => showBehind('reset', facts),
  },
  {
    id: 'attach-failed',
    when: ({ earlier }) => failures(earlier, 'attach').length > 0,
    then: refused('no-volume'),
    because: ({ earlier }) => ({
      found: `nothing was reset: ${failures(earlier, 'attach')[0]!.failed!.error}`,
      cure: null,
    }),
  },
  {
    id: 'own-root',
    when: ({ facts }) => ['kept', 'to-be-written'].includes(ownRoot(facts) ?? ''),
    then: refused('no-overlay-root'),
    because: ({ facts }) => ({
      found:
        `/ is the root that the kernel mounted (${ownRootName(facts)}), which keeps its changes ` +
        'itself, and there is no factory state beside it; nothing was reset',
      cure: 'write the image anew to have the factory state',
    }),
  },
  {
    id: 'no-volume',
    when: ({ facts }) => facts.volume.found.length !== 1,
    then: refused('no-volume'),
    because: (call) => withHead('there is nothing to reset', volumeCause(call)),
  },
  {
    id: 'opened',
    when: ({ facts }) => facts.opened !== null,
    then: ({ facts, earlier, keep }) => resetOnVolume(facts, earlier, keep),
  },
  {
    id: 'erase-marker',
    when: ({ facts }) => facts.volume.content?.kind === 'erase-marker',
    then: (call) =>
      already(
        'reset',
        `${describe(deviceOf(call))} holds no settings: ${call.facts.volume.content!.evidence}`,
        EXIT.done,
      ),
  },
  {
    id: 'no-filesystem',
    when: (call) =>
      isMountable(call) && lacksType(call.facts, fstypeOf(deviceOf(call), call.facts.volume)!),
    then: refused('no-volume'),
    because: (call) => withHead('nothing was reset', volumeCause(call)),
  },
  {
    // A volume that looks blank may have settings after the blocks that we read, so we open it too.
    id: 'open',
    when: (call) => isMountable(call) && !tried(call.earlier, 'open'),
    then: (call) =>
      planOf('reset', call.facts, {
        stage: 'open',
        summary: `opening ${describe(deviceOf(call))}`,
        steps: openSteps(call.facts, false),
      }),
  },
  {
    id: 'no-flash',
    when: (call) => !isErasable(call),
    then: refused('no-volume'),
    because: (call) => ({
      found:
        `${describe(deviceOf(call))} cannot be mounted (${evidenceOf(call)}), ` +
        'and only flash can be erased here',
      cure: isUnread(call)
        ? SAVE_FIRST
        : 'if nothing on it is needed, make a new file system on it',
    }),
  },
  {
    id: 'not-opened',
    when: (call) => isMountable(call) && !isBroken(call),
    then: refused('reset-failed'),
    because: (call) => ({
      found:
        `${describe(deviceOf(call))} could not be opened, and nothing was reset: ` +
        (mountFailure(call)?.error ?? `it was mounted on ${STAGING}, and is not there any more`),
      cure: null,
    }),
  },
  {
    id: 'nothing-to-keep-it-with',
    when: ({ keep }) => keep.length > 0,
    then: refused('reset-failed'),
    because: (call) => ({
      found:
        `${describe(deviceOf(call))} cannot be mounted (${evidenceOf(call)}), ` +
        `so ${call.keep.join(', ')} could not be kept, and nothing was reset`,
      cure: 'to give up all that is on it, order `mountroot reset --set keep=` without --keep',
    }),
  },
  {
    id: 'mark-failed',
    when: ({ earlier }) => tried(earlier, 'order'),
    then: refused('no-volume'),
    because: (call) => ({
      found:
        `${describe(deviceOf(call))} could not be marked to be erased: ` +
        (call.earlier.at(-1)?.failed?.error ?? 'the mark is not there'),
      cure: null,
    }),
  },
  { id: 'mark', when: otherwise, then: markForErase },
];

export function planReset(facts: Facts, options: PlanningOptions): Decision {
  const { keep: asked = [], earlier = [] } = options;
  const keep = [...facts.configuration.settings.keep, ...asked.map((path) => keepPath(path) ?? '')];
  return (
    preconditions('reset', facts, options) ??
    firstMatch(RESET, { facts, earlier, asked, keep: [...new Set(keep)] })!
  );
}
