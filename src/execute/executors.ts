import type { Action, ActionKind, ActionOf } from '../plan/step.js';
import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

/** Returns false when what the action makes was there already, so that it is not undone either. */
type Executor<K extends ActionKind> = (action: ActionOf<K>, system: System) => boolean;

const EXECUTORS: { [K in ActionKind]: Executor<K> } = {
  'make-private': ({ path }, system) => {
    system.mount(null, path, null, ['MS_REC', 'MS_PRIVATE'], null);
    return true;
  },

  'restore-propagation': ({ before }, system) => {
    // One mountpoint may be hidden under a later mount and not be reached; those behind it are put back all the same.
    const errors = before.flatMap(({ mountpoint, was }) => {
      try {
        system.mount(null, mountpoint, null, [was === 'shared' ? 'MS_SHARED' : 'MS_UNBINDABLE'], null);
        return [];
      } catch (error) {
        return [error];
      }
    });
    if (errors.length > 0) throw errors[0];
    return true;
  },

  mkdir: ({ path, mode, accept }, system) => {
    const kind = system.kind(path);
    if (kind === 'missing') {
      system.mkdir(path, mode);
      return true;
    }
    if (accept === 'directory' && kind !== 'directory')
      throw new SystemError({ what: `use ${path} as a directory, for it is a ${kind}`, syscall: 'mkdir', errno: 'ENOTDIR', path });
    return false;
  },

  rmdir: ({ path }, system) => {
    system.rmdir(path);
    return true;
  },

  mount: ({ source, target, fstype, flags, data }, system) => {
    system.mount(source, target, fstype, flags, data);
    return true;
  },

  umount: ({ path }, system) => {
    system.umount(path);
    return true;
  },

  move: ({ from, to }, system) => {
    system.mount(from, to, null, ['MS_MOVE'], null);
    return true;
  },

  'remove-tree': ({ path }, system) => {
    system.removeTree(path);
    return true;
  },

  'write-probe': ({ path }, system) => {
    // One may be left from a start that lost power before it was removed.
    if (system.kind(path) === 'file') system.unlink(path);
    system.create(path, 'mountroot\n', 0o600);
    return true;
  },

  'pivot-root': ({ newRoot, putOld }, system) => {
    system.pivotRoot(newRoot, putOld);
    return true;
  },

  chdir: ({ path }, system) => {
    system.chdir(path);
    return true;
  },
};

/** Does what an action says. @throws {SystemError} as the calls it makes. */
export const perform = (action: Action, system: System): boolean =>
  // TypeScript cannot see that the key and the argument go together; the table is checked row by row.
  (EXECUTORS[action.kind] as (action: Action, system: System) => boolean)(action, system);
