import t from 'tap';
import type { Facts } from '../../../src/facts/facts.js';
import { planRam, planStart } from '../../../src/plan/start.js';
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
import { next, whole, actions, past } from '../../fixtures/start-plans.js';

t.test('a slow volume is waited for once, and UBI is attached once', async (t) => {
  const slow = withVolume({ wanted: 'LABEL=data', found: [], content: null });
  t.match(next(slow), { stage: 'wait', last: false });
  t.match(next(slow, [past('wait', {})]), {
    rung: 'volatile',
    reason: 'no-volume',
    because: /there is no volume LABEL=data.* after 10 s of waiting/,
  });
  const ubi = withVolume({ found: [], content: null, attach: 3 });
  t.match(actions(next(ubi)), [{ kind: 'attach-ubi', mtd: 3 }]);
  t.match(next(ubi, [past('attach', { error: 'no' })]), {
    rung: 'volatile',
    reason: 'attach-failed',
  });
  t.match(next(ubi, [past('attach')]), {
    rung: 'volatile',
    reason: 'attach-failed',
    because: /shows no volume/,
  });
});

t.test(
  'UBIFS that never made itself to the end is emptied once the kernel refused it',
  async (t) => {
    const found = [device({ kind: 'ubi' as const, name: 'ubi0_0', size: 65536, eraseBlock: 4096 })];
    const content = { kind: 'ubifs' as const, evidence: 'e', unfinished: true as const };
    const facts = withVolume({ found, content });
    const refused = past('open', { error: 'no', errno: 'EINVAL' });
    t.notMatch(actions(next(facts)), [{ kind: 'empty-ubi' }]);
    const steps = actions(next(facts, [refused]));
    t.match(steps[0], { kind: 'empty-ubi', device: '/dev/ubi0_0', blocks: 16 });
    t.match(steps.at(-1), { kind: 'mount', source: found[0]!.source });
    t.match(actions(next(facts, [past('open', { error: 'no', errno: 'EUCLEAN' })]))[0], {
      kind: 'empty-ubi',
    });
    t.match(next(facts, [refused]).notes, [/stopped UBIFS .*no file was on it/]);
    t.match(next(facts, [refused, refused]), { rung: 'volatile', reason: 'mount-failed' });
    t.match(next(facts, [past('open', { step: 'staging', error: 'no', errno: 'EINVAL' })]), {
      rung: 'volatile',
    });
    const used = withVolume({ found, content: { kind: 'ubifs', evidence: 'e' } });
    t.match(next(used, [refused]), { rung: 'volatile', reason: 'mount-failed' });
    t.match(next(facts, [past('open', { error: 'no', errno: 'EIO' })]), { rung: 'volatile' });
  },
);

t.test(
  'an external volume is used if it belongs to this board, otherwise the internal one, ' +
    'with a loud message',
  async (t) => {
    const external = {
      wanted: 'LABEL=ext',
      found: [
        device({
          kind: 'block' as const,
          name: 'vda',
          label: 'ext',
          source: '/dev/vda',
          number: '254:0',
          eraseBlock: null,
        }),
      ],
      content: { kind: 'ext4' as const, evidence: '' },
      attach: null,
      at: '/tmp/extroot',
      readonly: false,
      identity: 'me',
      upper: 'missing' as const,
      work: 'missing' as const,
      init: false,
      offered: '',
    };
    const facts = withFilesystems(
      ['jffs2', 'ext4', 'overlay'],
      withSettings({ extroot: 'LABEL=ext' }, openedFacts({ identity: 'me' }, { external })),
    );
    const at = (changes: Partial<typeof external> & object): Facts => ({
      ...facts,
      external: { ...external, ...changes },
    });
    t.match(next(facts), { stage: 'external-root', rung: 'persistent', reason: null });
    t.match(next(at({ at: null as never })), { stage: 'external', last: false });
    t.match(next(at({ found: [], content: null as never })), { stage: 'external-wait' });
    t.match(next(at({ found: [], content: null as never }), [past('external-wait', {})]), {
      stage: 'root',
      rung: 'persistent',
      reason: 'extroot-missing',
    });
    t.match(next(at({ identity: 'other' })), {
      stage: 'root',
      rung: 'persistent',
      reason: 'extroot-mismatch',
      because: /belongs to another board/,
    });
    t.match(next(facts, [past('external-root', {})]), { stage: 'root', reason: 'extroot-failed' });
    const adopted = next(at({ identity: null as never }));
    t.match(
      actions(adopted)
        .filter(({ kind }) => kind === 'write')
        .at(-1),
      { path: '/overlay/upper/etc/.extroot-uuid', content: 'me\n' },
    );
    const whole = withSettings({ extroot: 'LABEL=ext', extroot_target: 'root' }, facts);
    t.match(next(whole), { stage: 'root', reason: 'extroot-failed', because: /holds no init/ });
    t.match(
      actions(next({ ...whole, external: { ...external, init: true } })).find(
        (action) => action.kind === 'move',
      ),
      { from: '/tmp/extroot', to: '/mnt' },
    );
  },
);

t.test('a requested root in memory is not degraded, and examines no volume', async (t) => {
  const decision = planRam(withContent('unknown'), { dryRun: false, force: false });
  t.match(decision, {
    decision: 'go',
    verb: 'ram',
    rung: 'volatile',
    reason: 'asked',
    last: true,
  });
});

t.test('a dry run and --force plan past the guard', async (t) => {
  const facts = { ...boardFacts(), preinit: false };
  t.equal(planStart({ ...facts, uid: 1000 }, { dryRun: true, force: false }).decision, 'go');
  t.equal(planStart(facts, { dryRun: false, force: true }).decision, 'go');
  t.match(
    planStart({ ...facts, uid: 1000 }, { dryRun: false, force: true }),
    { reason: 'not-root' },
    '--force makes nobody root',
  );
});

t.test('a root that already is an overlay of ours leaves nothing to do', async (t) => {
  const facts = boardFacts();
  const from = (source: string): Facts => ({
    ...facts,
    mounts: facts.mounts.map((each) =>
      each.mountpoint === '/' ? { ...each, fstype: 'overlay', source } : each,
    ),
  });
  t.match(planStart(from('overlayfs:/overlay'), { dryRun: false, force: false }), {
    decision: 'already',
    exit: 0,
  });
  t.match(planStart(from('overlayfs:/tmp/root'), { dryRun: false, force: false }), {
    decision: 'already',
    exit: 3,
  });
});

t.test('ten thousand mounts are planned for', async (t) => {
  const facts = openedFacts();
  const many = Array.from({ length: 10_000 }, (_, index) =>
    mount(`/run/${index}`, { id: 5000 + index, parent: 4999, shared: index + 1 }),
  );
  const plan = next({ ...facts, mounts: [...facts.mounts, mount('/run', { id: 4999 }), ...many] });
  const made = actions(plan).find((action) => action.kind === 'make-private');
  t.equal(made?.kind === 'make-private' && made.before.length, 10_000);
  t.same(
    actions(plan).flatMap((action) =>
      action.kind === 'move' && action.from.startsWith('/run') ? [action.from] : [],
    ),
    ['/run'],
    'they travel along with the one they stand on',
  );
});

t.test(
  'in every plan ids are unique, each step says why, and after the pivot nothing is fatal',
  async (t) => {
    const facts = boardFacts();
    for (const each of [
      facts,
      withFilesystems(['jffs2', 'overlayfs']),
      withContent('blank'),
      withContent('unknown'),
      openedFacts({ state: 'damaged', upper: 'file', work: 'file' }),
      { ...facts, mounts: [...facts.mounts, mount('/run'), mount('/var/log')] },
    ]) {
      const { steps } = whole(each);
      t.equal(new Set(steps.map(({ id }) => id)).size, steps.length);
      for (const { why } of steps) t.match(why, /^\S.*[^.]\.$/);
      const pivot = steps.findIndex(({ action }) => action.kind === 'pivot-root');
      t.same(
        steps.slice(pivot + 1).filter(({ severity }) => severity === 'fatal'),
        [],
      );
    }
  },
);

t.test(
  'a plain name is waited for if the image itself is on a disk, and not on flash',
  async (t) => {
    const facts = boardFacts();
    const none = withVolume(
      { found: [], content: null },
      {
        ...facts,
        configuration: { ...facts.configuration, origins: { volume: 'fstools_overlay_name' } },
      },
    );
    t.match(next(none), { stage: 'root', reason: 'no-volume' });
    const onDisk = {
      ...none,
      mounts: none.mounts.map((each) =>
        each.mountpoint === '/' ? { ...each, device: '179:2' } : each,
      ),
    };
    t.match(next(onDisk), { stage: 'wait' });
    t.match(
      next({ ...onDisk, configuration: facts.configuration }),
      { stage: 'root', reason: 'no-volume' },
      'nor the name that every board has without asking',
    );
    t.match(next(onDisk, [past('wait', { errno: 'ENODEV' })]), {
      stage: 'root',
      reason: 'no-volume',
      because: /after 10 s of waiting/,
    });
    t.match(next(withVolume({ wanted: 'mtd7' }, onDisk)), { stage: 'root', reason: 'no-volume' });
  },
);
