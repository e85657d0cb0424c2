import { RAM_FILESYSTEMS } from '../system/flags.js';
import { SystemError } from '../system/system-error.js';
import { clearTree } from '../tree/clear-tree.js';
import type { StepKind } from './step-kind.js';
import { oldRootOf } from './switch-root.js';

/**
 * Removes the files of the initramfs that was switched away from. They are memory, and nothing else
 * frees it.
 */
export const freeMemory: StepKind<unknown> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: (_, system) => {
    const old = oldRootOf(system);
    // One more look before all is removed: from a root on a disk nothing may go.
    if (old === undefined || !RAM_FILESYSTEMS.includes(system.space(old).type))
      throw new SystemError({
        what: 'free the memory of the old root, because that is not a file system in memory',
        syscall: 'unlink',
        errno: 'EINVAL',
        path: '/',
      });
    clearTree(system, old, []);
    return true;
  },
  busy: () => 'giving the memory of the initramfs back',
  shownAs: 'one call',
  shell: () => ':',
};
