import type { Facts } from '../../facts/facts.js';
import { REASONS, type Reason } from '../../plan/reasons.js';
import type { BeforeStart } from '../root/before-pivot.js';
import type { Live } from './live.js';

/**
 * `problem`: a start would not end in a root that keeps its changes, or the board is in danger.
 * `warning`: it works, but somebody should know. `unknown`: it could not be looked at.
 */
export type Verdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** Marks an answer that only the running board can give. JSON leaves out a symbol. */
export const NEEDS_BOARD = Symbol('needs the running board');

/** One precondition of `start`, and its state. */
export interface Check {
  /** A stable word, for programs. */
  id: string;
  /** The subject of the check, for a person. */
  title: string;
  verdict: Verdict;
  /** The finding: one sentence without its full stop. */
  finding: string;
  /** The evidence: the data that was read, and its source. */
  evidence: string;
  /** The cure: one sentence; null if none is necessary. */
  cure: string | null;
  /** The reason that a start would give for a lower rung, if this check found its cause. */
  reason: Reason | null;
  [NEEDS_BOARD]?: true;
}

/** The input of the checks. */
export interface CheckInputs {
  /** The facts as they are now. */
  now: Facts;
  /**
   * The facts of a start, or of the start in this boot; null if a start has run in this boot and
   * left no facts.
   */
  start: Facts | null;
  /** The root of today, and the facts that `start` was rebuilt from. */
  before: BeforeStart;
  /** mountroot has already made this root. */
  started: boolean;
  /** The facts that only the running system shows; null for a facts file. */
  live: Live | null;
}

export type Finding = Omit<Check, 'id' | 'title'>;

/** The answer of every check that only the running board can give. */
export const ON_BOARD: Finding = {
  verdict: 'unknown',
  finding: 'only the running board shows it',
  evidence: 'these are facts of a file',
  cure: 'run `mountroot doctor` on the board',
  reason: null,
  [NEEDS_BOARD]: true,
};

/** One check. It is a row of the table in all-checks.ts. */
export interface CheckRule {
  id: string;
  title: string;
  /** null if the question does not arise on this board; a list if it has several answers. */
  look: (inputs: CheckInputs) => Finding | readonly Finding[] | null;
}

export const ok = (finding: string, evidence: string): Finding => ({
  verdict: 'ok',
  finding,
  evidence,
  cure: null,
  reason: null,
});
export const warning = (finding: string, evidence: string, cure: string): Finding => ({
  verdict: 'warning',
  finding,
  evidence,
  cure,
  reason: null,
});
export const problem = (
  finding: string,
  evidence: string,
  cure: string,
  reason: Reason | null = null,
): Finding => ({ verdict: 'problem', finding, evidence, cure, reason });
/** A problem that is the cause of a lower rung, with the cure of that rung's reason. */
export const problemOf = (reason: Reason, finding: string, evidence: string): Finding =>
  problem(finding, evidence, REASONS[reason].cure, reason);
export const unknown = (finding: string, evidence: string, cure: string): Finding => ({
  verdict: 'unknown',
  finding,
  evidence,
  cure,
  reason: null,
});

/** The cure where an ordinary user sees too little. */
export const RUN_AS_ROOT = 'run `mountroot doctor` as root';
