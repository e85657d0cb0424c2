/** One row of a table of rules, in the order in which a person would ask. */
export interface DecisionRule<Case, Outcome> {
  when: (each: Case) => boolean;
  then: (each: Case) => Outcome;
}

/** For the last row of a table. */
export const otherwise = (): boolean => true;

/** The first rule that applies decides. @throws {Error} where none does: a table without an end. */
export function firstMatch<Case, Outcome>(
  rules: readonly DecisionRule<Case, Outcome>[],
  each: Case,
): Outcome {
  const rule = rules.find(({ when }) => when(each));
  if (rule === undefined) throw new Error('no rule of this table applies');
  return rule.then(each);
}
