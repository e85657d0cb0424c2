import type { System } from '../system/port.js';
import { quote } from '../text/shell.js';
import { isWithin } from './mount-table.js';
import type { StepKind } from './step-kind.js';

/** Makes a mount `/` where pivot_root(2) cannot: out of an initramfs. */
interface SwitchRoot {
  newRoot: string;
  /** What this process becomes when the plan is carried out. */
  init: string;
}

const oldRoots = new WeakMap<System, string>();

/** A path through which the root that was switched away from can still be reached. */
export const oldRootOf = (system: System): string | undefined => oldRoots.get(system);

export const switchRoot: StepKind<SwitchRoot> = {
  inverse: () => null,
  condition: () => ({ kind: 'mounted', path: '/', fstype: null, writable: false }),
  execute: ({ newRoot }, system) => {
    oldRoots.set(system, system.switchRoot(newRoot));
    return true;
  },
  busy: null,
  // Busybox's switch_root frees the memory too.
  shell: ({ newRoot, init }) => `exec switch_root ${quote(newRoot)} ${quote(init)}`,
  relocate: ({ newRoot }, path) =>
    isWithin(path, newRoot) ? path.slice(newRoot.length) || '/' : path,
  entersNewRoot: true,
};
