import { NOT_KNOWN, type DecisionRow } from './decision-row.js';
import type { Because } from './grounds.js';
import { groundSentence } from './grounds.js';
import type { Evidence, EvidenceSource } from './ground-row.js';
import { INIT_DECISIONS } from './init-decisions.js';
import { RAMDISK_DECISIONS } from './ramdisk-decisions.js';
import { ROOT_DECISIONS } from './root-decisions.js';
import { WOULD_TELL } from './would-tell.js';

/** Every decision of the kernel that explain shows, roughly in order of time. */
const DECISIONS = { ...RAMDISK_DECISIONS, ...ROOT_DECISIONS, ...INIT_DECISIONS };

export type DecisionId = keyof typeof DECISIONS;
const TELLERS: Record<DecisionId, string> = WOULD_TELL;
/** A decision's verdict and its data. */
export type DecisionData<Id extends DecisionId> =
  (typeof DECISIONS)[Id] extends DecisionRow<infer Data> ? Data : never;

/** One decision of the kernel on the way to its root, as data. */
export type CodedDecision = {
  [Id in DecisionId]: { id: Id; data: DecisionData<Id> } & Because;
}[DecisionId];

/** A decision as `explain --json` gives it: the data, and its sentences. */
export interface KernelDecision {
  id: DecisionId;
  /** The answer as a code. */
  verdict: string;
  question: string;
  answer: string;
  because: string;
  /** The reason as a code. */
  cause: string;
  evidence: EvidenceSource;
  /** False if no source shows it and the usual case is assumed. */
  certain: boolean;
  /** Whether a source shows the answer, or the answer follows from a source, or neither. */
  known: Evidence['kind'];
  /** What would show an unknown answer. */
  wouldTell?: string;
}

/**
 * Makes a decision's sentences. `onlySeen`: an unknown answer is told as unknown. Otherwise the
 * usual one is told, and marked.
 */
export function tellDecision(
  { id, data, because, evidence }: CodedDecision,
  onlySeen = false,
): KernelDecision {
  const row = DECISIONS[id] as DecisionRow<CodedDecision['data']>;
  const unknown = evidence.kind === 'unknown';
  const wouldTell = TELLERS[id];
  const open = unknown && onlySeen;
  return {
    id,
    verdict: open ? 'unknown' : data.verdict,
    question: typeof row.question === 'string' ? row.question : row.question(data),
    answer: open ? NOT_KNOWN : row.answer(data),
    because: open
      ? `the log does not show it; ${wouldTell} would`
      : groundSentence(because) + (row.also?.(data) ?? ''),
    cause: because.code,
    evidence: open ? 'unknown' : evidence.from,
    certain: !unknown,
    known: evidence.kind,
    ...(unknown && { wouldTell }),
  };
}
