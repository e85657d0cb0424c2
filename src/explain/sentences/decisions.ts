import type { DecisionRow } from './decision-row.js';
import type { Because } from './grounds.js';
import { groundSentence } from './grounds.js';
import type { EvidenceSource } from './ground-row.js';
import { INIT_DECISIONS } from './init-decisions.js';
import { RAMDISK_DECISIONS } from './ramdisk-decisions.js';
import { ROOT_DECISIONS } from './root-decisions.js';

/** Every decision of the kernel that explain shows, roughly in order of time. */
const DECISIONS = { ...RAMDISK_DECISIONS, ...ROOT_DECISIONS, ...INIT_DECISIONS };

export type DecisionId = keyof typeof DECISIONS;
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
}

/** Makes a decision's sentences. */
export function tellDecision({ id, data, because, evidence }: CodedDecision): KernelDecision {
  const row = DECISIONS[id] as DecisionRow<CodedDecision['data']>;
  return {
    id,
    verdict: data.verdict,
    question: typeof row.question === 'string' ? row.question : row.question(data),
    answer: row.answer(data),
    because: groundSentence(because) + (row.also?.(data) ?? ''),
    cause: because.code,
    evidence: evidence.from,
    certain: evidence.kind !== 'unknown',
  };
}
