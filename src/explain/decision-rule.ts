import type { PlanRule } from '../plan/rule-table.js';

/**
 * One row of a table of rules, in the order in which a person would ask. The outcome contains its
 * reason, so the row has no separate one.
 */
export type DecisionRule<Case, Outcome> = Pick<PlanRule<Case, Outcome>, 'when'> & {
  then: (each: Case) => Outcome;
};

/**
 * The first rule that applies decides. @throws {Error} if none applies, which is a mistake in the
 * table.
 */
export function decideBy<Case, Outcome>(
  rules: readonly DecisionRule<Case, Outcome>[],
  each: Case,
): Outcome {
  const rule = rules.find(({ when }) => when(each));
  if (rule === undefined) throw new Error('no rule of this table applies');
  return rule.then(each);
}
