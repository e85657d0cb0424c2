import type { Verb } from '../plan/plan.js';

/** What a verb needs is in the agent's own file only (scripts/agent/bundle-heap.ts). */
export const ELSEWHERE = 'this is not part of the heap';

/** The interface to the boot path: only code that has it can change anything. */
export interface VerbRunner {
  /** Runs the command line in another process; left out where all verbs are at hand. */
  elsewhere?: () => Promise<number>;
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
