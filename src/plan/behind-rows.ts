/** The rows of the ladder about the data behind the image. */
import type { Facts } from '../facts/facts.js';
import {
  behindName,
  behindTrouble,
  isHidden,
  isShown,
  makeBehind,
  makerOf,
  showBehind,
} from './behind.js';
import type { Plan, StageResult } from './plan.js';
import { failures, tried } from './plan-of.js';
import { troubleOf, type Trouble } from './reasons.js';
import type { PlanRule } from './rule-table.js';

interface View {
  facts: Facts;
  earlier: readonly StageResult[];
}

const mustShow = ({ facts, earlier }: View): boolean =>
  isHidden(facts) && behindTrouble(facts) === null && !tried(earlier, 'attach');

const wasNotShown = ({ facts, earlier }: View): boolean =>
  isHidden(facts) && tried(earlier, 'attach');

const showTrouble = ({ facts, earlier }: View): Trouble =>
  troubleOf(
    'attach-failed',
    failures(earlier, 'attach')[0]?.failed?.error ??
      `a loop device was to show the data ${behindName(facts.rootdisk!)}, and is not there`,
    null,
  );

const wasNotMade = ({ facts, earlier }: View): boolean =>
  isShown(facts) && tried(earlier, 'make') && makerOf(facts) !== null;

const makeTrouble = ({ earlier }: View): Trouble =>
  troubleOf(
    'make-failed',
    failures(earlier, 'make')[0]?.failed?.error ??
      'the mkfs program reported success, and no file system is there',
    null,
  );

/** @param inMemory the plan for a root in memory. */
export const behindRows = <Situation extends View>(
  inMemory: (situation: Situation, trouble: Trouble) => Plan,
): PlanRule<Situation, Plan>[] => [
  { id: 'show', when: mustShow, then: ({ facts }) => showBehind('start', facts) },
  { id: 'not-shown', when: wasNotShown, then: inMemory, because: showTrouble },
  { id: 'not-made', when: wasNotMade, then: inMemory, because: makeTrouble },
  {
    id: 'make',
    when: ({ facts }) => isShown(facts) && makerOf(facts) !== null,
    then: ({ facts }) => makeBehind('start', facts),
  },
];
