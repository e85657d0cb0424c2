/**
 * The ladder decides which root a start makes (docs/verbs.md, "The ladder"). The rows ask in the
 * order in which a start learns about the volume: is there a place for a new root, is the volume
 * there, can it be mounted, does it hold an order, is it writable.
 */
import type { Facts, MountedVolume } from '../facts/facts.js';
import { STAGING } from '../facts/places.js';
import { describe } from '../volumes/device.js';
import { countSteps, isCountStale, isCounted } from './bookkeeping.js';
import { externalPlan } from './external.js';
import { importSteps, importWaits } from './import.js';
import {
  image,
  memoryFailed,
  memoryOrImage,
  memoryTrouble,
  noOverlay,
  noOverlayTrouble,
} from './memory-or-image.js';
import { placeTrouble } from './mountpoints.js';
import { isPersistAsked, persistRoot, persistTrouble } from './persist.js';
import { isEmptiedByOthers, removeRemains } from './others-reset.js';
import { attachSteps, waitSteps } from './open.js';
import {
  mayLackOptions,
  openEmptied,
  openFailures,
  openVolume,
  refusesWrites,
  wasNeverFinished,
} from './open-volume.js';
import { isLegacy } from './overlay-root.js';
import type { Plan, StageResult } from './plan.js';
import { isLeftAlone, ownRootPlan, ownRootTrouble } from './own-root.js';
import { failures, planOf, tried } from './plan-of.js';
import { isHidden } from './behind.js';
import { behindRows } from './behind-rows.js';
import { failsafeNotes, reachWords } from './failsafe.js';
import { REASONS, troubleOf, type Trouble } from './reasons.js';
import { resetSteps } from './reset-steps.js';
import { readOnlyTrouble, rootTrouble } from './root-trouble.js';
import { keptReadOnlyRoot, persistentRoot } from './roots.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';
import { mayCome, secondsToWait, volumeTrouble, waitedFor } from './volume.js';

/** The input of the ladder's rows. */
export interface Climb {
  facts: Facts;
  /** The earlier stages of this start, oldest first. */
  earlier: readonly StageResult[];
  /**
   * The decision about the external volume: a plan, or the reason to use the internal volume
   * instead. null if none is configured or it is too early to decide.
   */
  external: Plan | Trouble | null;
}

type View = Omit<Climb, 'external'>;

const isPlan = (decided: Plan | Trouble | null): decided is Plan =>
  decided !== null && 'decision' in decided;

const errorOf = (result: StageResult | undefined): string | undefined => result?.failed?.error;

const deviceName = ({ volume }: Facts): string => describe(volume.found[0]!);

const inMemory = ({ facts, earlier }: Climb, trouble: Trouble): Plan =>
  memoryOrImage(facts, earlier, trouble);

/* The volume: waiting for it, attaching it, mounting it. */

const mayStillCome = ({ facts, earlier }: Climb): boolean =>
  facts.volume.found.length === 0 &&
  facts.volume.attach === null &&
  !isHidden(facts) &&
  !tried(earlier, 'wait') &&
  mayCome(facts, facts.volume.wanted);

const waitForVolume = ({ facts }: Climb): Plan =>
  planOf('start', facts, {
    stage: 'wait',
    summary: `waiting for volume ${facts.volume.wanted}`,
    steps: waitSteps(facts.volume, secondsToWait(facts)),
  });

const isOnUnattachedUbi = ({ facts }: Climb): boolean => facts.volume.attach !== null;

const attachUbi = ({ facts }: Climb): Plan =>
  planOf('start', facts, {
    stage: 'attach',
    summary: `attaching UBI on mtd${facts.volume.attach}`,
    steps: attachSteps(facts.volume.attach!),
  });

const attachTrouble = ({ facts, earlier }: Climb): Trouble =>
  troubleOf(
    'attach-failed',
    errorOf(failures(earlier, 'attach')[0]) ??
      `UBI was attached to mtd${facts.volume.attach}, but shows no volume on it`,
    null,
  );

const unusable = ({ facts, earlier }: Climb): Trouble | null =>
  volumeTrouble(
    facts,
    facts.volume,
    facts.configuration.origins.volume,
    waitedFor(facts, earlier, 'wait'),
  );

const isClosed = ({ facts }: Climb): boolean => facts.opened === null;

/* The open volume: may the start use it, and does it hold an order? */

/** In failsafe mode a person wants the settings that may have broken the boot. */
const isBootLoop = ({ facts, earlier }: Climb): boolean => {
  if (facts.failsafe === true) return false;
  const limit = facts.configuration.settings.boot_limit;
  const opened = facts.opened!;
  return (
    limit > 0 && !isCounted(earlier) && !isCountStale(opened) && (opened.attempts ?? 0) >= limit
  );
};

function bootLoopCure(facts: Facts): string {
  const reach = reachWords(facts);
  const { cure } = REASONS['boot-loop'];
  return reach === null ? cure : `${cure}; ${reach}`;
}

const isResetOrdered = ({ facts: { opened }, earlier }: Climb): boolean =>
  opened!.order !== null &&
  typeof opened!.order === 'object' &&
  !opened!.readonly &&
  !tried(earlier, 'reset');

/** Ours, or what another program's reset has left. */
const isResetDue = (climb: Climb): boolean =>
  isResetOrdered(climb) || isEmptiedByOthers(climb.facts, climb.earlier);

const resetVolume = ({ facts, earlier }: Climb): Plan => {
  const opened = facts.opened!;
  if (isEmptiedByOthers(facts, earlier)) return removeRemains(facts);
  const { keep } = opened.order as Extract<MountedVolume['order'], object>;
  return planOf('start', facts, {
    stage: 'reset',
    summary: 'carrying out an order to reset',
    steps: [...countSteps(facts, earlier), ...resetSteps(opened, keep, isLegacy(facts))],
  });
};

/** An import is ordered on a running overlay only, so the volume was in use. */
const isImportOrdered = ({ facts, earlier }: Climb): boolean =>
  importWaits(facts) &&
  facts.opened!.state !== 'fresh' &&
  !isLegacy(facts) &&
  !tried(earlier, 'import');

const importLayer = ({ facts, earlier }: Climb): Plan =>
  planOf('start', facts, {
    stage: 'import',
    summary: 'carrying out an import',
    steps: [...countSteps(facts, earlier), ...importSteps(facts.opened!)],
  });

/* The root: is the volume writable? */

const writeTrouble = ({ facts, earlier }: View): Trouble | null =>
  facts.opened!.readonly
    ? readOnlyTrouble(facts)
    : rootTrouble(failures(earlier, 'root', 'persistent')[0]);

/**
 * An interrupted switch to flash filled this volume, which has no settings. Removing the partial
 * copy makes room.
 */
const canMakeRoom = ({ facts, earlier }: View): boolean =>
  facts.opened!.incoming === 'directory' &&
  facts.opened!.upper === 'missing' &&
  failures(earlier, 'root', 'persistent').length === 1;

function takesWrites(climb: Climb): boolean {
  const trouble = writeTrouble(climb);
  return trouble === null || (trouble.reason === 'full' && canMakeRoom(climb));
}

const externalTrouble = ({ external }: Climb): Trouble | null =>
  isPlan(external) ? null : external;

const isOrderUnreadable = ({ facts }: Climb): boolean => facts.opened!.order === 'unreadable';

const failed =
  (stage: 'reset' | 'import') =>
  ({ earlier }: Climb): boolean =>
    failures(earlier, stage).length > 0;

/** The failures that do not stop the root from keeping its changes. */
export const LEFT_UNDONE: readonly PlanRule<Climb, Trouble>[] = [
  {
    id: 'external',
    when: (climb) => externalTrouble(climb) !== null,
    then: (climb) => externalTrouble(climb)!,
  },
  {
    // Such an order is not carried out, and it stays on the volume.
    id: 'order-unreadable',
    when: isOrderUnreadable,
    then: () =>
      troubleOf(
        'reset-failed',
        'there is an order to reset that could not be read (see the notes), ' +
          'so it was not carried out, and stands',
      ),
  },
  {
    id: 'reset-failed',
    when: failed('reset'),
    then: ({ facts, earlier }) =>
      troubleOf(
        'reset-failed',
        (facts.opened!.order === null
          ? 'what mountroot had noted of settings that another program removed stands still: '
          : 'the order to reset was not carried out, and stands: ') +
          errorOf(failures(earlier, 'reset')[0]),
        null,
      ),
  },
  {
    id: 'import-failed',
    when: failed('import'),
    then: ({ earlier }) =>
      troubleOf(
        'import-failed',
        'the import was not carried out, and stands: ' + errorOf(failures(earlier, 'import')[0]),
        null,
      ),
  },
];

const persistent = (climb: Climb): Plan =>
  persistentRoot(climb.facts, climb.earlier, firstMatch(LEFT_UNDONE, climb));

/** No other root is right: one that keeps all changes would keep what is to be lost. */
const pathsThatLast = (climb: Climb): Plan =>
  persistRoot(climb.facts, climb.earlier, firstMatch(LEFT_UNDONE, { ...climb, external: null }));

const holdsSettings = ({ facts, earlier }: Climb): boolean =>
  failures(earlier, 'root', 'kept-read-only').length === 0 &&
  facts.opened!.upper === 'directory' &&
  !isLegacy(facts);

/** The trouble with the internal volume, and with the external one that should have replaced it. */
function bothTroubles(climb: Climb): Trouble {
  const trouble = writeTrouble(climb)!;
  const outside = externalTrouble(climb);
  return outside === null
    ? trouble
    : { ...trouble, found: `${trouble.found}; and ${outside.found}` };
}

export const LADDER: readonly PlanRule<Climb, Plan>[] = [
  {
    id: 'own-root',
    when: ({ facts, earlier }) => isLeftAlone(facts, earlier),
    then: ({ facts }) => ownRootPlan(facts),
  },
  {
    id: 'own-root-protected',
    when: ({ facts, earlier }) =>
      ownRootTrouble(facts, earlier) !== null && !memoryFailed({ facts, earlier }),
    then: inMemory,
    because: ({ facts, earlier }) => ownRootTrouble(facts, earlier)!,
  },
  {
    id: 'no-place',
    when: ({ facts }) => placeTrouble(facts) !== null,
    then: image,
    because: ({ facts }) => placeTrouble(facts)!,
  },
  { id: 'memory-failed', when: memoryFailed, then: image, because: memoryTrouble },
  { id: 'wait', when: mayStillCome, then: waitForVolume },
  {
    id: 'attach',
    when: (climb) => isOnUnattachedUbi(climb) && !tried(climb.earlier, 'attach'),
    then: attachUbi,
  },
  { id: 'attach-failed', when: isOnUnattachedUbi, then: inMemory, because: attachTrouble },
  {
    id: 'no-overlay',
    when: ({ facts }) => noOverlay(facts),
    then: image,
    because: noOverlayTrouble,
  },
  ...behindRows(inMemory),
  {
    id: 'unusable',
    when: (climb) => unusable(climb) !== null,
    then: inMemory,
    because: (climb) => unusable(climb)!,
  },
  {
    id: 'open-read-only',
    when: (climb) => isClosed(climb) && refusesWrites(climb),
    then: openVolume(true),
  },
  {
    id: 'open-emptied',
    when: (climb) => isClosed(climb) && wasNeverFinished(climb),
    then: openEmptied,
  },
  {
    id: 'open-failed',
    when: (climb) => isClosed(climb) && openFailures(climb).length > 0,
    then: inMemory,
    because: (climb) => troubleOf('mount-failed', errorOf(openFailures(climb)[0])!, null),
  },
  {
    id: 'open',
    when: (climb) => isClosed(climb) && (!tried(climb.earlier, 'open') || mayLackOptions(climb)),
    then: openVolume(false),
  },
  {
    id: 'gone',
    when: isClosed,
    then: inMemory,
    because: ({ facts }) =>
      troubleOf(
        'mount-failed',
        `${deviceName(facts)} was mounted on ${STAGING}, and is not there any more`,
        null,
      ),
  },
  {
    id: 'boot-loop',
    when: isBootLoop,
    then: inMemory,
    because: ({ facts }) =>
      troubleOf(
        'boot-loop',
        `${facts.opened!.attempts} starts in a row never reached \`done\`, ` +
          `so this one leaves ${deviceName(facts)} as it is`,
        bootLoopCure(facts),
      ),
  },
  { id: 'reset', when: isResetDue, then: resetVolume },
  { id: 'import', when: isImportOrdered, then: importLayer },
  {
    id: 'persist-given-up',
    when: ({ facts, earlier }) => isPersistAsked(facts) && persistTrouble(facts, earlier) !== null,
    then: inMemory,
    because: ({ facts, earlier }) => persistTrouble(facts, earlier)!,
  },
  { id: 'persist', when: ({ facts }) => isPersistAsked(facts), then: pathsThatLast },
  {
    // The external volume may serve although the internal one cannot be written to.
    id: 'external',
    when: ({ external }) => isPlan(external),
    then: ({ external }) => external as Plan,
  },
  { id: 'persistent', when: takesWrites, then: persistent },
  {
    id: 'kept-read-only',
    when: holdsSettings,
    then: ({ facts }, trouble) => keptReadOnlyRoot(facts, trouble),
    because: bothTroubles,
  },
  { id: 'volatile', when: otherwise, then: inMemory, because: bothTroubles },
];

/** The external volume is considered only while the internal one is open and no root has failed. */
export const climbOf = (facts: Facts, earlier: readonly StageResult[]): Climb => ({
  facts,
  earlier,
  external:
    facts.external === null || facts.opened === null || failures(earlier, 'root').length > 0
      ? null
      : externalPlan(facts, earlier),
});

/** The next stage of a start. */
export function climb(facts: Facts, earlier: readonly StageResult[]): Plan {
  const plan = firstMatch(LADDER, climbOf(facts, earlier))!;
  return { ...plan, notes: [...plan.notes, ...failsafeNotes(facts, plan)] };
}
