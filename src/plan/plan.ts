import type { Step } from './step.js';

export const PLAN_SCHEMA = 'mountroot.plan/1';

/** An ordered list of steps and what the root will be after them. */
export interface Plan {
  schema: typeof PLAN_SCHEMA;
  decision: 'go';
  verb: 'start';
  /** One sentence: what this plan makes. */
  summary: string;
  /** What the plan was made for, so that its shell form can check that it runs there. */
  rests: { mtd: { index: number; size: number; eraseBlock: number; name: string } };
  steps: Step[];
  /** What a person should know although it changes no step. */
  notes: string[];
}

/** Exit statuses, the same for every verb. */
export const EXIT = { done: 0, failed: 1, usage: 2, degraded: 3, problems: 4, refused: 5, unreachable: 6 } as const;

/** Why there is no plan. */
export type RefusalReason =
  | 'guard'
  | 'not-linux'
  | 'not-root'
  | 'no-mountinfo'
  | 'root-is-ramfs'
  | 'no-volume'
  | 'ambiguous-volume'
  | 'erase-marker'
  | 'unknown-content'
  | 'unsupported-content'
  | 'no-filesystem'
  | 'no-overlay'
  | 'no-directory'
  | 'occupied';

export interface Refusal {
  schema: typeof PLAN_SCHEMA;
  decision: 'refuse';
  verb: 'start';
  reason: RefusalReason;
  exit: typeof EXIT.failed | typeof EXIT.refused;
  /** One sentence: what is in the way and what to do. */
  summary: string;
}

/** The root already is what the verb would make. */
export interface Already {
  schema: typeof PLAN_SCHEMA;
  decision: 'already';
  verb: 'start';
  summary: string;
}

export type Decision = Plan | Refusal | Already;
