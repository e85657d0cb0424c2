import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';
import type { Plan } from '../../../src/plan/plan.js';
import * as kinds from '../../../src/steps/index.js';
import {
  conditionAfter,
  inverseOf,
  kindOf,
  pathAfter,
  perform,
  type Action,
} from '../../../src/steps/step.js';
import { dryRun } from '../../../src/system/dry-run.js';
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
  t.test(`${JSON.stringify(action)} has its undo and its verification`, async (t) => {
    t.same(inverseOf(action), inverse);
    t.same(conditionAfter(action), condition);
  });

t.test("every step of the board's plan up to the pivot can be undone", async (t) => {
  const { steps } = planWhole('start', boardFacts(), { dryRun: false, force: false }) as Plan;
  // mountroot's own notes stay: they were true when they were written.
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

/** One action of each kind. */
const EXAMPLES: Action[] = [
  { kind: 'attach-ubi', mtd: 3 },
  { kind: 'chdir', path: '/' },
  { kind: 'clear', path: '/overlay', keep: ['/etc/config'] },
  { kind: 'copy', from: '/a', to: '/b', pass: 'last' },
  { kind: 'empty-ubi', device: '/dev/ubi0_0', blocks: 16 },
  { kind: 'erase', device: '/dev/mtd3', size: 0x40000, eraseBlock: 0x20000 },
  { kind: 'free-memory' },
  { kind: 'keep-journal', at: '/overlay', most: 3 },
  { kind: 'link', path: '/overlay/.fs_state', target: '2' },
  { kind: 'make-private', path: '/', before: [] },
  { kind: 'mark-for-erase', device: '/dev/mtd3', eraseBlock: 0x20000 },
  { kind: 'mkdir', path: '/d', mode: 0o755, accept: 'directory' },
  {
    kind: 'mount',
    source: 's',
    target: '/t',
    fstype: 'jffs2',
    flags: ['MS_NOATIME'],
    data: 'a=b',
    writable: true,
  },
  { kind: 'move', from: '/a', to: '/b' },
  { kind: 'pivot-root', newRoot: '/mnt', putOld: '/mnt/rom' },
  { kind: 'probe-mounts', newRoot: '/mnt', known: ['/proc'] },
  { kind: 'probe-whiteout', folder: '/overlay/.mountroot/probe' },
  {
    kind: 'record-rom',
    at: '/overlay',
    upper: '/overlay/upper',
    rom: '/rom',
    fstype: 'squashfs',
    device: '31:2',
  },
  {
    kind: 'remount',
    path: '/',
    readonly: true,
    flags: ['MS_NOATIME'],
    inverse: true,
    patience: 1,
  },
  { kind: 'remove-tree', path: '/w' },
  { kind: 'rename', from: '/a', to: '/b' },
  {
    kind: 'restore-propagation',
    before: [{ mountpoint: '/a', was: 'shared' }],
  },
  { kind: 'rmdir', path: '/d' },
  { kind: 'switch-root', newRoot: '/newroot', init: '/sbin/init' },
  { kind: 'sync', path: '/overlay' },
  { kind: 'umount', path: '/t', fstype: 'jffs2', lazy: true, again: null },
  { kind: 'unlink', path: '/a' },
  { kind: 'wait-for', volume: 'LABEL=data', seconds: 5 },
  { kind: 'write', path: '/a', content: 'x' },
  { kind: 'write-probe', path: '/p' },
];

t.test('every kind has a file of its name', async (t) => {
  const folder = new URL('../../../src/steps/', import.meta.url);
  for (const kind of Object.keys(kinds)) t.ok(existsSync(new URL(`${kind}.ts`, folder)), kind);
});

t.test('a plan can show the calls of every kind, or shows it as one call', async (t) => {
  for (const action of EXAMPLES) {
    if (kindOf(action).shownAs === 'one call') continue;
    const system = dryRun();
    perform(action, system);
    t.not(system.calls.length, 0, action.kind);
  }
});

t.test('every form in the shell is valid shell', async (t) => {
  for (const action of EXAMPLES) {
    const { shell, shellSkips, guardedShell, guardedUndo } = kindOf(action);
    const forms = [shell, shellSkips, guardedShell, guardedUndo].map((form) => form?.(action));
    for (const form of forms.filter((each) => typeof each === 'string'))
      t.equal(spawnSync('busybox', ['sh', '-n'], { input: `${form} || false\n` }).status, 0, form);
  }
});

t.test('a path is followed to the place where a step moves it', async (t) => {
  const move: Action = { kind: 'move', from: '/a', to: '/b' };
  const pivot: Action = { kind: 'pivot-root', newRoot: '/mnt', putOld: '/mnt/rom' };
  const switchRoot: Action = { kind: 'switch-root', newRoot: '/newroot', init: '/sbin/init' };
  t.equal(pathAfter(move, '/a/x'), '/b/x');
  t.equal(pathAfter(move, '/ab'), '/ab');
  t.equal(pathAfter(pivot, '/mnt'), '/');
  t.equal(pathAfter(pivot, '/mnt/proc'), '/proc');
  t.equal(pathAfter(pivot, '/'), '/rom');
  t.equal(pathAfter(pivot, '/dev'), '/rom/dev');
  t.equal(pathAfter(switchRoot, '/newroot/proc'), '/proc');
  t.equal(pathAfter({ kind: 'chdir', path: '/' }, '/dev'), '/dev');
});
