/**
 * Plans `done`, which runs late in boot. It confirms the start. If flash was not ready at the
 * start, it moves a root in memory to flash; move-to-flash.ts says how this loses nothing.
 */
import type { Device, Facts, MountedVolume, Rung } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { FLASH_SOURCE, RAM_SOURCE } from '../facts/places.js';
import { describe } from '../volumes/device.js';
import { behindTrouble, isHidden, isShown, makeBehind, makerOf, showBehind } from './behind.js';
import { confirmPersist, confirmStart } from './confirm-start.js';
import {
  copyAgain,
  copyToFlash,
  hasGivenUp,
  moveFailure,
  movesThatFailed,
  needsSecondCopy,
  switchToFlash,
  thaw,
  tidyUp,
} from './move-to-flash.js';
import { openSteps } from './open.js';
import { isPersistAsked, isPersistRoot } from './persist.js';
import { keepsItself, ownRootName } from './own-root.js';
import { isLegacy } from './overlay-root.js';
import {
  EXIT,
  already,
  refuse,
  type Already,
  type Decision,
  type Plan,
  type PlanningOptions,
  type StageResult,
} from './plan.js';
import { planOf, tried } from './plan-of.js';
import { preconditions } from './preconditions.js';
import { sentenceOf, type Cause, type Reason, type Trouble } from './reasons.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';
import { setCountBack } from './set-count-back.js';
import { fatal, warn } from './steps.js';
import { volumeTrouble } from './volume.js';

/** The input of the rows. */
export interface Completion {
  facts: Facts;
  earlier: readonly StageResult[];
  dryRun: boolean;
}

/**
 * The reasons for which a start did not use the volume, or did not write to it, although it could
 * mount it and count the start.
 */
const COUNTED_BUT_UNUSED: readonly Reason[] = [
  'boot-loop',
  'agent-failed',
  'full',
  'write-protected',
  'overlay-failed',
];

const rootOf = ({ mounts }: Facts): ReturnType<typeof visibleAt> => visibleAt(mounts, '/');

const isOnFlash = ({ facts }: Completion): boolean =>
  rootOf(facts)?.source === FLASH_SOURCE || facts.external?.at === '/';

/** No volume needs a mark. The boot counts as confirmed when all that it wrote is on the disk. */
const ownRootDone = (facts: Facts): Plan =>
  planOf('done', facts, {
    stage: 'mark',
    summary: `nothing to confirm: / is ${ownRootName(facts)}, which keeps its changes itself`,
    steps: [warn('synced', 'A confirmed boot is on stable storage.', { kind: 'sync', path: '/' })],
    last: true,
  });

export const DONE: readonly PlanRule<Completion, Decision, string>[] = [
  {
    id: 'persist',
    when: ({ facts }) => isPersistRoot(facts) && rootOf(facts)?.source === RAM_SOURCE,
    then: ({ facts }) => confirmPersist(facts, facts.opened!),
  },
  {
    id: 'in-memory',
    when: ({ facts }) => rootOf(facts)?.source === RAM_SOURCE,
    then: (completion) => firstMatch(DONE_IN_MEMORY, completion)!,
  },
  {
    id: 'on-flash',
    when: (completion) => isOnFlash(completion) && completion.facts.opened !== null,
    then: ({ facts }) => confirmStart(facts, facts.opened!),
  },
  {
    id: 'volume-gone',
    when: isOnFlash,
    then: (_, summary) => already('done', summary, EXIT.degraded),
    because: () =>
      '/ is an overlay, but its data volume is not where it was put; there is nothing to confirm',
  },
  {
    id: 'own-root',
    when: ({ facts }) => keepsItself(facts),
    then: ({ facts }) => ownRootDone(facts),
  },
  {
    id: 'no-start',
    when: ({ facts, dryRun }) => facts.state === null && !dryRun,
    then: (_, found) => refuse('done', 'no-overlay-root', { found, cure: null }),
    because: () =>
      '/ is no overlay of mountroot, and no start has recorded a root in this boot; ' +
      'there is nothing to confirm',
  },
  {
    id: 'not-ours',
    when: otherwise,
    then: (_, summary) => already('done', summary, EXIT.degraded),
    because: () => '/ is no overlay of ours, so no start is confirmed',
  },
];

/** The root stays in memory. */
const stays = (_: Completion, why: string): Already =>
  already('done', `/ stays in memory, because ${why}`, EXIT.degraded);

const isReadOnly = ({ facts }: Completion): boolean => rootOf(facts)!.superOptions.includes('ro');

/** A failed stage that was not part of the move. */
const failureBefore = (completion: Completion): StageResult['failed'] =>
  completion.earlier.find(
    (each) => each.failed !== null && !movesThatFailed(completion.earlier).includes(each),
  )?.failed ?? null;

/** The rung that the start recorded, or else the one that the overlay's layers show. */
function rungOf({ state, mounts }: Facts): Rung {
  const lower =
    visibleAt(mounts, '/')?.superOptions.find((option) => option.startsWith('lowerdir=')) ?? '';
  return state?.rung ?? (lower.includes(':') ? 'kept-read-only' : 'volatile');
}

/**
 * The start was counted, and the board came up without its data or without writing to it. Somebody
 * could look after it, so we count starts from zero again.
 */
const isCountKept = (completion: Completion): boolean =>
  isKeptReadOnly(completion) ||
  COUNTED_BUT_UNUSED.includes(completion.facts.state?.reason as Reason);

const isClosed = ({ facts }: Completion): boolean => facts.opened === null;

const wasOpened = ({ earlier }: Completion): boolean => tried(earlier, 'open');

const openVolume = (facts: Facts, summary: string): Plan =>
  planOf('done', facts, {
    stage: 'open',
    rung: 'volatile',
    summary,
    steps: openSteps(facts, false),
  });

const isKeptReadOnly = ({ facts }: Completion): boolean => rungOf(facts) === 'kept-read-only';

const deviceName = ({ volume }: Facts): string => describe(volume.found[0]!);

const isMarkedForErase = ({ facts: { volume } }: Completion): boolean => {
  const device = volume.found[0];
  return (
    volume.content?.kind === 'erase-marker' && device?.kind === 'mtd' && Boolean(device.eraseBlock)
  );
};

function erase({ facts }: Completion): Plan {
  const { name, size, eraseBlock } = facts.volume.found[0] as Device & { eraseBlock: number };
  return planOf('done', facts, {
    stage: 'erase',
    rung: 'volatile',
    summary: `erasing ${deviceName(facts)}, as it is marked to be`,
    steps: [
      fatal('erase', 'It was ordered, and the order is erased last.', {
        kind: 'erase',
        device: `/dev/${name}`,
        size,
        eraseBlock,
      }),
    ],
  });
}

const isEmptyVolume = ({ facts: { opened } }: Completion): boolean =>
  opened !== null && opened.upper === 'missing' && !opened.readonly;

const whyNotMoved = ({ facts }: Completion): string => {
  const { at, readonly } = facts.opened as MountedVolume;
  return (
    `${deviceName(facts)} is mounted on ${at} and ` +
    (readonly ? 'cannot be written' : 'holds settings already')
  );
};

const troubleOrNull = (facts: Facts): Trouble | null =>
  volumeTrouble(facts, facts.volume, facts.configuration.origins.volume);

const troubleWithVolume = ({ facts }: Completion): Trouble | null => troubleOrNull(facts);

const whatItHolds = (completion: Completion): Cause => {
  const device = completion.facts.volume.found[0];
  return (
    troubleWithVolume(completion) ?? {
      found:
        `${device ? describe(device) : 'the data volume'} holds something, ` +
        'which a start must look at',
      cure: null,
    }
  );
};

/** The reasons of a start that found no file system behind the image. */
const NOT_MADE: readonly Reason[] = ['unknown-content', 'erase-marker', 'make-failed'];

/** The file system behind the image is new: the start would have used it. */
const isMadeSince = ({ facts }: Completion): boolean =>
  isShown(facts) &&
  makerOf(facts) === null &&
  troubleOrNull(facts) === null &&
  NOT_MADE.includes(facts.state?.reason as Reason);

/**
 * The start saw the order to erase, and a `done` has erased the flash since, which leaves one node
 * of jffs2 on it. If it holds settings meanwhile, they are seen when it is open.
 */
const isErasedSince = ({ facts: { state, volume } }: Completion): boolean =>
  volume.content?.kind === 'jffs2' &&
  volume.found[0]?.kind === 'mtd' &&
  state?.reason === 'erase-marker';

/** Decides whether a root in memory moves to flash. */
export const DONE_IN_MEMORY: readonly PlanRule<Completion, Decision, string>[] = [
  {
    // A killed switch left the root in this state.
    id: 'thaw',
    when: (completion) => isReadOnly(completion) && !tried(completion.earlier, 'thaw'),
    then: ({ facts }) => thaw(facts),
  },
  {
    id: 'move-failed',
    when: (completion) => hasGivenUp(completion.earlier) && completion.facts.opened !== null,
    then: ({ facts }, error) => tidyUp(facts, facts.opened!, error),
    because: (completion) => moveFailure(completion.earlier)!.error,
  },
  {
    id: 'move-failed-and-gone',
    when: ({ earlier }) => hasGivenUp(earlier),
    then: stays,
    because: (completion) => `moving it to flash failed: ${moveFailure(completion.earlier)!.error}`,
  },
  {
    id: 'failed',
    when: (completion) => failureBefore(completion) !== null,
    then: stays,
    because: (completion) => `it failed: ${failureBefore(completion)!.error}`,
  },
  {
    id: 'write-protected',
    when: (completion) =>
      isKeptReadOnly(completion) && completion.facts.state?.reason === 'write-protected',
    then: stays,
    because: () => 'the settings on the data volume cannot be written (write-protected)',
  },
  {
    // The kernel freed the loop device when the start had ended.
    id: 'show',
    when: ({ facts, earlier }) =>
      isHidden(facts) && behindTrouble(facts) === null && !tried(earlier, 'attach'),
    then: ({ facts }) => showBehind('done', facts),
  },
  {
    id: 'make',
    when: ({ facts, earlier }) =>
      isShown(facts) && makerOf(facts) !== null && !tried(earlier, 'make'),
    then: ({ facts }) => makeBehind('done', facts),
  },
  {
    id: 'count-volume-gone',
    when: (completion) => isCountKept(completion) && completion.facts.volume.found.length === 0,
    then: stays,
    because: () => 'its data volume is not there any more',
  },
  {
    id: 'count-open',
    when: (completion) => isCountKept(completion) && isClosed(completion) && !wasOpened(completion),
    then: ({ facts }) =>
      openVolume(facts, `opening ${deviceName(facts)}, to set its count of starts back`),
  },
  {
    id: 'count-set-back',
    when: (completion) =>
      isCountKept(completion) && (isClosed(completion) || tried(completion.earlier, 'mark')),
    then: stays,
    because: ({ facts: { state } }) =>
      state?.reason === 'boot-loop'
        ? 'starts did not reach their end; the count of them was set back, ' +
          'so the next start uses the data volume again'
        : 'the data volume was not used or not written to ' +
          `(${state?.reason ?? 'see the journal'})`,
  },
  {
    id: 'count',
    when: isCountKept,
    then: ({ facts }) => setCountBack(facts, facts.opened!, rungOf(facts)),
  },
  {
    id: 'erase-failed',
    when: (completion) => isMarkedForErase(completion) && tried(completion.earlier, 'erase'),
    then: stays,
    because: () => 'the volume was erased, and still holds the order to erase it',
  },
  { id: 'erase', when: isMarkedForErase, then: erase },
  {
    id: 'persist-waits',
    when: (completion) => isEmptyVolume(completion) && isPersistAsked(completion.facts),
    then: stays,
    because: ({ facts }) =>
      `only what \`persist\` names is to last; ${deviceName(facts)} is ready, and the next start ` +
      'uses it',
  },
  {
    id: 'old-overlayfs',
    when: (completion) => isEmptyVolume(completion) && isLegacy(completion.facts),
    then: stays,
    because: ({ facts }) =>
      'this kernel has only the out-of-tree overlayfs, over which no root can move; ' +
      `${deviceName(facts)} is ready, and the next start uses it`,
  },
  {
    id: 'copy',
    when: (completion) => isEmptyVolume(completion) && !tried(completion.earlier, 'copy'),
    then: ({ facts }) => copyToFlash(facts, facts.opened!),
  },
  {
    id: 'copy-again',
    when: (completion) => isEmptyVolume(completion) && needsSecondCopy(completion.earlier),
    then: ({ facts }) => copyAgain(facts, facts.opened!),
  },
  {
    id: 'switch',
    when: isEmptyVolume,
    then: ({ facts }) => switchToFlash(facts, facts.opened!),
  },
  {
    id: 'not-empty',
    when: ({ facts }) => facts.opened !== null,
    then: stays,
    because: whyNotMoved,
  },
  {
    id: 'not-blank',
    when: (completion) =>
      completion.facts.volume.content?.kind !== 'blank' &&
      !isMadeSince(completion) &&
      !isErasedSince(completion),
    then: stays,
    because: (completion) => sentenceOf(whatItHolds(completion)),
  },
  {
    id: 'gone',
    when: wasOpened,
    then: stays,
    because: () => 'the data volume was mounted, and is not there any more',
  },
  {
    id: 'unusable',
    when: (completion) => troubleWithVolume(completion) !== null,
    then: stays,
    because: (completion) => sentenceOf(troubleWithVolume(completion)!),
  },
  {
    id: 'open',
    when: otherwise,
    then: ({ facts }) => openVolume(facts, `opening ${deviceName(facts)}, which is new`),
  },
];

export const planDone = (facts: Facts, options: PlanningOptions): Decision =>
  preconditions('done', facts, options) ??
  firstMatch(DONE, { facts, earlier: options.earlier ?? [], dryRun: options.dryRun })!;
