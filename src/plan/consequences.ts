import type { Action, ActionKind, ActionOf, Condition } from '../steps/step.js';

type PerKind<Result> = { [K in ActionKind]: (action: ActionOf<K>) => Result };

/**
 * What undoes each action, or null where nothing needs undoing or nothing can: nobody comes back
 * from pivot_root.
 */
const INVERSE: PerKind<Action | null> = {
  'make-private': ({ before }) =>
    before.length > 0 ? { kind: 'restore-propagation', before } : null,
  'restore-propagation': () => null,
  mkdir: ({ path, stays }) => (stays ? null : { kind: 'rmdir', path }),
  rmdir: () => null,
  mount: ({ target, fstype }) => ({
    kind: 'umount',
    path: target,
    fstype,
    lazy: false,
    again: null,
  }),
  umount: ({ again }) => again,
  remount: (action) =>
    action.inverse ? { ...action, readonly: !action.readonly, inverse: false } : null,
  move: ({ from, to }) => ({ kind: 'move', from: to, to: from }),
  // What is removed is scratch, and it may come again: the overlay's mount makes new scratch in the
  // same place.
  'remove-tree': (action) => action,
  rename: ({ from, to }) => ({ kind: 'rename', from: to, to: from }),
  // Our own notes: each says what was true when it was written, and the next one replaces it.
  write: () => null,
  link: () => null,
  unlink: () => null,
  clear: () => null,
  copy: () => null,
  sync: () => null,
  'record-rom': () => null,
  erase: () => null,
  'mark-for-erase': () => null,
  'attach-ubi': () => null,
  'wait-for': () => null,
  'probe-whiteout': () => null,
  'probe-mounts': () => null,
  'keep-journal': () => null,
  'write-probe': ({ path }) => ({ kind: 'remove-tree', path }),
  'pivot-root': () => null,
  'switch-root': () => null,
  'free-memory': () => null,
  chdir: () => null,
};

const CONDITION: PerKind<Condition> = {
  'make-private': ({ path }) => ({ kind: 'not-shared', path }),
  'restore-propagation': () => ({ kind: 'nothing' }),
  mkdir: ({ path, accept }) => ({ kind: accept === 'directory' ? 'directory' : 'present', path }),
  rmdir: ({ path }) => ({ kind: 'missing', path }),
  // A dirty workdir gives a read-only overlay although mount(2) returned 0 (kernels before 4.8),
  // and so does an upper layer on flash that fails.
  mount: ({ target, fstype, writable }) => ({ kind: 'mounted', path: target, fstype, writable }),
  umount: ({ path, fstype, lazy }) =>
    lazy ? { kind: 'nothing' } : { kind: 'not-mounted', path, fstype },
  remount: ({ path, readonly }) => ({ kind: 'readonly', path, readonly }),
  move: ({ to }) => ({ kind: 'mounted', path: to, fstype: null, writable: false }),
  'remove-tree': ({ path }) => ({ kind: 'missing', path }),
  rename: ({ to }) => ({ kind: 'present', path: to }),
  write: ({ path, content }) => ({ kind: 'reads', path, content }),
  link: ({ path, target }) => ({ kind: 'links', path, target }),
  unlink: ({ path }) => ({ kind: 'missing', path }),
  clear: ({ path, keep }) => ({ kind: 'cleared', path, keep }),
  copy: ({ to }) => ({ kind: 'directory', path: to }),
  sync: () => ({ kind: 'nothing' }),
  'record-rom': () => ({ kind: 'nothing' }),
  // Each block is read again as it is erased.
  erase: () => ({ kind: 'nothing' }),
  'mark-for-erase': () => ({ kind: 'nothing' }),
  'attach-ubi': () => ({ kind: 'nothing' }),
  'wait-for': () => ({ kind: 'nothing' }),
  'probe-whiteout': () => ({ kind: 'nothing' }),
  'probe-mounts': ({ newRoot, known }) => ({ kind: 'mounts-known', newRoot, known }),
  'keep-journal': () => ({ kind: 'nothing' }),
  'write-probe': ({ path }) => ({ kind: 'present', path }),
  'pivot-root': ({ newRoot, putOld }) => ({
    kind: 'mounted',
    path: putOld.slice(newRoot.length),
    fstype: null,
    writable: false,
  }),
  'switch-root': () => ({ kind: 'mounted', path: '/', fstype: null, writable: false }),
  'free-memory': () => ({ kind: 'nothing' }),
  chdir: () => ({ kind: 'nothing' }),
};

// TypeScript cannot see that the key and the argument go together; the tables above are checked row
// by row.
const pick = <Result>(table: PerKind<Result>, action: Action): Result =>
  (table[action.kind] as (action: Action) => Result)(action);

export const inverseOf = (action: Action): Action | null => pick(INVERSE, action);
export const conditionAfter = (action: Action): Condition => pick(CONDITION, action);
