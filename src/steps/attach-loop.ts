import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Shows the space behind the image on a disk as a loop device. */
interface AttachLoop {
  /** The device node of the disk. */
  disk: string;
  /** The first byte of the space. */
  offset: number;
}

export const attachLoop: StepKind<AttachLoop> = {
  // The kernel frees the loop device when this process has ended and nothing on it is mounted.
  inverse: () => null,
  // The facts that are gathered next show it.
  condition: () => ({ kind: 'nothing' }),
  execute: ({ disk, offset }, system) => {
    system.attachLoop(disk, offset);
    return true;
  },
  busy: null,
  shownAs: 'one call',
  shell: ({ disk, offset }) => `losetup -o ${offset} /dev/loop0 ${quote(disk)}`,
};
