import { quote } from '../text/shell.js';
import type { Propagation } from './restore-propagation.js';
import type { StepKind } from './step-kind.js';

/** Takes a tree of mounts out of all peer groups, because the kernel moves no shared mount. */
interface MakePrivate {
  path: string;
  /** The propagation that undoing restores, in the order of the peer group numbers. */
  before: Propagation[];
}

export const makePrivate: StepKind<MakePrivate> = {
  inverse: ({ before }) => (before.length > 0 ? { kind: 'restore-propagation', before } : null),
  condition: ({ path }) => ({ kind: 'not-shared', path }),
  execute: ({ path }, system) => {
    system.mount(null, path, null, ['MS_REC', 'MS_PRIVATE'], null);
    return true;
  },
  busy: null,
  // Two operands: with one, busybox's mount would look the mountpoint up in /etc/fstab.
  shell: ({ path }) => `mount -o make-rprivate none ${quote(path)}`,
};
