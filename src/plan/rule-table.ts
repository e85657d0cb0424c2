/**
 * Decisions as tables. The rows are in the order in which a person would ask, and the first one
 * that matches decides. A test walks each table row by row.
 */
import type { Trouble } from './reasons.js';

interface RowHead<Situation> {
  /** Short and unique within its table: tests name rows by it. */
  id: string;
  when: (situation: Situation) => boolean;
}

/** A row whose outcome needs no reason: the next stage, or the best outcome. */
interface PlainRow<Situation, Outcome> extends RowHead<Situation> {
  then: (situation: Situation) => Outcome;
  because?: undefined;
}

/** A row whose outcome is worse than the wanted one. `because` gives the reason. */
interface ReasonedRow<Situation, Outcome, Because> extends RowHead<Situation> {
  then: (situation: Situation, because: Because) => Outcome;
  because: (situation: Situation) => Because;
}

export type PlanRule<Situation, Outcome, Because = Trouble> =
  PlainRow<Situation, Outcome> | ReasonedRow<Situation, Outcome, Because>;

/** The outcome of the first row that matches; null if none does. */
export function firstMatch<Situation, Outcome, Because>(
  table: readonly PlanRule<Situation, Outcome, Because>[],
  situation: Situation,
): Outcome | null {
  const row = table.find(({ when }) => when(situation));
  if (row === undefined) return null;
  return row.because === undefined
    ? row.then(situation)
    : row.then(situation, row.because(situation));
}

/** For the last row of a table that always decides. */
export const otherwise = (): boolean => true;
