import { quote } from '../text/shell.js';
import type { MountCall } from './mount.js';
import type { StepKind } from './step-kind.js';

/** Unmounts the visible mount at a path. */
interface Umount {
  path: string;
  fstype: string;
  /** True to hide the mount now and unmount it when no process uses it any more (MNT_DETACH). */
  lazy: boolean;
  /** The mount that undoing makes; null if undoing is unnecessary. */
  again: ({ kind: 'mount' } & MountCall) | null;
}

export const umount: StepKind<Umount> = {
  inverse: ({ again }) => again,
  condition: ({ path, fstype, lazy }) =>
    lazy ? { kind: 'nothing' } : { kind: 'not-mounted', path, fstype },
  execute: ({ path, lazy }, system) => {
    system.umount(path, lazy);
    return true;
  },
  busy: null,
  shell: ({ path, lazy }) => `umount -n ${lazy ? '-l ' : ''}${quote(path)}`,
  remakeTable: ({ path }, table) => table.filter(({ mountpoint }) => mountpoint !== path),
};
