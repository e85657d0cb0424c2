import { quote } from '../text/shell.js';
import { isWithin } from './mount-table.js';
import type { StepKind } from './step-kind.js';

/** Moves a mount and all mounts below it (MS_MOVE). */
interface Move {
  from: string;
  to: string;
}

export const move: StepKind<Move> = {
  inverse: ({ from, to }) => ({ kind: 'move', from: to, to: from }),
  condition: ({ to }) => ({ kind: 'mounted', path: to, fstype: null, writable: false }),
  execute: ({ from, to }, system) => {
    system.mount(from, to, null, ['MS_MOVE'], null);
    return true;
  },
  busy: null,
  shell: ({ from, to }) => `mount -n -o move ${quote(from)} ${quote(to)}`,
  relocate: ({ from, to }, path) =>
    isWithin(path, from) ? `${to}${path.slice(from.length)}` : path,
};
