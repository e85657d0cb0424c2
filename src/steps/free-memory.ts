import { RAM_FILESYSTEMS } from '../system/flags.js';
import { SystemError } from '../system/system-error.js';
import { clearTree } from '../tree/clear-tree.js';
import type { StepKind } from './step-kind.js';
import { oldRootOf } from './switch-root.js';

/**
 * Removes the files of the initramfs after the switch. They occupy memory, which nothing else
 * frees.
 */
export const freeMemory: StepKind<unknown> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: (_, system) => {
    const old = oldRootOf(system);
    // We check once more before we remove everything, because no file of a root on a disk may be
    // removed.
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
