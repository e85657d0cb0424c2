import t from 'tap';
import type { ContentKind, Facts } from '../../../src/facts/facts.js';
import type { Plan, RefusalReason } from '../../../src/plan/plan.js';
import { planStart } from '../../../src/plan/start.js';
import type { Action } from '../../../src/plan/step.js';
import { boardFacts, mount } from '../../fixtures/facts.js';

const planned = (facts: Facts): Plan => {
  const decision = planStart(facts, { dryRun: false, force: false });
  if (decision.decision !== 'go') throw new Error(decision.summary);
  return decision;
};
const actions = (facts: Facts): Action[] => planned(facts).steps.map(({ action }) => action);
const withContent = (kind: ContentKind): Facts => {
  const facts = boardFacts();
  return { ...facts, volume: { ...facts.volume, content: { kind, evidence: 'as seen' } } };
};
const withFilesystems = (filesystems: string[]): Facts => ({ ...boardFacts(), kernel: { ...boardFacts().kernel, filesystems } });

t.test('the board gets OpenWrt\'s steps in OpenWrt\'s order', async (t) => {
  const moving = actions(boardFacts()).filter(({ kind }) => ['make-private', 'mount', 'move', 'pivot-root', 'chdir'].includes(kind));
  t.same(moving, [
    { kind: 'make-private', path: '/', before: [] },
    { kind: 'mount', source: '/dev/mtdblock3', target: '/tmp/overlay', fstype: 'jffs2', flags: ['MS_NOATIME'], data: null },
    { kind: 'move', from: '/tmp/overlay', to: '/overlay' },
    { kind: 'mount', source: 'overlayfs:/overlay', target: '/mnt', fstype: 'overlay', flags: ['MS_NOATIME'], data: 'lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work' },
    { kind: 'move', from: '/proc', to: '/mnt/proc' },
    { kind: 'pivot-root', newRoot: '/mnt', putOld: '/mnt/rom' },
    { kind: 'chdir', path: '/' },
    { kind: 'move', from: '/rom/dev', to: '/dev' },
    { kind: 'move', from: '/rom/tmp', to: '/tmp' },
    { kind: 'move', from: '/rom/sys', to: '/sys' },
    { kind: 'move', from: '/rom/overlay', to: '/overlay' },
  ]);
});

t.test('upper and work are made before the overlay, and the workdir is cleaned', async (t) => {
  const ids = planned(boardFacts()).steps.map(({ id }) => id);
  t.same(ids.slice(ids.indexOf('data-place') + 1, ids.indexOf('overlay') + 1), ['upper', 'work', 'work-clean', 'overlay']);
  t.ok(ids.indexOf('writable') < ids.indexOf('pivot'), 'that flash takes writes is tried while there is a way back');
});

t.test('a kernel with only the old overlayfs gets the seed\'s layout without a workdir', async (t) => {
  const facts = withFilesystems(['jffs2', 'overlayfs']);
  t.match(
    actions(facts).filter(({ kind }) => kind === 'mount')[1],
    { fstype: 'overlayfs', data: 'lowerdir=/,upperdir=/overlay', source: 'overlayfs:/overlay' },
  );
  t.notOk(planned(facts).steps.some(({ id }) => ['upper', 'work', 'work-clean'].includes(id)));
  t.match(planned(facts).notes.join(), /only the out-of-tree overlayfs/);
});

t.test('a kernel with both gets the mainline overlay', async (t) => {
  t.match(actions(withFilesystems(['jffs2', 'overlayfs', 'overlay'])).filter(({ kind }) => kind === 'mount')[1], { fstype: 'overlay' });
});

t.test('every other mount on the root moves too, once a mountpoint, and what lies below one travels along', async (t) => {
  const facts = boardFacts();
  const run = mount('/run', { id: 501 });
  const mounts = [...facts.mounts, run, mount('/run/lock', { id: 502, parent: 501 }), mount('/run', { id: 503, parent: 501 }), mount('/etc/resolv.conf', { id: 504 })];
  const moved = actions({ ...facts, mounts }).flatMap((action) => (action.kind === 'move' && action.from.startsWith('/rom') ? [action.to] : []));
  t.same(moved, ['/dev', '/tmp', '/sys', '/run', '/etc/resolv.conf', '/overlay']);
});

t.test('propagation is put back in the order of the peer groups, so that they get their numbers again', async (t) => {
  const facts = boardFacts();
  const mounts = [...facts.mounts.map((each) => (each.mountpoint === '/' ? { ...each, shared: 7 } : each)), mount('/a', { id: 601, shared: 2 }), mount('/b', { id: 602, unbindable: true })];
  t.same(actions({ ...facts, mounts })[0], {
    kind: 'make-private',
    path: '/',
    before: [
      { mountpoint: '/a', was: 'shared' },
      { mountpoint: '/', was: 'shared' },
      { mountpoint: '/b', was: 'unbindable' },
    ],
  });
});

t.test('a tie between mounts that undoing cannot put back is told beforehand', async (t) => {
  const facts = boardFacts();
  const note = /undoing a failed start cannot put that tie back/;
  t.match(planned({ ...facts, mounts: [...facts.mounts, mount('/a', { master: 3 })] }).notes.join(), note);
  t.match(planned({ ...facts, mounts: [...facts.mounts, mount('/a', { id: 1, shared: 3 }), mount('/b', { id: 2, shared: 3 })] }).notes.join(), note);
  t.notMatch(planned(facts).notes.join(), note);
});

t.test('what the volume holds decides what is mounted from it', async (t) => {
  for (const [kind, fstype] of [['jffs2', 'jffs2'], ['blank', 'jffs2'], ['unreadable', 'jffs2'], ['ext4', 'ext4']] as const)
    t.match(actions(withContent(kind)).find((action) => action.kind === 'mount'), { fstype });
  t.match(planned(withContent('blank')).notes.join(), /is blank/);
});

t.test('whatever stands in the way is found before anything is touched, and told in one sentence with a cure', async (t) => {
  const facts = boardFacts();
  const root = facts.mounts.find(({ mountpoint }) => mountpoint === '/')!;
  const cases: [RefusalReason, number, Facts, RegExp][] = [
    ['not-linux', 1, { ...facts, platform: 'darwin' }, /needs a Linux kernel, and this is darwin/],
    ['guard', 5, { ...facts, preinit: false }, /call it from \/etc\/preinit/],
    ['not-root', 1, { ...facts, uid: 1000 }, /this is user 1000; run it as root/],
    ['no-mountinfo', 1, { ...facts, mounts: [] }, /mount proc on \/proc first/],
    ['root-is-ramfs', 1, { ...facts, mounts: [{ ...root, fstype: 'rootfs' }] }, /pivot_root\(2\) cannot work/],
    ['no-volume', 1, { ...facts, volume: { ...facts.volume, found: [], source: null, content: null } }, /no mtd partition named "rootfs_data"; this kernel has u-boot, kernel, rootfs, rootfs_data/],
    ['ambiguous-volume', 1, { ...facts, volume: { ...facts.volume, found: [1, 3], source: null, content: null } }, /\(mtd1, mtd3\)/],
    ['erase-marker', 1, withContent('erase-marker'), /marked to be erased/],
    ['unknown-content', 1, withContent('unknown'), /left alone because it may hold somebody's data/],
    ['unsupported-content', 1, withContent('squashfs'), /cannot be mounted from an mtd partition/],
    ['no-filesystem', 1, withFilesystems(['overlay']), /needs jffs2, which this kernel does not have/],
    ['no-overlay', 1, withFilesystems(['jffs2']), /CONFIG_OVERLAY_FS=y/],
    ['no-directory', 1, { ...facts, paths: { ...facts.paths, '/mnt': 'missing' } }, /\/mnt is missing, and start needs a directory there/],
    ['no-directory', 1, { ...facts, paths: { ...facts.paths, '/overlay': 'symlink' } }, /\/overlay is symlink/],
    ['occupied', 1, { ...facts, mounts: [...facts.mounts, mount('/overlay')] }, /already mounted on \/overlay/],
  ];
  for (const [reason, exit, given, says] of cases) {
    const decision = planStart(given, { dryRun: false, force: false });
    t.match(decision, { decision: 'refuse', reason, exit, summary: says }, reason);
    t.notMatch(decision.summary, /\n|\.$/, 'one sentence, to stand in a log line');
  }
});

t.test('a dry run and --force plan past the guard', async (t) => {
  const facts = { ...boardFacts(), preinit: false };
  t.equal(planStart({ ...facts, uid: 1000 }, { dryRun: true, force: false }).decision, 'go');
  t.equal(planStart(facts, { dryRun: false, force: true }).decision, 'go');
  t.match(planStart({ ...facts, uid: 1000 }, { dryRun: false, force: true }), { reason: 'not-root' }, '--force makes nobody root');
});

t.test('a root that already is the overlay leaves nothing to do', async (t) => {
  const facts = boardFacts();
  const mounts = facts.mounts.map((each) => (each.mountpoint === '/' ? { ...each, fstype: 'overlay', source: 'overlayfs:/overlay' } : each));
  t.match(planStart({ ...facts, mounts }, { dryRun: false, force: false }), { decision: 'already' });
});

t.test('ten thousand mounts are planned for', async (t) => {
  const facts = boardFacts();
  const many = Array.from({ length: 10_000 }, (_, index) => mount(`/run/${index}`, { id: 5000 + index, parent: 4999, shared: index + 1 }));
  const { steps } = planned({ ...facts, mounts: [...facts.mounts, mount('/run', { id: 4999 }), ...many] });
  t.equal(steps[0]!.action.kind === 'make-private' && steps[0]!.action.before.length, 10_000);
  t.same(steps.flatMap(({ action }) => (action.kind === 'move' && action.to.startsWith('/run') ? [action.to] : [])), ['/run'], 'they travel along with the one they stand on');
});

t.test('in every plan ids are unique, each step says why, and behind the pivot nothing is fatal', async (t) => {
  const facts = boardFacts();
  for (const each of [facts, withFilesystems(['jffs2', 'overlayfs']), withContent('blank'), { ...facts, mounts: [...facts.mounts, mount('/run'), mount('/var/log')] }]) {
    const { steps } = planned(each);
    t.equal(new Set(steps.map(({ id }) => id)).size, steps.length);
    for (const { why } of steps) t.match(why, /^\S.*[^.]\.$/);
    const pivot = steps.findIndex(({ action }) => action.kind === 'pivot-root');
    t.same(steps.slice(pivot + 1).filter(({ severity }) => severity === 'fatal'), []);
  }
});
