import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Changes the working directory of this process. */
interface Chdir {
  path: string;
}

export const chdir: StepKind<Chdir> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: ({ path }, system) => {
    system.chdir(path);
    return true;
  },
  busy: null,
  shell: ({ path }) => `cd ${quote(path)}`,
};
