/** The mount options that OpenWrt's preinit gives to `mount_root start`. */
import t from 'tap';
import { givenOptions } from '../../../src/facts/given-options.js';
import { climb } from '../../../src/plan/ladder.js';
import { boardFacts } from '../../fixtures/facts.js';
import { failedAt } from '../../fixtures/walk-table.js';

t.test('only options of the file system itself are passed on', async (t) => {
  for (const [words, data, ignored] of [
    [[''], null, []],
    [['', ' '], null, []],
    [['rw,noatime'], null, []],
    [['compr=zlib'], 'compr=zlib', []],
    [['rw,compr=zstd', 'rp_size=64'], 'compr=zstd,rp_size=64', []],
    [['ro,compr=none,nosuid'], 'compr=none', ['ro', 'nosuid']],
    [['a\nb'], null, ['a\nb']],
    [['x'.repeat(256)], null, ['x'.repeat(256)]],
  ] as const)
    t.same(givenOptions(words), { data, ignored }, words.join(' '));
});

const dataOf = (facts = boardFacts(), ...earlier: ReturnType<typeof failedAt>[]) => {
  const plan = climb(facts, earlier);
  const mount = plan.steps.find(({ id }) => id === 'data')?.action;
  return {
    stage: plan.stage,
    rung: plan.rung,
    data: mount?.kind === 'mount' ? mount.data : undefined,
    readonly: mount?.kind === 'mount' && mount.flags.includes('MS_RDONLY'),
    notes: plan.notes,
  };
};

t.test(
  'the data volume is mounted with the options, and without them where it refuses them',
  (t) => {
    const facts = boardFacts({ mountOptions: 'compr=zlib' });
    t.match(dataOf(), { stage: 'open', data: null });
    t.match(dataOf(facts), { stage: 'open', data: 'compr=zlib', notes: [] });
    t.match(dataOf(facts, failedAt('open', 'EINVAL')), {
      stage: 'open',
      data: null,
      readonly: false,
      notes: [/^the mount options that the caller gave \(compr=zlib\) were refused/],
    });
    const refused = failedAt('open', 'EINVAL');
    t.match(dataOf(facts, refused, failedAt('open', 'EROFS')), { data: null, readonly: true });
    t.match(dataOf(facts, refused, failedAt('open', 'EIO')), { stage: 'root', rung: 'volatile' });
    t.match(dataOf(facts, refused, failedAt('open', 'EINVAL')), {
      stage: 'root',
      rung: 'volatile',
    });
    t.match(dataOf(facts, failedAt('open', 'EROFS')), { data: 'compr=zlib', readonly: true });
    t.match(dataOf(boardFacts(), failedAt('open', 'EINVAL')), { stage: 'root', rung: 'volatile' });
    t.end();
  },
);
