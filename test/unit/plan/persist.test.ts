/** Plans of a root in memory on which paths last. */
import t from 'tap';
import type { Facts, MountedVolume, PersistPlace } from '../../../src/facts/facts.js';
import { pathOfPersist, persistName } from '../../../src/facts/persist-paths.js';
import { persistObstacle } from '../../../src/plan/persist.js';
import type { StageResult } from '../../../src/plan/plan.js';
import { resetSteps } from '../../../src/plan/reset-steps.js';
import fc from 'fast-check';
import { mount, openedFacts, withSettings } from '../../fixtures/facts.js';
import { actions, next } from '../../fixtures/start-plans.js';
import { failedAt, succeeded } from '../../fixtures/walk-table.js';

const place = (path: string, changes: Partial<PersistPlace> = {}): PersistPlace => ({
  path,
  at: path,
  kind: 'directory',
  ...changes,
});

const factsWith = (
  places: readonly PersistPlace[],
  opened: Partial<MountedVolume> = {},
): Facts => ({
  ...withSettings({ persist: places.map(({ path }) => path) }, openedFacts(opened)),
  persist: [...places],
});

const NETWORK = place('/etc/network');
const APP = place('/var/lib/app', { at: '/var/lib/app', kind: 'missing' });
const failing = (step: string, errno: string | null): StageResult =>
  failedAt('root', errno, { step, rung: 'volatile', reason: 'persist' });
const OPEN = succeeded('open');

const overlays = (facts: Facts, ...earlier: StageResult[]): Record<string, string> =>
  Object.fromEntries(
    actions(next(facts, [OPEN, ...earlier])).flatMap((action) =>
      action.kind === 'mount' && action.source === 'mountroot-persist'
        ? [[action.target, action.data!]]
        : [],
    ),
  );

t.test('each path has an overlay whose upper layer is on the volume', async (t) => {
  const plan = next(factsWith([NETWORK, APP]), [OPEN]);
  t.match(plan, { rung: 'volatile', reason: 'persist', last: true });
  t.same(overlays(factsWith([NETWORK, APP])), {
    '/mnt/etc/network':
      'lowerdir=/etc/network,upperdir=/overlay/persist/etc%2Fnetwork/upper,' +
      'workdir=/overlay/persist/etc%2Fnetwork/work',
    '/mnt/var/lib/app':
      'lowerdir=/tmp/root/empty,upperdir=/overlay/persist/var%2Flib%2Fapp/upper,' +
      'workdir=/overlay/persist/var%2Flib%2Fapp/work',
  });
  const pivot = plan.steps.findIndex(({ action }) => action.kind === 'pivot-root');
  const last = plan.steps.findLastIndex(({ id }) => id.startsWith('persist-'));
  t.ok(last < pivot, 'everything that may fail is before the pivot');
  t.ok(plan.steps.every(({ id, severity }) => !/^persist-/.test(id) || severity === 'fatal'));
});

t.test('a path that fails is mounted as it was saved, then left out; others last', async (t) => {
  const facts = factsWith([NETWORK, APP], {
    persist: [{ path: '/etc/network', upper: 'directory' }],
  });
  const once = next(facts, [OPEN, failing('persist-1-overlay', 'EINVAL')]);
  t.match(once, {
    rung: 'volatile',
    reason: 'persist-failed',
    because: /as it was|what was saved/,
  });
  const kept = overlays(facts, failing('persist-1-overlay', 'EINVAL'));
  t.match(kept['/mnt/etc/network'], 'lowerdir=/overlay/persist/etc%2Fnetwork/upper:/etc/network');
  t.match(kept['/mnt/var/lib/app'], 'upperdir=/overlay/persist/');
  t.same(
    Object.keys(
      overlays(
        facts,
        failing('persist-1-overlay', 'EINVAL'),
        failing('persist-1-overlay', 'EINVAL'),
      ),
    ),
    ['/mnt/var/lib/app'],
  );
});

t.test('a volume that takes no writes shows what all paths have kept', async (t) => {
  const saved = { persist: [{ path: '/etc/network', upper: 'directory' as const }] };
  for (const [facts, earlier, reason] of [
    [factsWith([NETWORK, APP], { ...saved, readonly: true }), [], 'write-protected'],
    [factsWith([NETWORK, APP], saved), [failing('persist-2-work', 'ENOSPC')], 'full'],
    [factsWith([NETWORK, APP], saved), [failing('persist-1-writable', 'EROFS')], 'write-protected'],
  ] as const) {
    const plan = next(facts, [OPEN, ...earlier]);
    t.match(plan, { rung: 'kept-read-only', reason });
    t.same(Object.keys(overlays(facts, ...earlier)), ['/mnt/etc/network']);
    t.notOk(
      actions(plan).some(
        (action) => action.kind === 'make-like' && action.path.startsWith('/overlay'),
      ),
      'nothing is made on the volume',
    );
  }
});

t.test('however much fails, a start ends in a root within its number of plans', async (t) => {
  const steps = ['persist-1-overlay', 'persist-2-upper', 'persist-3-work', 'pivot', 'ram'];
  const errnos = ['EIO', 'ENOSPC', 'EINVAL', 'EROFS', null];
  const three = [NETWORK, APP, place('/srv')];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...steps), fc.constantFrom(...errnos)), {
        minLength: 14,
        maxLength: 14,
      }),
      (faults) => {
        const earlier: StageResult[] = [OPEN];
        for (const [step, errno] of faults) {
          const plan = next(factsWith(three), earlier);
          if (plan.rung === 'rom') return true;
          const has = plan.steps.some(({ id }) => id === step);
          if (!has) return true;
          earlier.push({
            ...failedAt('root', errno, { step, rung: plan.rung, reason: plan.reason }),
          });
        }
        return false;
      },
    ),
  );
  t.pass();
});

t.test('the image may have no place for a path', async (t) => {
  const facts = factsWith([NETWORK]);
  t.equal(persistObstacle(facts, NETWORK), null);
  t.equal(persistObstacle(facts, APP), null);
  const cases: [PersistPlace, RegExp][] = [
    [place('/etc/hostname', { kind: 'file' }), /is a file.*name its directory/],
    [place('/var/run/x', { at: '/var/run', kind: 'symlink' }), /^\/var\/run is a symlink/],
    [place('/etc/fifo', { kind: 'other' }), /is no directory/],
  ];
  for (const [each, says] of cases) t.match(persistObstacle(facts, each), says);
  for (const [at, path] of [
    ['/data', '/data'],
    ['/data', '/data/app'],
    ['/data/app', '/data'],
  ] as const)
    t.match(
      persistObstacle({ ...facts, mounts: [...facts.mounts, mount(at, { id: 950 })] }, place(path)),
      new RegExp(`is mounted on ${at}$`),
    );
});

t.test('the name on the volume gives the path back, and is one name', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-zA-Z0-9%._ -]{1,8}$/), { minLength: 1, maxLength: 4 }),
      (parts) => {
        const path = `/${parts.join('/')}`;
        const name = persistName(path);
        return !name.includes('/') && pathOfPersist(name) === path;
      },
    ),
  );
  t.equal(pathOfPersist('etc%2fnetwork'), null, 'a name that we do not give');
});

t.test('a reset clears each path, but for what is kept', async (t) => {
  const volume = {
    ...openedFacts().opened!,
    persist: ['/etc/network', '/var/lib/app', '/srv'].map((path) => ({
      path,
      upper: 'directory' as const,
    })),
  };
  const steps = resetSteps(volume, ['/etc/network/wifi', '/srv'], false);
  t.match(
    steps.filter(({ id }) => id.startsWith('persist-')).map(({ action }) => action),
    [
      { kind: 'clear', path: /etc%2Fnetwork\/upper$/, keep: ['/wifi'] },
      { kind: 'remove-tree', path: /etc%2Fnetwork\/work$/ },
      { kind: 'remove-tree', path: /var%2Flib%2Fapp$/ },
    ],
  );
  t.notOk(steps.some(({ action }) => JSON.stringify(action).includes('persist/srv')));
});
