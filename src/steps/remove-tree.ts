import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Removes a directory and all that is in it, if it is there. */
interface RemoveTree {
  path: string;
}

const rm = ({ path }: RemoveTree): string => `rm -rf ${quote(path)}`;

export const removeTree: StepKind<RemoveTree> = {
  // Plans remove only scratch, and it may come again: a mount of the overlay makes new scratch in
  // the same place.
  inverse: ({ path }) => ({ kind: 'remove-tree', path }),
  condition: ({ path }) => ({ kind: 'missing', path }),
  execute: ({ path }, system) => {
    system.removeTree(path);
    return true;
  },
  busy: ({ path }) => `removing ${path}`,
  shell: rm,
  // Most often there is nothing to remove, and each command is a process.
  guardedShell: (action) =>
    `{ [ ! -e ${quote(action.path)} ] && [ ! -h ${quote(action.path)} ]; } || ${rm(action)}`,
};
