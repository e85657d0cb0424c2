/**
 * The plans that move a root in memory to flash, while the system runs.
 *
 * The move loses nothing. It copies all files while programs run, and then copies the files that
 * have changed since. It then makes the old root read-only, which the kernel refuses while a file
 * on it is open for writing. It copies the last changes, and the copy becomes the upper layer only
 * after all of it is on stable storage. A power cut before that leaves the volume without settings,
 * as it was. A power cut after that leaves a complete upper layer.
 */
import type { Facts, MountedVolume } from '../facts/facts.js';
import { DATA, INCOMING, OLD_ROOT, RAM } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { describe } from '../volumes/device.js';
import { metaSteps } from './bookkeeping.js';
import { keepJournalSteps, recordRomSteps, startMarks, whiteoutProbe } from './done-marks.js';
import { newRootOf } from './mountpoints.js';
import { remountStep } from './open.js';
import { flashOverlay, makeRootPrivate, placeData } from './overlay-root.js';
import { pivotTo } from './pivot.js';
import type { Plan, Reason, StageResult } from './plan.js';
import { failures, planOf, tried } from './plan-of.js';
import { fatal, lastingFolder, warn } from './steps.js';

/** put_old for the old root in memory, which stays there until no process uses it. */
const PUT_OLD = '/mnt';

/**
 * Seconds to wait for programs to close the files that they write. Waiting longer would not help
 * with a log that is always open.
 */
const CLOSING_S = 10;

/** The step that finds what was mounted while the switch was at work. */
export const LATE_MOUNTS = 'late-mounts';

const deviceName = ({ volume }: Facts): string => describe(volume.found[0]!);

/** Makes the root writable again. */
export const thaw = (facts: Facts): Plan =>
  planOf('done', facts, {
    stage: 'thaw',
    rung: 'volatile',
    summary: 'the root in memory takes writes again',
    steps: [
      fatal(
        'thaw',
        'A switch to flash was killed when it had made it read-only.',
        remountStep('/', 'writable', { undone: false }),
      ),
    ],
  });

/**
 * Removes the copy after a failed switch. The files are still in memory, so the copy would only
 * fill the volume.
 */
export const tidyUp = (facts: Facts, opened: MountedVolume, error: string): Plan =>
  planOf('done', facts, {
    stage: 'tidy',
    rung: 'volatile',
    summary: 'the root stays in memory',
    steps: [
      ...(opened.incoming === 'missing' || opened.switched
        ? []
        : [
            warn('incoming-gone', 'What it was copied from is in use still.', {
              kind: 'remove-tree',
              path: `${opened.at}/${INCOMING}`,
            }),
          ]),
      ...keepJournalSteps(facts, opened.at),
      warn('synced', 'The next start must find it as it is.', { kind: 'sync', path: opened.at }),
    ],
    trouble: {
      reason: (facts.state?.reason ?? 'overlay-failed') as Reason,
      found: `moving it to flash failed: ${error}`,
      cure: null,
    },
    last: true,
  });

/** How many times a switch to flash is planned again because something was mounted meanwhile. */
const MOST_RETRIES = 3;

/** The stages of the move that failed. */
export const movesThatFailed = (earlier: readonly StageResult[]): StageResult[] => [
  ...failures(earlier, 'copy'),
  ...failures(earlier, 'copy-again'),
  ...failures(earlier, 'switch'),
];

export const moveFailure = (earlier: readonly StageResult[]): StageResult['failed'] =>
  movesThatFailed(earlier).at(-1)?.failed ?? null;

/**
 * The facts now include the mounts that were made during the switch, so we plan the switch again.
 * The number of attempts is limited, because a program may mount again and again.
 */
export function hasGivenUp(earlier: readonly StageResult[]): boolean {
  const last = moveFailure(earlier);
  return (
    last !== null && (last.step !== LATE_MOUNTS || movesThatFailed(earlier).length > MOST_RETRIES)
  );
}

const copy =
  (at: string) =>
  (id: string, why: string, pass: 'whole' | 'changes' | 'last'): Step =>
    fatal(id, why, { kind: 'copy', from: `${RAM}/upper`, to: `${at}/${INCOMING}`, pass });

/**
 * This is the longest part, and programs run meanwhile. Facts are gathered again after it, so that
 * new mounts move too.
 */
export function copyToFlash(facts: Facts, opened: MountedVolume): Plan {
  const copyPass = copy(opened.at);
  return planOf('done', facts, {
    stage: 'copy',
    rung: 'volatile',
    summary: `copying what is in memory to ${deviceName(facts)}`,
    steps: [
      ...metaSteps(opened),
      fatal(
        'incoming',
        'The copy counts as settings only when it is complete.',
        lastingFolder(`${opened.at}/${INCOMING}`),
      ),
      copyPass('copy', 'Everything, while the system goes on.', 'whole'),
    ],
  });
}

/** Milliseconds in which programs write little: the last copy, with writing stopped, is short. */
const SHORT_COPY = 2000;

/** Whether programs had the time to write much while the first copy was made. */
export const needsSecondCopy = (earlier: readonly StageResult[]): boolean =>
  earlier.some(({ stage, ms = 0 }) => stage === 'copy' && ms > SHORT_COPY) &&
  !tried(earlier, 'copy-again');

export function copyAgain(facts: Facts, opened: MountedVolume): Plan {
  return planOf('done', facts, {
    stage: 'copy-again',
    rung: 'volatile',
    summary: `copying what was written meanwhile to ${deviceName(facts)}`,
    steps: [
      copy(opened.at)(
        'copy-again',
        'What was written meanwhile: little, so that the next steps are quick.',
        'changes',
      ),
    ],
  });
}

/** Stops all writing to the old root, and makes the copy complete and the upper layer. */
const freezeAndFinish = (from: string): Step[] => [
  fatal(
    'freeze',
    'From here on nothing is written to the old root; ' +
      'the kernel refuses this while anything is open for writing.',
    remountStep('/', 'read-only', { undone: true, patience: CLOSING_S }),
  ),
  copy(from)('copy-last', 'What was written before that.', 'last'),
  fatal('copied', 'All of it is on stable storage before it counts.', {
    kind: 'sync',
    path: from,
  }),
  fatal('upper', 'The copy is complete and becomes the settings.', {
    kind: 'rename',
    from: `${from}/${INCOMING}`,
    to: `${from}/upper`,
  }),
  fatal('upper-synced', 'So that a power cut after the pivot finds them.', {
    kind: 'sync',
    path: from,
  }),
];

/** The overlay over the image. The image is on OLD_ROOT at that time and no longer on `/`. */
const overlayOverOldRoot = (facts: Facts, at: string): Step[] =>
  flashOverlay(facts, at).map((step) =>
    step.id === 'overlay' && step.action.kind === 'mount'
      ? {
          ...step,
          action: {
            ...step.action,
            data: step.action.data!.replace('lowerdir=/,', `lowerdir=${OLD_ROOT},`),
          },
        }
      : step,
  );

/**
 * The pivot, in which a failure to move any mount is fatal: a mount that stays behind is lost with
 * the old root. For the same reason no mount may be new.
 */
function pivotWithAllMounts(facts: Facts, at: string): Step[] {
  const steps = pivotTo(facts, at, PUT_OLD);
  const pivot = steps.findIndex(({ action }) => action.kind === 'pivot-root');
  const known = steps.flatMap(({ action }) =>
    action.kind === 'move' ? [action.from, action.to] : [],
  );
  const before = steps
    .slice(0, pivot)
    .map((step): Step => (step.action.kind === 'move' ? { ...step, severity: 'fatal' } : step));
  return [
    ...before,
    fatal(LATE_MOUNTS, 'What was mounted since this was planned would be lost.', {
      kind: 'probe-mounts',
      newRoot: newRootOf(facts),
      known: ['/proc', ...known],
    }),
    ...steps.slice(pivot),
  ];
}

const letGoOfMemory = (): Step[] => [
  warn('old-root', 'The root in memory goes when nobody uses it any more.', {
    kind: 'umount',
    path: PUT_OLD,
    fstype: 'overlay',
    lazy: true,
    again: null,
  }),
  warn('old-memory', 'And its memory with it.', {
    kind: 'umount',
    path: RAM,
    fstype: 'tmpfs',
    lazy: true,
    again: null,
  }),
];

export function switchToFlash(facts: Facts, opened: MountedVolume): Plan {
  const { at, steps: place } = placeData(facts, opened.at);
  return planOf('done', facts, {
    stage: 'switch',
    summary:
      `an overlay root that keeps its changes on ${deviceName(facts)}, ` +
      'with all that was in memory',
    steps: [
      makeRootPrivate(facts),
      ...freezeAndFinish(opened.at),
      ...place,
      ...overlayOverOldRoot(facts, at),
      ...pivotWithAllMounts(facts, at),
      ...letGoOfMemory(),
      ...startMarks(DATA),
      whiteoutProbe(DATA),
      ...recordRomSteps(facts, DATA, `${DATA}/upper`),
      warn('synced', 'The switch is on stable storage.', { kind: 'sync', path: DATA }),
    ],
    last: true,
  });
}
