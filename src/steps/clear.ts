import { clearTree } from '../tree/clear-tree.js';
import type { StepKind } from './step-kind.js';

/** Removes the contents of a directory except the paths to keep. */
interface Clear {
  path: string;
  /** Absolute paths within the directory: `/etc/config` is `etc/config` in it. */
  keep: string[];
}

export const clear: StepKind<Clear> = {
  inverse: () => null,
  condition: ({ path, keep }) => ({ kind: 'cleared', path, keep }),
  execute: ({ path, keep }, system) => {
    clearTree(system, path, keep);
    return true;
  },
  busy: ({ path }) => `clearing ${path}`,
  shownAs: 'one call',
  shell: () => ({ cannot: 'reset a volume' }),
};
