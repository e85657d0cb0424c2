import type { Verb } from '../plan/plan.js';

/** The interface to the boot path: only code that has it can change anything. */
export interface VerbRunner {
  /** A verb that changes something, as the boot path runs it. */
  run: (
    verb: Verb,
    options: {
      force: boolean;
      afterScript?: boolean;
      keep?: readonly string[];
      settings?: readonly string[];
      asked?: { newRoot: string; init: string };
      args?: readonly string[];
    },
  ) => Promise<number>;
}
