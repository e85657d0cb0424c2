import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Removes a directory and its contents, if it exists. */
interface RemoveTree {
  path: string;
}

const rm = ({ path }: RemoveTree): string => `rm -rf ${quote(path)}`;

export const removeTree: StepKind<RemoveTree> = {
  // No condition: plans remove only scratch files, and a mount of the overlay makes new ones in the
  // same place.
  inverse: ({ path }) => ({ kind: 'remove-tree', path }),
  condition: ({ path }) => ({ kind: 'missing', path }),
  execute: ({ path }, system) => {
    system.removeTree(path);
    return true;
  },
  busy: ({ path }) => `removing ${path}`,
  shell: rm,
  // Usually there is nothing to remove, and rm would cost a process.
  guardedShell: (action) =>
    `{ [ ! -e ${quote(action.path)} ] && [ ! -h ${quote(action.path)} ]; } || ${rm(action)}`,
};
