import type { Facts, Rung } from '../facts/facts.js';
import type { Step } from '../steps/step.js';
import { PLAN_SCHEMA, type Plan, type Stage, type StageResult, type Verb } from './plan.js';
import { sentenceOf, type Trouble } from './reasons.js';
import { distinct } from './steps.js';

/** The failed results of one stage, or of one rung's attempts at it, oldest first. */
export const failures = (
  earlier: readonly StageResult[],
  stage: Stage,
  rung?: Rung,
): StageResult[] =>
  earlier.filter(
    (each) =>
      each.failed !== null && each.stage === stage && (rung === undefined || each.rung === rung),
  );

/** Whether this run has executed a stage, successfully or not. */
export const tried = (earlier: readonly StageResult[], stage: Stage): boolean =>
  earlier.some((each) => each.stage === stage);

interface PlanParts {
  stage: Stage;
  summary: string;
  steps: Step[];
  /** The default is `persistent`. */
  rung?: Rung;
  trouble?: Trouble | null;
  notes?: string[];
  /** True if the verb ends with this plan. Otherwise facts are gathered again after it. */
  last?: boolean;
}

export const planOf = (
  verb: Verb,
  facts: Facts,
  {
    stage,
    summary,
    steps,
    rung = 'persistent',
    trouble = null,
    notes = [],
    last = false,
  }: PlanParts,
): Plan => ({
  schema: PLAN_SCHEMA,
  decision: 'go',
  verb,
  stage,
  rung,
  reason: trouble?.reason ?? null,
  summary,
  because: trouble === null ? null : sentenceOf(trouble),
  ...(trouble && { trouble }),
  rests: { device: facts.volume.found[0] ?? null },
  steps: distinct(steps),
  notes,
  last,
});

/** The result of an executed plan, as the planner gets it. */
export const stageResult = (
  { stage, rung, reason, because }: Plan,
  failed: StageResult['failed'] = null,
  warned: readonly string[] = [],
  ms?: number,
): StageResult => ({
  stage,
  rung,
  reason,
  because,
  failed,
  warned,
  ...(ms !== undefined && { ms }),
});
