import type { Facts } from '../../facts/facts.js';
import type { Reason } from '../../plan/plan.js';
import type { Live } from './live.js';

/**
 * `problem`: a start would not end in a root that keeps its changes, or the board is in danger.
 * `warning`: it works, and somebody should know. `unknown`: it could not be looked at.
 */
export type Verdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** One precondition of `start`, and how it stands. */
export interface Check {
  /** A stable word, for programs. */
  id: string;
  /** What is looked at, for a person. */
  title: string;
  verdict: Verdict;
  /** What is so: one sentence without its full stop. */
  finding: string;
  /** What was read, and where. */
  evidence: string;
  /** What to do about it: one sentence; null where nothing is to be done. */
  cure: string | null;
  /** The reason that a start gives for a lower rung, where this is the cause of one. */
  reason: Reason | null;
}

/** What the checks look at. */
export interface CheckInputs {
  /** As it is now. */
  now: Facts;
  /**
   * As a start finds it, or found it in this boot; null where a start is behind us and has left no
   * facts.
   */
  start: Facts | null;
  /** `/` already is a root that mountroot made. */
  started: boolean;
  /** What only the running system shows; null for a facts file. */
  live: Live | null;
}

export type Finding = Omit<Check, 'id' | 'title'>;

/** The answer of a rule that only the running board can give. */
export const ON_BOARD: Finding = {
  verdict: 'unknown',
  finding: 'only the running board shows it',
  evidence: 'these are facts of a file',
  cure: 'run `mountroot doctor` on the board',
  reason: null,
};

/**
 * Looks; null where the question does not arise on this board, a list where it has several answers.
 */
export interface CheckRule {
  id: string;
  title: string;
  look: (given: CheckInputs) => Finding | readonly Finding[] | null;
}

interface More {
  reason?: Reason;
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
  { reason }: More = {},
): Finding => ({ verdict: 'problem', finding, evidence, cure, reason: reason ?? null });
export const unknown = (finding: string, evidence: string, cure: string): Finding => ({
  verdict: 'unknown',
  finding,
  evidence,
  cure,
  reason: null,
});

/** Major and minor of a kernel's release; null for what is none. */
export function releaseOf(release: string): [number, number] | null {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,4})/.exec(release) ?? [];
  return major === undefined ? null : [Number(major), Number(minor)];
}

export const before = (
  [major, minor]: readonly [number, number],
  [otherMajor, otherMinor]: readonly [number, number],
): boolean => major < otherMajor || (major === otherMajor && minor < otherMinor);
