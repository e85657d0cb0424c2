import t from 'tap';
import type { Facts } from '../../../src/facts/facts.js';
import {
  boardFacts,
  device,
  mount,
  openedFacts,
  withContent,
  withFilesystems,
  withSettings,
  withVolume,
} from '../../fixtures/facts.js';
import { next, whole, actions, ids, past } from '../../fixtures/start-plans.js';

t.test(
  "the board gets OpenWrt's steps, and the mounts move before the point of no return",
  async (t) => {
    const moving = actions(whole(boardFacts())).filter(({ kind }) =>
      ['make-private', 'mount', 'move', 'pivot-root', 'chdir'].includes(kind),
    );
    t.same(
      moving.filter((action) => !(action.kind === 'mount' && action.fstype === 'pstore')),
      [
        {
          kind: 'mount',
          source: '/dev/mtdblock3',
          target: '/tmp/overlay',
          fstype: 'jffs2',
          flags: ['MS_NOATIME'],
          data: null,
          writable: false,
        },
        { kind: 'make-private', path: '/', before: [] },
        { kind: 'move', from: '/tmp/overlay', to: '/overlay' },
        {
          kind: 'mount',
          source: 'overlayfs:/overlay',
          target: '/mnt',
          fstype: 'overlay',
          flags: ['MS_NOATIME'],
          data: 'lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work',
          writable: true,
        },
        { kind: 'move', from: '/proc', to: '/mnt/proc' },
        { kind: 'move', from: '/dev', to: '/mnt/dev' },
        { kind: 'move', from: '/tmp', to: '/mnt/tmp' },
        { kind: 'move', from: '/sys', to: '/mnt/sys' },
        { kind: 'move', from: '/overlay', to: '/mnt/overlay' },
        { kind: 'pivot-root', newRoot: '/mnt', putOld: '/mnt/rom' },
        { kind: 'chdir', path: '/' },
      ],
    );
  },
);

t.test('upper and work are made before the overlay, and the workdir is cleaned', async (t) => {
  const all = ids(whole(boardFacts()));
  t.same(all.slice(all.indexOf('data-place') + 1, all.indexOf('overlay') + 1), [
    'upper',
    'work',
    'work-clean',
    'overlay',
  ]);
  t.ok(
    all.indexOf('writable') < all.indexOf('pivot'),
    'that flash takes writes is tried while there is a way back',
  );
});

t.test(
  "a kernel with only the old overlayfs gets the seed's layout without a workdir",
  async (t) => {
    const plan = whole(withFilesystems(['jffs2', 'overlayfs']));
    t.match(actions(plan).filter(({ kind }) => kind === 'mount')[1], {
      fstype: 'overlayfs',
      data: 'lowerdir=/,upperdir=/overlay',
      source: 'overlayfs:/overlay',
    });
    t.notOk(ids(plan).some((id) => ['upper', 'work', 'work-clean'].includes(id)));
    t.match(plan.notes.join(), /only the out-of-tree overlayfs/);
  },
);

t.test('a kernel with both gets the mainline overlay', async (t) => {
  t.match(
    actions(next(withFilesystems(['jffs2', 'overlayfs', 'overlay'], openedFacts()))).find(
      ({ kind }) => kind === 'mount',
    ),
    { fstype: 'overlay' },
  );
});

t.test(
  'every other mount on the root moves too, once per mountpoint, with the mounts below it',
  async (t) => {
    const facts = boardFacts();
    const run = mount('/run', { id: 501 });
    const mounts = [
      ...facts.mounts,
      run,
      mount('/run/lock', { id: 502, parent: 501 }),
      mount('/run', { id: 503, parent: 501 }),
      mount('/etc/resolv.conf', { id: 504 }),
    ];
    const moved = actions(whole({ ...facts, mounts })).flatMap((action) =>
      action.kind === 'move' && action.to.startsWith('/mnt/') && action.from !== '/proc'
        ? [action.from]
        : [],
    );
    t.same(moved, ['/dev', '/tmp', '/sys', '/run', '/etc/resolv.conf', '/overlay']);
  },
);

t.test(
  'propagation is restored in the order of the peer groups, so that they get their numbers again',
  async (t) => {
    const facts = openedFacts();
    const mounts = [
      ...facts.mounts.map((each) => (each.mountpoint === '/' ? { ...each, shared: 7 } : each)),
      mount('/a', { id: 601, shared: 2 }),
      mount('/b', { id: 602, unbindable: true }),
    ];
    t.same(
      actions(next({ ...facts, mounts })).find(({ kind }) => kind === 'make-private'),
      {
        kind: 'make-private',
        path: '/',
        before: [
          { mountpoint: '/a', was: 'shared' },
          { mountpoint: '/', was: 'shared' },
          { mountpoint: '/b', was: 'unbindable' },
        ],
      },
    );
  },
);

t.test('a tie between mounts that undoing cannot restore is reported in advance', async (t) => {
  const facts = openedFacts();
  const note = /undoing a failed start cannot restore that/;
  t.match(
    next({ ...facts, mounts: [...facts.mounts, mount('/a', { master: 3 })] }).notes.join(),
    note,
  );
  t.match(
    next({
      ...facts,
      mounts: [
        ...facts.mounts,
        mount('/a', { id: 1, shared: 3 }),
        mount('/b', { id: 2, shared: 3 }),
      ],
    }).notes.join(),
    note,
  );
  t.notMatch(next(facts).notes.join(), note);
});

t.test('the content of the volume decides the mount', async (t) => {
  for (const kind of ['jffs2', 'blank', 'unreadable'] as const)
    t.match(
      actions(next(withContent(kind))).find(
        (action) => action.kind === 'mount' && action.target === '/tmp/overlay',
      ),
      { fstype: 'jffs2' },
    );
  t.match(next(withContent('blank')).notes.join(), /is blank/);
  const ubi = withVolume(
    {
      found: [
        device({
          kind: 'ubi',
          name: 'ubi0_0',
          label: 'rootfs_data',
          source: 'ubi0_0',
          number: null,
        }),
      ],
      content: { kind: 'ubifs', evidence: 'as seen' },
    },
    withFilesystems(['ubifs', 'overlay']),
  );
  t.match(
    actions(next(ubi)).find((action) => action.kind === 'mount'),
    { source: 'ubi0_0', fstype: 'ubifs' },
  );
  for (const fstype of ['ext4', 'f2fs'] as const) {
    const block = withVolume(
      {
        found: [device({ kind: 'block', name: 'vda1', source: '/dev/vda1', eraseBlock: null })],
        content: { kind: fstype, evidence: 'as seen' },
      },
      withFilesystems([fstype, 'overlay']),
    );
    t.match(
      actions(next(block)).find((action) => action.kind === 'mount'),
      { source: '/dev/vda1', fstype },
    );
  }
});

t.test('a board whose image lacks /overlay or /mnt still keeps its settings', async (t) => {
  const lacking = (path: string): Facts =>
    openedFacts({}, { paths: { ...boardFacts().paths, [path]: 'missing' } });
  const noMnt = next(lacking('/mnt'));
  t.match(noMnt, { rung: 'persistent', reason: null });
  t.match(
    actions(noMnt).find(({ kind }) => kind === 'pivot-root'),
    { newRoot: '/tmp/mountroot/root' },
  );
  const noOverlay = next(lacking('/overlay'));
  t.match(noOverlay, { rung: 'persistent', reason: null });
  t.match(
    actions(noOverlay).find((action) => action.kind === 'mount'),
    { data: 'lowerdir=/,upperdir=/tmp/overlay/upper,workdir=/tmp/overlay/work' },
  );
  t.match(actions(noOverlay).at(-1), { kind: 'move', from: '/tmp/overlay', to: '/overlay' });
});

t.test(
  'doubtful files on the volume are moved aside under a separate name, and nothing is deleted',
  async (t) => {
    const facts = openedFacts({
      state: 'damaged',
      upper: 'symlink',
      order: 'damaged',
      incoming: 'directory',
      quarantine: ['upper-1', 'upper-2'],
    });
    const plan = next(facts);
    t.same(
      actions(plan).flatMap((action) =>
        action.kind === 'rename' ? [[action.from, action.to]] : [],
      ),
      [
        ['/tmp/overlay/.fs_state', '/tmp/overlay/.mountroot/quarantine/fs_state-1'],
        ['/tmp/overlay/.mountroot/reset.json', '/tmp/overlay/.mountroot/quarantine/reset-1'],
        ['/tmp/overlay/.mountroot/incoming', '/tmp/overlay/.mountroot/quarantine/incoming-1'],
        ['/overlay/upper', '/overlay/.mountroot/quarantine/upper-3'],
      ],
    );
    t.notOk(actions(plan).some(({ kind }) => kind === 'clear' || kind === 'erase'));
  },
);

t.test('only an order to reset leads to a reset, and the order is removed last', async (t) => {
  const plan = next(openedFacts({ order: { keep: ['/etc/passwd'] } }));
  t.match(plan, { stage: 'reset', last: false });
  t.same(ids(plan).slice(0, 2), ['meta', 'count'], 'a start that dies of it is counted');
  t.match(actions(plan)[2], { kind: 'clear', path: '/tmp/overlay/upper', keep: ['/etc/passwd'] });
  t.match(actions(plan).slice(-2), [
    { kind: 'sync' },
    { kind: 'unlink', path: '/tmp/overlay/.mountroot/reset.json' },
  ]);
  t.notOk(
    ids(next({ ...openedFacts({ attempts: 1 }) }, [past('reset')])).includes('count'),
    'once',
  );
  t.match(next(openedFacts({ order: 'unreadable' })), {
    rung: 'persistent',
    reason: 'reset-failed',
    because: /could not be read.*stands/,
  });
  t.notOk(
    actions(next(openedFacts({ order: 'unreadable' }))).some((action) => action.kind === 'rename'),
    'nor is it moved',
  );
  t.match(next(openedFacts({ order: { keep: [] } }), [past('reset', { error: 'it failed' })]), {
    rung: 'persistent',
    reason: 'reset-failed',
    because: /stands: it failed/,
  });
  for (const state of ['fresh', 'unknown', 'pending', 'damaged'] as const)
    t.notOk(
      actions(next(openedFacts({ state }))).some(({ kind }) => kind === 'clear'),
      state,
    );
});

t.test(
  'each start is counted, a fresh volume is marked pending, and the files kept by an ' +
    'upgrade are imported',
  async (t) => {
    const plan = next(openedFacts({ attempts: 2, state: 'fresh', upgrade: true }));
    t.match(
      actions(plan).find(({ kind }) => kind === 'write'),
      { path: '/tmp/overlay/.mountroot/attempts', content: '3\n' },
    );
    t.match(
      actions(plan).find(({ kind }) => kind === 'link'),
      { path: '/tmp/overlay/.fs_state', target: '1' },
    );
    t.match(
      actions(plan).find(({ kind }) => kind === 'rename'),
      { from: '/overlay/sysupgrade.tgz', to: '/overlay/upper/sysupgrade.tgz' },
    );
    t.match(
      next(withSettings({ boot_limit: 0 }, openedFacts({ attempts: 99 }))),
      { rung: 'persistent' },
      'without a limit there is no boot loop',
    );
  },
);
