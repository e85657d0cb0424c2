import type { Action, ActionKind, ActionOf, Condition } from './step.js';

type PerKind<Result> = { [K in ActionKind]: (action: ActionOf<K>) => Result };

/** What undoes each action, or null where nothing needs undoing or nothing can: nobody comes back from pivot_root. */
const INVERSE: PerKind<Action | null> = {
  'make-private': ({ before }) => (before.length > 0 ? { kind: 'restore-propagation', before } : null),
  'restore-propagation': () => null,
  mkdir: ({ path }) => ({ kind: 'rmdir', path }),
  rmdir: () => null,
  mount: ({ target, fstype }) => ({ kind: 'umount', path: target, fstype }),
  umount: () => null,
  move: ({ from, to }) => ({ kind: 'move', from: to, to: from }),
  // What is removed is scratch, and it may come again: the overlay's mount makes new scratch in the same place.
  'remove-tree': (action) => action,
  'write-probe': ({ path }) => ({ kind: 'remove-tree', path }),
  'pivot-root': () => null,
  chdir: () => null,
};

const CONDITION: PerKind<Condition> = {
  'make-private': ({ path }) => ({ kind: 'not-shared', path }),
  'restore-propagation': () => ({ kind: 'nothing' }),
  mkdir: ({ path, accept }) => ({ kind: accept === 'directory' ? 'directory' : 'present', path }),
  rmdir: ({ path }) => ({ kind: 'missing', path }),
  // A dirty workdir gives a read-only overlay although mount(2) returned 0 (kernels before 4.8), and jffs2 on write-protected flash does the same.
  mount: ({ target, fstype, flags }) => ({ kind: 'mounted', path: target, fstype, writable: !flags.includes('MS_RDONLY') }),
  umount: ({ path, fstype }) => ({ kind: 'not-mounted', path, fstype }),
  move: ({ to }) => ({ kind: 'mounted', path: to, fstype: null, writable: false }),
  'remove-tree': ({ path }) => ({ kind: 'missing', path }),
  'write-probe': ({ path }) => ({ kind: 'present', path }),
  'pivot-root': ({ newRoot, putOld }) => ({ kind: 'mounted', path: putOld.slice(newRoot.length), fstype: null, writable: false }),
  chdir: () => ({ kind: 'nothing' }),
};

// TypeScript cannot see that the key and the argument go together; the tables above are checked row by row.
const pick = <Result>(table: PerKind<Result>, action: Action): Result => (table[action.kind] as (action: Action) => Result)(action);

export const inverseOf = (action: Action): Action | null => pick(INVERSE, action);
export const conditionAfter = (action: Action): Condition => pick(CONDITION, action);
