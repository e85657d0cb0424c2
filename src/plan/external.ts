/**
 * Plans the external volume: a stage towards it, a root on it, or the reason to use the internal
 * volume instead. The volume must be writable and belong to this board, because a memory stick from
 * another board would bring that board's settings along.
 */
import type { External, Facts } from '../facts/facts.js';
import { isNowhere } from '../facts/find-volume.js';
import { EXTROOT_IDENTITY } from '../facts/places.js';
import { countSteps } from './bookkeeping.js';
import { FSTAB_CURES, boardNames, otherOwner, tieOf } from './external-owner.js';
import { externalRoot } from './external-root.js';
import { externalSteps, waitSteps } from './open.js';
import { isLegacy } from './overlay-root.js';
import type { Plan, Stage, StageResult } from './plan.js';
import { failures, planOf, tried } from './plan-of.js';
import { troubleOf, type Trouble } from './reasons.js';
import { resetSteps } from './reset-steps.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';
import { secondsToWait, volumeTrouble, waitedFor } from './volume.js';

interface Outside {
  facts: Facts;
  earlier: readonly StageResult[];
  external: External;
  /** The internal volume's content, which has this board's identity. */
  opened: NonNullable<Facts['opened']>;
}

const INSTEAD = 'the internal one is used instead';

const secondsFor = ({ facts, external }: Pick<Outside, 'facts' | 'external'>): number =>
  secondsToWait(facts, external.fstab?.delay ?? undefined);

/** Its name, and the file that asks for it if it is not ours. */
const askedFor = ({ wanted, fstab }: External): string =>
  fstab === undefined ? wanted : `${wanted}, which ${fstab.file} asks for,`;

const isAbsent = ({ external }: Outside): boolean => isNowhere(external);

/**
 * An external volume on UBI counts as missing until something attaches it: we attach only the
 * internal one.
 */
function missingTrouble({ facts, external, earlier }: Outside): Trouble | null {
  const waited = waitedFor(facts, earlier, 'external-wait', secondsFor({ facts, external }));
  const trouble = volumeTrouble(facts, external, undefined, waited);
  if (trouble === null && external.found.length > 0) return null;
  const { fstab, found } = external;
  const cure =
    fstab !== undefined && found.length === 0 ? FSTAB_CURES.missing(fstab.file) : trouble?.cure;
  return troubleOf(
    'extroot-missing',
    `the external volume ${askedFor(external)} cannot be used: ` +
      `${trouble?.found ?? 'it is not there'}; ${INSTEAD}`,
    cure,
  );
}

const failure = (earlier: readonly StageResult[]): StageResult | undefined =>
  [...failures(earlier, 'external'), ...failures(earlier, 'external-root')][0];

const part = ({ facts }: Outside, stage: Stage, summary: string, steps: Plan['steps']): Plan =>
  planOf('start', facts, { stage, summary, steps });

const instead = (_: Outside, trouble: Trouble): Trouble => trouble;

const wantsWholeRoot = ({ facts }: Outside): boolean =>
  facts.configuration.settings.extroot_target === 'root';

const resetExternal = (outside: Outside): Plan => {
  const { facts, earlier, external } = outside;
  const { keep } = external.order as Extract<External['order'], object>;
  return part(
    outside,
    'external-reset',
    `carrying out an order to reset external volume ${external.wanted}`,
    [
      ...countSteps(facts, earlier),
      // The reset keeps its tie to this board. Otherwise the next board that sees it could take it.
      ...resetSteps(
        { at: external.at!, upper: external.upper },
        [...keep, `/${EXTROOT_IDENTITY}`],
        isLegacy(facts),
      ),
    ],
  );
};

function resetTrouble({ earlier, external }: Outside): Trouble | null {
  const [result] = failures(earlier, 'external-reset');
  return result === undefined
    ? null
    : troubleOf(
        'reset-failed',
        `the order to reset external volume ${external.wanted} was not carried out, and stands: ` +
          result.failed!.error,
        null,
      );
}

export const EXTERNAL_VOLUME: readonly PlanRule<Outside, Plan | Trouble>[] = [
  {
    id: 'wait',
    when: (outside) => isAbsent(outside) && !tried(outside.earlier, 'external-wait'),
    then: (outside) =>
      part(
        outside,
        'external-wait',
        `waiting for external volume ${outside.external.wanted}`,
        waitSteps(outside.external, secondsFor(outside)),
      ),
  },
  {
    id: 'missing',
    when: (outside) => missingTrouble(outside) !== null,
    then: instead,
    because: (outside) => missingTrouble(outside)!,
  },
  {
    id: 'failed',
    when: ({ earlier }) => failure(earlier) !== undefined,
    then: instead,
    because: ({ earlier, external }) =>
      troubleOf(
        'extroot-failed',
        `the external volume ${external.wanted} cannot be used: ` +
          `${failure(earlier)!.failed!.error}; ${INSTEAD}`,
        null,
      ),
  },
  {
    id: 'open',
    when: ({ external }) => external.at === null,
    then: (outside) =>
      part(
        outside,
        'external',
        `opening external volume ${outside.external.wanted}`,
        externalSteps(outside.facts, outside.external),
      ),
  },
  {
    id: 'read-only',
    when: ({ external }) => external.readonly,
    then: instead,
    because: ({ external }) =>
      troubleOf(
        'extroot-failed',
        `the external volume ${external.wanted} can only be mounted read-only; ${INSTEAD}`,
      ),
  },
  {
    id: 'of-another-board',
    when: ({ external, opened }) => otherOwner(external, opened) !== null,
    then: instead,
    because: ({ external, opened }) =>
      troubleOf(
        'extroot-mismatch',
        `the external volume ${askedFor(external)} belongs to another board ` +
          `(its ${EXTROOT_IDENTITY} says ${otherOwner(external, opened)}, ` +
          `${boardNames(external, opened)}); ${INSTEAD}`,
        external.fstab === undefined ? undefined : FSTAB_CURES.mismatch,
      ),
  },
  {
    id: 'no-init',
    when: (outside) => wantsWholeRoot(outside) && !outside.external.init,
    then: instead,
    because: ({ external }) =>
      troubleOf(
        'extroot-failed',
        `the external volume ${external.wanted} holds no init, so it is no root; ${INSTEAD}`,
        'install a root file system on it, or set extroot_target to overlay',
      ),
  },
  {
    id: 'cannot-be-tied',
    when: ({ facts, opened }) =>
      tieOf(facts) === 'board' && opened.identity === null && opened.readonly,
    then: instead,
    because: ({ external }) =>
      troubleOf(
        'extroot-failed',
        `the external volume ${external.wanted} cannot be tied to this board, ` +
          `whose internal volume cannot be written; ${INSTEAD}`,
        'make the internal volume writable',
      ),
  },
  {
    id: 'reset',
    when: (outside) =>
      typeof outside.external.order === 'object' &&
      !wantsWholeRoot(outside) &&
      !tried(outside.earlier, 'external-reset'),
    then: resetExternal,
  },
  {
    id: 'root',
    when: otherwise,
    then: (outside) => externalRoot(outside.facts, outside.earlier, resetTrouble(outside)),
  },
];

/** @returns null if no external volume is configured or the internal one is not open. */
export function externalPlan(facts: Facts, earlier: readonly StageResult[]): Plan | Trouble | null {
  const { external, opened } = facts;
  if (external === null || opened === null) return null;
  return firstMatch(EXTERNAL_VOLUME, { facts, earlier, external, opened });
}
