import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Removes an empty directory; undoes mkdir. */
interface Rmdir {
  path: string;
}

export const rmdir: StepKind<Rmdir> = {
  inverse: () => null,
  condition: ({ path }) => ({ kind: 'missing', path }),
  execute: ({ path }, system) => {
    system.rmdir(path);
    return true;
  },
  busy: null,
  shell: ({ path }) => `rmdir ${quote(path)}`,
};
