import t from 'tap';
import type { Plan } from '../../../src/plan/plan.js';
import { conditionAfter, inverseOf, type Action } from '../../../src/steps/step.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import type { Condition } from '../../../src/steps/conditions.js';
import { boardFacts } from '../../fixtures/facts.js';

const cases: [Action, Action | null, Condition][] = [
  [
    { kind: 'make-private', path: '/', before: [{ mountpoint: '/a', was: 'shared' }] },
    { kind: 'restore-propagation', before: [{ mountpoint: '/a', was: 'shared' }] },
    { kind: 'not-shared', path: '/' },
  ],
  [{ kind: 'make-private', path: '/', before: [] }, null, { kind: 'not-shared', path: '/' }],
  [{ kind: 'restore-propagation', before: [] }, null, { kind: 'nothing' }],
  [
    { kind: 'mkdir', path: '/d', mode: 0o755, accept: 'directory' },
    { kind: 'rmdir', path: '/d' },
    { kind: 'directory', path: '/d' },
  ],
  [
    { kind: 'mkdir', path: '/d', mode: 0o755, accept: 'anything' },
    { kind: 'rmdir', path: '/d' },
    { kind: 'present', path: '/d' },
  ],
  [{ kind: 'rmdir', path: '/d' }, null, { kind: 'missing', path: '/d' }],
  [
    {
      kind: 'mount',
      source: 's',
      target: '/t',
      fstype: 'jffs2',
      flags: ['MS_NOATIME'],
      data: null,
      writable: true,
    },
    { kind: 'umount', path: '/t', fstype: 'jffs2', lazy: false, again: null },
    { kind: 'mounted', path: '/t', fstype: 'jffs2', writable: true },
  ],
  [
    {
      kind: 'mount',
      source: 's',
      target: '/t',
      fstype: 'jffs2',
      flags: ['MS_RDONLY'],
      data: null,
      writable: false,
    },
    { kind: 'umount', path: '/t', fstype: 'jffs2', lazy: false, again: null },
    { kind: 'mounted', path: '/t', fstype: 'jffs2', writable: false },
  ],
  [
    { kind: 'umount', path: '/t', fstype: 'jffs2', lazy: true, again: null },
    null,
    { kind: 'nothing' },
  ],
  [
    { kind: 'remount', path: '/', readonly: true, flags: [], inverse: true, patience: 1 },
    { kind: 'remount', path: '/', readonly: false, flags: [], inverse: false, patience: 1 },
    { kind: 'readonly', path: '/', readonly: true },
  ],
  [
    { kind: 'rename', from: '/a', to: '/b' },
    { kind: 'rename', from: '/b', to: '/a' },
    { kind: 'present', path: '/b' },
  ],
  [{ kind: 'write', path: '/a', content: 'x' }, null, { kind: 'reads', path: '/a', content: 'x' }],
  [{ kind: 'link', path: '/a', target: '1' }, null, { kind: 'links', path: '/a', target: '1' }],
  [
    { kind: 'clear', path: '/a', keep: ['/k'] },
    null,
    { kind: 'cleared', path: '/a', keep: ['/k'] },
  ],
  [
    { kind: 'umount', path: '/t', fstype: 'jffs2', lazy: false, again: null },
    null,
    { kind: 'not-mounted', path: '/t', fstype: 'jffs2' },
  ],
  [
    { kind: 'move', from: '/a', to: '/b' },
    { kind: 'move', from: '/b', to: '/a' },
    { kind: 'mounted', path: '/b', fstype: null, writable: false },
  ],
  [
    { kind: 'remove-tree', path: '/w' },
    { kind: 'remove-tree', path: '/w' },
    { kind: 'missing', path: '/w' },
  ],
  [
    { kind: 'write-probe', path: '/p' },
    { kind: 'remove-tree', path: '/p' },
    { kind: 'present', path: '/p' },
  ],
  [
    { kind: 'pivot-root', newRoot: '/mnt', putOld: '/mnt/rom' },
    null,
    { kind: 'mounted', path: '/rom', fstype: null, writable: false },
  ],
  [{ kind: 'chdir', path: '/' }, null, { kind: 'nothing' }],
];

for (const [action, inverse, condition] of cases)
  t.test(`${JSON.stringify(action)} has its undoing and what is to hold after it`, async (t) => {
    t.same(inverseOf(action), inverse);
    t.same(conditionAfter(action), condition);
  });

t.test("every step of the board's plan up to the pivot can be taken back", async (t) => {
  const { steps } = planWhole('start', boardFacts(), { dryRun: false, force: false }) as Plan;
  // What mountroot notes for itself stays: it was true when it was written.
  const notes = ['private', 'meta', 'count', 'state'];
  const before = steps
    .slice(
      0,
      steps.findIndex(({ id }) => id === 'pivot'),
    )
    .filter(({ id }) => !notes.includes(id));
  t.ok(before.length > 10);
  for (const { id, action } of before) t.not(inverseOf(action), null, id);
});
