import type { BootParameters } from '../boot-parameters.js';
import { option, type KernelInputs } from '../kernel-inputs.js';
import type { KernelMessages, KernelMessage } from '../messages/message-row.js';
import type { Contradiction } from '../sentences/contradictions.js';
import type { CodedDecision, DecisionData, DecisionId } from '../sentences/decisions.js';
import { because, type Because } from '../sentences/grounds.js';
import { rootWord, spokenWords, type RootWord } from './spoken-words.js';

/** One decision of the story, its reason, and its evidence. */
export interface GroundedAnswer extends Because {
  value: boolean;
}

export const holds = (value: boolean, why: Because): GroundedAnswer => ({ value, ...why });

/** The reason that the kernel printed these words. */
export const said = (line: Pick<KernelMessage<unknown>, 'said'>): Because =>
  because('said', { line: line.said });

/** The subject of a contradiction: a question with two answers. */
type Disputed = { code: 'initrd' | 'initrd-kind' | 'image' } | { code: 'early-init'; path: string };

/** A story in progress: the input, the evidence, and the decisions so far. */
export class DecisionLog {
  readonly words: BootParameters;
  readonly root: RootWord;
  readonly decisions: CodedDecision[] = [];
  readonly contradictions: Contradiction[] = [];

  constructor(
    readonly given: KernelInputs,
    readonly seen: KernelMessages,
  ) {
    this.words = spokenWords(given, seen);
    this.root = rootWord(given, seen);
  }

  /** An option of the kernel's configuration; null if the configuration is unknown. */
  option(name: string): boolean | null {
    return option(this.given.config, name);
  }

  decide<Id extends DecisionId>(id: Id, data: DecisionData<Id>, why: Because): void {
    const decision = { id, data, because: why.because, evidence: why.evidence };
    this.decisions.push(decision as unknown as CodedDecision);
  }

  /**
   * Evidence overrides expectation. If both are certain and differ, the contradiction is recorded.
   */
  settle(
    disputed: Disputed,
    seen: GroundedAnswer | null,
    expected: GroundedAnswer,
  ): GroundedAnswer {
    if (seen === null) return expected;
    if (expected.evidence.kind !== 'unknown' && expected.value !== seen.value)
      this.contradictions.push({
        ...disputed,
        seen: seen.value,
        seenFor: seen.because,
        expectedFor: expected.because,
      });
    return seen;
  }
}
