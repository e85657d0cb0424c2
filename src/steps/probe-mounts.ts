import type { StepKind } from './step-kind.js';

/**
 * Looks whether anything was mounted on the root since the plan was made: what the plan does not
 * move stays behind, and is lost.
 */
interface ProbeMounts {
  newRoot: string;
  /** The mountpoints that the plan knows, besides the new root. */
  known: string[];
}

export const probeMounts: StepKind<ProbeMounts> = {
  inverse: () => null,
  condition: ({ newRoot, known }) => ({ kind: 'mounts-known', newRoot, known }),
  // The condition is all there is to it.
  execute: () => false,
  busy: null,
  shownAs: 'one call',
  shell: () => ':',
};
