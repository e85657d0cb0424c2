import type { StepKind } from './step-kind.js';

/**
 * Checks that nothing was mounted on the root after the plan was made. The plan would not move such
 * a mount, so it would be lost.
 */
interface ProbeMounts {
  newRoot: string;
  /** The mountpoints that the plan knows, without the new root. */
  known: string[];
}

export const probeMounts: StepKind<ProbeMounts> = {
  inverse: () => null,
  condition: ({ newRoot, known }) => ({ kind: 'mounts-known', newRoot, known }),
  // This step does nothing. Its condition is the check.
  execute: () => false,
  busy: null,
  shownAs: 'one call',
  shell: () => ':',
};
