import { quote } from '../text/shell.js';
import { isWithin } from './mount-table.js';
import type { StepKind } from './step-kind.js';

/** Makes a mount `/`, and moves the old root to put_old (pivot_root(2)). */
interface PivotRoot {
  newRoot: string;
  /** The path before the pivot, within `newRoot`. */
  putOld: string;
}

export const pivotRoot: StepKind<PivotRoot> = {
  // pivot_root cannot be undone.
  inverse: () => null,
  condition: ({ newRoot, putOld }) => ({
    kind: 'mounted',
    path: putOld.slice(newRoot.length),
    fstype: null,
    writable: false,
  }),
  execute: ({ newRoot, putOld }, system) => {
    system.pivotRoot(newRoot, putOld);
    return true;
  },
  busy: null,
  shell: ({ newRoot, putOld }) => `pivot_root ${quote(newRoot)} ${quote(putOld)}`,
  relocate: ({ newRoot, putOld }, path) => {
    if (isWithin(path, newRoot)) return path.slice(newRoot.length) || '/';
    const oldRoot = putOld.slice(newRoot.length);
    return path === '/' ? oldRoot : `${oldRoot}${path}`;
  },
  entersNewRoot: true,
};
