import { option, type KernelDecision, type Evidence, type KernelInputs } from './kernel-inputs.js';
import { bootParameters, type BootParameters } from './boot-parameters.js';
import type { KernelMessages, LogLine } from './kernel-messages.js';

/**
 * What holds at one point of the story, where it is known from, and whether it had to be assumed.
 */
export interface Finding<T> {
  value: T;
  because: string;
  evidence: Evidence;
  certain: boolean;
}

export const found = <T>(
  value: T,
  because: string,
  evidence: Evidence,
  certain = evidence !== 'unknown',
): Finding<T> => ({ value, because, evidence, certain });
export const assumed = <T>(value: T, because: string): Finding<T> => ({
  value,
  because,
  evidence: 'unknown',
  certain: false,
});
/** The kernel's own words, without the line's end that a log may not have. */
export const quoted = (said: string): string => `the kernel said: "${said.trim()}"`;
export const logged = <T>(value: T, { said }: Pick<LogLine<unknown>, 'said'>): Finding<T> =>
  found(value, quoted(said), 'log');

/** A story while it is told: what is given, what was seen, and the decisions so far. */
export class DecisionLog {
  readonly words: BootParameters;
  readonly decisions: KernelDecision[] = [];
  readonly contradictions: string[] = [];

  constructor(
    readonly given: KernelInputs,
    readonly seen: KernelMessages,
  ) {
    this.words = bootParameters(given.commandLine);
  }

  /** An option of the kernel's configuration; null where that is not known. */
  option(name: string): boolean | null {
    return option(this.given.config, name);
  }

  decide(
    id: string,
    question: string,
    answer: string,
    { because, evidence, certain }: Omit<Finding<unknown>, 'value'>,
  ): void {
    this.decisions.push({ id, question, answer, because, evidence, certain });
  }

  /**
   * What was seen counts before what was foreseen; that both are sure of different things is said.
   */
  settle<T>(
    what: string,
    seen: Finding<T> | null,
    foreseen: Finding<T>,
    show: (value: T) => string,
  ): Finding<T> {
    if (seen === null) return foreseen;
    if (foreseen.certain && foreseen.value !== seen.value)
      this.contradictions.push(
        `${what}: ${show(seen.value)}, for ${seen.because}; but ${show(foreseen.value)} was to be expected, for ${foreseen.because}`,
      );
    return seen;
  }
}
