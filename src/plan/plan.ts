import type { Device, MountedVolume, Rung } from '../facts/facts.js';
import type { EXIT } from './exit.js';
import {
  REFUSALS,
  sentenceOf,
  type Cause,
  type Reason,
  type RefusalReason,
  type Trouble,
} from './reasons.js';
import { makesRoot, VERBS, type Verb } from './root-verbs.js';
import type { Step } from '../steps/step.js';

export { EXIT } from './exit.js';
export type { Reason, RefusalReason };

export const PLAN_SCHEMA = 'mountroot.plan/2';

export { makesRoot, VERBS, type Verb };

/**
 * A part of a verb. After each one that succeeds, facts are gathered again, because more is visible
 * then. `root` is always the last.
 */
export type Stage =
  | 'early'
  | 'image-wait'
  | 'image-attach'
  | 'image'
  | 'wait'
  | 'attach'
  | 'make'
  | 'open'
  | 'reset'
  | 'import'
  | 'external-wait'
  | 'external'
  | 'external-reset'
  | 'external-root'
  | 'root'
  | 'thaw'
  | 'erase'
  | 'copy'
  | 'copy-again'
  | 'switch'
  | 'tidy'
  | 'mark'
  | 'order';

/** An ordered list of steps, and the root that they make. */
export interface Plan {
  schema: typeof PLAN_SCHEMA;
  decision: 'go';
  verb: Verb;
  stage: Stage;
  /** The rung of the ladder this plan leads to. */
  rung: Rung;
  reason: Reason | null;
  /** One sentence: the root that this plan makes, or the stage towards it. */
  summary: string;
  /** One sentence: why the rung is not a better one. null on the best rung. */
  because: string | null;
  /** The content of `because` as data. Absent if the plan itself found no trouble. */
  trouble?: Trouble;
  /** The board and the moment that the plan is for. Its shell form checks them. */
  rests: { device: Device | null };
  steps: Step[];
  /** Notes for a person that change no step. */
  notes: string[];
  /** True if the verb ends here. Otherwise facts are gathered again for the next plan. */
  last: boolean;
}

export interface Refusal {
  schema: typeof PLAN_SCHEMA;
  decision: 'refuse';
  verb: Verb;
  reason: RefusalReason;
  exit: (typeof REFUSALS)[RefusalReason]['exit'];
  /** One sentence: the obstacle, and what to do. */
  summary: string;
  /** The content of `summary` as data. */
  cause: Cause;
}

export const refuse = (verb: Verb, reason: RefusalReason, cause: Cause): Refusal => ({
  schema: PLAN_SCHEMA,
  decision: 'refuse',
  verb,
  reason,
  exit: REFUSALS[reason].exit,
  summary: sentenceOf(cause),
  cause,
});

/** The verb has nothing to do. */
export interface Already {
  schema: typeof PLAN_SCHEMA;
  decision: 'already';
  verb: Verb;
  summary: string;
  exit: typeof EXIT.done | typeof EXIT.degraded;
}

export const already = (verb: Verb, summary: string, exit: Already['exit']): Already => ({
  schema: PLAN_SCHEMA,
  decision: 'already',
  verb,
  summary,
  exit,
});

export type Decision = Plan | Refusal | Already;

/** The result of a plan that this run of the verb has executed. The next plan depends on it. */
export interface StageResult {
  stage: Stage;
  rung: Rung;
  reason: Reason | null;
  because: string | null;
  /**
   * Id of the step that failed, and the name of the error if the kernel gave one; null if no step
   * failed.
   */
  failed: { step: string; errno: string | null; error: string } | null;
  /**
   * Names of the kernel's errors in steps whose failure is only a warning. They may tell why a
   * later step failed.
   */
  warned: readonly string[];
  /** Milliseconds that it took; left out if it is only planned. */
  ms?: number;
}

export interface PlanningOptions {
  /** True if nobody will execute the plan. It then needs neither the early boot nor root. */
  dryRun: boolean;
  /** True if the verb runs although this does not look like the early boot or the shutdown. */
  force: boolean;
  /** The plans that were executed before, oldest first. */
  earlier?: readonly StageResult[];
  /** `reset`: the paths to keep besides those of the configuration. */
  keep?: readonly string[];
  /** A dry run: the content of the data volume, if that is known. */
  known?: MountedVolume | null;
}
