import type { Device, Rung } from '../facts/facts.js';
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
 * A part of a verb. Behind each one that succeeds the facts are gathered again, because what it did
 * shows more; behind `root` nothing follows.
 */
export type Stage =
  | 'early'
  | 'image-wait'
  | 'image-attach'
  | 'image'
  | 'wait'
  | 'attach'
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
  | 'switch'
  | 'tidy'
  | 'mark'
  | 'order';

/** An ordered list of steps and what the root will be after them. */
export interface Plan {
  schema: typeof PLAN_SCHEMA;
  decision: 'go';
  verb: Verb;
  stage: Stage;
  /** The rung of the ladder this plan leads to. */
  rung: Rung;
  reason: Reason | null;
  /** One sentence: what this plan makes, or on which way to it is. */
  summary: string;
  /** Why the rung is not a better one, one sentence; null on the first. */
  because: string | null;
  /** What `because` says, as data; absent where the plan itself found no trouble. */
  trouble?: Trouble;
  /** What the plan was made for, so that its shell form can check that it runs there. */
  rests: { device: Device | null };
  steps: Step[];
  /** What a person should know although it changes no step. */
  notes: string[];
  /** The verb ends here; otherwise the facts are gathered again and planned from. */
  last: boolean;
}

export interface Refusal {
  schema: typeof PLAN_SCHEMA;
  decision: 'refuse';
  verb: Verb;
  reason: RefusalReason;
  exit: (typeof REFUSALS)[RefusalReason]['exit'];
  /** One sentence: what is in the way and what to do. */
  summary: string;
  /** What `summary` says, as data. */
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

/** There is nothing to do. */
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

/** A plan that was executed before in this run of the verb, for the next one to rest on. */
export interface StageResult {
  stage: Stage;
  rung: Rung;
  reason: Reason | null;
  because: string | null;
  /**
   * Id of the step that failed, with the name of the error where the kernel gave one; null when all
   * went well.
   */
  failed: { step: string; errno: string | null; error: string } | null;
  /**
   * Names of the kernel's errors in steps that were only to be warned of: they may tell why a later
   * one failed.
   */
  warned: readonly string[];
}

export interface PlanningOptions {
  /** Only to be looked at: neither the early boot nor root is asked for. */
  dryRun: boolean;
  /** Although this does not look like the moment for it. */
  force: boolean;
  /** What was executed before, oldest first. */
  earlier?: readonly StageResult[];
  /** `reset`: what to keep besides what the configuration names. */
  keep?: readonly string[];
}
