import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Removes one of our files, if it exists. */
interface Unlink {
  path: string;
}

export const unlink: StepKind<Unlink> = {
  inverse: () => null,
  condition: ({ path }) => ({ kind: 'missing', path }),
  execute: ({ path }, system) => {
    if (system.kind(path) === 'missing') return false;
    system.unlink(path);
    return true;
  },
  busy: null,
  shownAs: 'one call',
  shell: ({ path }) => `rm -f ${quote(path)}`,
};
