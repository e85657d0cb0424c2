/** The two lowest rungs: a root in memory, and the bare image. */
import type { Facts } from '../facts/facts.js';
import { lackWords, lacksType } from '../facts/kernel-sources.js';
import { placeTrouble } from './mountpoints.js';
import type { Plan, StageResult } from './plan.js';
import { failures } from './plan-of.js';
import { troubleOf, type Trouble } from './reasons.js';
import { imageRoot, memoryRoot } from './roots.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';

interface View {
  facts: Facts;
  earlier: readonly StageResult[];
}

export const noOverlay = (facts: Facts): boolean =>
  lacksType(facts, 'overlay') && lacksType(facts, 'overlayfs');

export const noOverlayTrouble = ({ facts }: Pick<View, 'facts'>): Trouble =>
  troubleOf(
    'no-overlay',
    `this kernel has neither overlay nor overlayfs: overlay ${lackWords(facts, 'overlay')}`,
  );

/** A root with paths that last may have failed before; one without them may still work. */
const memoryFailures = ({ earlier }: Pick<View, 'earlier'>): StageResult[] =>
  failures(earlier, 'root', 'volatile').filter(
    ({ reason }) => reason !== 'persist' && reason !== 'persist-failed',
  );

export const memoryFailed = ({ earlier }: View): boolean => memoryFailures({ earlier }).length > 0;

/** If the overlay in memory fails too, the reason that led to it stays the reason. */
export function memoryTrouble({ earlier }: View): Trouble {
  const { failed, reason, because } = memoryFailures({ earlier })[0]!;
  const found = `an overlay in memory failed: ${failed!.error}`;
  return reason === null || reason === 'asked'
    ? troubleOf('ram-failed', found, null)
    : troubleOf(reason, `${because}; and ${found}`, null);
}

interface Descent extends View {
  /** The reason for a root in memory. */
  trouble: Trouble;
}

export const image = ({ facts }: View, trouble: Trouble): Plan => imageRoot(facts, trouble);

export const MEMORY_OR_IMAGE: readonly PlanRule<Descent, Plan>[] = [
  { id: 'memory-failed', when: memoryFailed, then: image, because: memoryTrouble },
  {
    id: 'no-overlay',
    when: ({ facts }) => noOverlay(facts),
    then: image,
    because: noOverlayTrouble,
  },
  {
    id: 'no-place',
    when: ({ facts }) => placeTrouble(facts) !== null,
    then: image,
    because: ({ facts }) => placeTrouble(facts)!,
  },
  {
    id: 'memory',
    when: otherwise,
    then: ({ facts, earlier }, trouble) => memoryRoot(facts, earlier, trouble),
    because: ({ trouble }) => trouble,
  },
];

/** A root in memory, or the bare image if an overlay in memory is impossible. */
export const memoryOrImage = (
  facts: Facts,
  earlier: readonly StageResult[],
  trouble: Trouble,
): Plan => firstMatch(MEMORY_OR_IMAGE, { facts, earlier, trouble })!;
