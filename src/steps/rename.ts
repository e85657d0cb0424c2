import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Renames a file or a directory within one file system. */
interface Rename {
  from: string;
  to: string;
}

export const rename: StepKind<Rename> = {
  inverse: ({ from, to }) => ({ kind: 'rename', from: to, to: from }),
  condition: ({ to }) => ({ kind: 'present', path: to }),
  execute: ({ from, to }, system) => {
    system.rename(from, to);
    return true;
  },
  busy: null,
  shell: ({ from, to }) => `mv -f ${quote(from)} ${quote(to)}`,
};
