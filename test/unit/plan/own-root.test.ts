/** A root that keeps its changes itself: what a start and the other verbs make of it. */
import t from 'tap';
import type { Facts, Mount } from '../../../src/facts/facts.js';
import { OWN_ROOT, keepsItself } from '../../../src/plan/own-root.js';
import { planDone } from '../../../src/plan/done.js';
import { planRam } from '../../../src/plan/start.js';
import { planReset } from '../../../src/plan/reset.js';
import { planStop } from '../../../src/plan/stop.js';
import { withFault } from '../../../src/plan/fault.js';
import { diagnosis } from '../../../src/report/doctor/diagnose.js';
import { plannedForNotes } from '../../../src/report/root/root-words.js';
import { beforeStart } from '../../../src/report/root/before-pivot.js';
import { comparable, troubleWords } from '../../../src/report/root/comparable-layers.js';
import { boardFacts, ownRootFacts, withSettings } from '../../fixtures/facts.js';
import { actions, ids, next, past } from '../../fixtures/start-plans.js';
import { visibleAt } from '../../../src/facts/mountinfo.js';
import { walkTable } from '../../fixtures/walk-table.js';

const OPTIONS = { dryRun: false, force: true };
const RO = { options: ['ro', 'relatime'], superOptions: ['ro'] };

/** A board without a data volume, and its root. */
const rooted = (changes: Partial<Mount> = {}, words = 'root=/dev/vda rw'): Facts => {
  const facts = ownRootFacts(changes);
  return { ...facts, kernel: { ...facts.kernel, commandLine: `rootfstype=ext4 ${words}` } };
};

const asked = (facts: Facts, volume: string): Facts => ({
  ...facts,
  configuration: {
    settings: { ...facts.configuration.settings, volume },
    origins: { volume: 'mountroot' },
  },
});

const look = (facts: Facts) => ({ facts, root: visibleAt(facts.mounts, '/') });

t.test('which root keeps its changes, row by row', async (t) => {
  const kinds: Record<string, unknown> = {};
  walkTable(
    t,
    OWN_ROOT,
    {
      'no-such-root': look(rooted({ fstype: 'squashfs', ...RO })),
      'overlay-asked': look(asked(rooted(), 'LABEL=data')),
      volume: look({ ...rooted(), volume: boardFacts().volume }),
      protected: look({ ...rooted(), rootProtected: true }),
      kept: look(rooted()),
      lost: look(rooted({ superOptions: ['ro', 'errors=remount-ro'] })),
      'meant-read-only': look(rooted(RO, 'root=/dev/vda ro')),
      'protected-image': look({ ...rooted(RO, ''), rootProtected: true }),
      'to-be-written': look(rooted(RO, 'root=/dev/vda')),
    },
    (kind, id) => void (kinds[id] = kind),
  );
  t.same(kinds, {
    'no-such-root': null,
    'overlay-asked': null,
    volume: null,
    protected: 'lost',
    kept: 'kept',
    lost: 'lost',
    'meant-read-only': null,
    'protected-image': null,
    'to-be-written': 'to-be-written',
  });
});

t.test('a writable root of any lasting file system is left alone', async (t) => {
  for (const fstype of [
    'ext4',
    'f2fs',
    'ubifs',
    'jffs2',
    'btrfs',
    'xfs',
    'nfs',
    '9p',
    'virtiofs',
  ]) {
    const plan = next(rooted({ fstype }));
    t.match(plan, { stage: 'root', rung: 'persistent', reason: null, because: null, last: true });
    t.match(plan.summary, `${fstype} /dev/root`);
    t.notOk(
      actions(plan).some(
        ({ kind, ...data }) => kind === 'mount' && JSON.stringify(data).includes('overlay'),
      ),
      `${fstype}: nothing is laid over it`,
    );
  }
});

t.test('a root that keeps nothing gets its overlay as before', async (t) => {
  const roots: [string, Facts][] = [
    ['a squashfs', rooted({ fstype: 'squashfs', ...RO })],
    ['memory', rooted({ fstype: 'tmpfs', device: '0:9', source: 'tmpfs' })],
    ['a ramdisk', rooted({ device: '1:0' })],
    ['zram', rooted({ device: '252:0', source: '/dev/zram0' })],
    ["another program's overlay", rooted({ fstype: 'overlay', device: '0:9', source: 'overlay' })],
    ['an unknown file system', rooted({ fstype: 'fuse.something', device: '0:9' })],
    ['an image that is to stay read-only', rooted(RO, 'rw root=/dev/vda ro')],
    [
      'a board whose maintainer wants the overlay',
      withSettings({ writable_root: 'overlay' }, rooted()),
    ],
  ];
  for (const [what, facts] of roots) {
    const { rung, reason } = next(facts);
    t.same([rung, reason], ['volatile', 'no-volume'], what);
  }
});

t.test('with a data volume the overlay is made, and `ram` makes one in memory', async (t) => {
  t.match(next({ ...rooted(), volume: boardFacts().volume }), { stage: 'open' });
  t.match(planRam(rooted(), OPTIONS), { rung: 'volatile', reason: 'asked' });
});

t.test('a root that nobody asked to be read-only is made writable, as OpenWrt does', async (t) => {
  const facts = rooted(RO, 'root=/dev/vda');
  const plan = next(facts);
  t.match(plan, { rung: 'persistent', reason: null });
  t.match(
    plan.steps.find(({ id }) => id === 'root-writable'),
    { severity: 'fatal', action: { kind: 'remount', path: '/', readonly: false } },
  );
  const refused = next(facts, [past('root', { step: 'root-writable', errno: 'EROFS' })]);
  t.match(refused, { rung: 'volatile', reason: 'root-protected', because: /cannot do it/ });
});

t.test('a root that an error made read-only is not written to again', async (t) => {
  for (const facts of [
    rooted({ superOptions: ['ro', 'errors=remount-ro'] }),
    { ...rooted(), rootProtected: true as const },
  ]) {
    const plan = next(facts);
    t.match(plan, { rung: 'volatile', reason: 'root-protected' });
    t.notOk(ids(plan).includes('root-writable'));
    t.notMatch(plan.steps.map(({ why }) => why).join(), /settings/);
  }
});

t.test('the other verbs say what such a root is, and do it no harm', async (t) => {
  const facts = { ...rooted(), shutdown: true };
  t.match(planDone(facts, OPTIONS), {
    decision: 'go',
    rung: 'persistent',
    summary: /keeps its changes itself/,
    steps: [{ action: { kind: 'sync', path: '/' } }],
  });
  t.match(planStop(facts, OPTIONS), { decision: 'go', steps: [{ action: { kind: 'sync' } }] });
  t.match(planReset(facts, OPTIONS), {
    decision: 'refuse',
    summary: /keeps its changes itself.*nothing was reset; write the image anew/,
  });
  t.match(
    planReset(rooted(RO, 'root=/dev/vda'), OPTIONS),
    { decision: 'refuse', summary: /nothing was reset/ },
    'also before the start made it writable',
  );
  const layers = comparable(facts.mounts);
  t.match('trouble' in layers ? troubleWords(layers.trouble) : '', /keeps its changes itself/);
});

t.test('a fault of the agent leaves it alone too', async (t) => {
  const broken = withFault(rooted(), { code: 'fault', part: 'it looked', text: 'oops' });
  const plan = next(broken);
  t.match(plan, { rung: 'persistent', reason: 'agent-failed', steps: [] });
});

t.test('the doctor and a plan tell that a start leaves it alone', async (t) => {
  const facts = { ...rooted(), preinit: true };
  t.ok(keepsItself(facts));
  const checks = diagnosis(facts, null).checks;
  for (const id of ['ladder', 'today', 'volume'])
    t.match(
      checks.find((check) => check.id === id),
      { verdict: 'ok', finding: /keeps its changes itself/ },
      id,
    );
  t.match(plannedForNotes(beforeStart(facts)).join('; '), /a start leaves it alone/);
});

t.test('steps call only a read-only root an image', async (t) => {
  const why = (facts: Facts): string =>
    next(facts)
      .steps.map((step) => step.why)
      .join(' ');
  t.notMatch(why(withSettings({ writable_root: 'overlay' }, rooted())), /read-only image/);
  t.match(why(rooted(RO, 'ro')), /read-only image/);
});
