import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** The propagation of a mount before a plan changed it. */
export interface Propagation {
  mountpoint: string;
  was: 'shared' | 'unbindable';
}

/** Undoes make-private. */
interface RestorePropagation {
  before: Propagation[];
}

export const restorePropagation: StepKind<RestorePropagation> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: ({ before }, system) => {
    // A later mount may hide a mountpoint, which we then cannot reach. We restore the others
    // anyway.
    const errors = before.flatMap(({ mountpoint, was }) => {
      try {
        const flag = was === 'shared' ? 'MS_SHARED' : 'MS_UNBINDABLE';
        system.mount(null, mountpoint, null, [flag], null);
        return [];
      } catch (error) {
        return [error];
      }
    });
    if (errors.length > 0) throw errors[0];
    return true;
  },
  busy: null,
  shell: ({ before }) =>
    before
      .map(({ mountpoint, was }) => `mount -o make-${was} none ${quote(mountpoint)}`)
      .join(' || left=1; ') || ':',
};
