import type { System } from '../system/port.js';
import { quote } from '../text/shell.js';
import { isWithin } from './mount-table.js';
import type { StepKind } from './step-kind.js';

/** Makes a mount `/` from an initramfs, where pivot_root(2) fails. */
interface SwitchRoot {
  newRoot: string;
  /** The program that this process becomes after the plan. */
  init: string;
}

const oldRoots = new WeakMap<System, string>();

/** A path that still leads to the old root after the switch. */
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
