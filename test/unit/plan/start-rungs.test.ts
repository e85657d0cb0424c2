import t from 'tap';
import type { Facts } from '../../../src/facts/facts.js';
import type { StageResult, Plan, Reason, RefusalReason } from '../../../src/plan/plan.js';
import { planStart } from '../../../src/plan/start.js';
import {
  boardFacts,
  device,
  mount,
  openedFacts,
  withContent,
  withFilesystems,
  withVolume,
} from '../../fixtures/facts.js';
import { next, actions, past } from '../../fixtures/start-plans.js';

t.test(
  'a start that must not run is refused before any change, in one sentence with a cure',
  async (t) => {
    const facts = boardFacts();
    const root = facts.mounts.find(({ mountpoint }) => mountpoint === '/')!;
    const cases: [RefusalReason, number, Facts, RegExp][] = [
      [
        'not-linux',
        1,
        { ...facts, platform: 'darwin' },
        /needs a Linux kernel, and this is darwin/,
      ],
      ['guard', 5, { ...facts, preinit: false }, /call it from \/etc\/preinit/],
      ['not-root', 1, { ...facts, uid: 1000 }, /this is user 1000; run it as root/],
      [
        'root-is-ramfs',
        1,
        { ...facts, mounts: [{ ...root, fstype: 'rootfs' }] },
        /pivot_root\(2\) cannot work/,
      ],
    ];
    for (const [reason, exit, given, says] of cases) {
      const decision = planStart(given, { dryRun: false, force: false });
      t.match(decision, { decision: 'refuse', reason, exit, summary: says }, reason);
      t.notMatch(decision.summary, /\n|\.$/, 'one sentence, to stand in a log line');
    }
  },
);

t.test(
  'each cause that makes the settings unusable has its reason, and the next rung follows',
  async (t) => {
    const facts = boardFacts();
    const cases: [Reason, Plan['rung'], Facts, RegExp][] = [
      ['no-mountinfo', 'rom', { ...facts, mounts: [] }, /mount proc on \/proc first/],
      [
        'no-volume',
        'volatile',
        withVolume({ found: [], content: null }),
        /no mtd partition named "rootfs_data"; this kernel has u-boot, kernel, rootfs, rootfs_data/,
      ],
      [
        'ambiguous-volume',
        'volatile',
        withVolume({ found: [device(), device({ name: 'mtd1' })], content: null }),
        /\(mtd3, mtd1\)/,
      ],
      ['erase-marker', 'volatile', withContent('erase-marker'), /marked to be erased/],
      [
        'unknown-content',
        'volatile',
        withContent('unknown'),
        /left alone because it may hold somebody's data/,
      ],
      [
        'unsupported-content',
        'volatile',
        withContent('squashfs'),
        /cannot be mounted from an mtd partition/,
      ],
      [
        'no-filesystem',
        'volatile',
        withFilesystems(['overlay']),
        /needs jffs2, which this kernel does not have/,
      ],
      ['no-overlay', 'rom', withFilesystems(['jffs2']), /CONFIG_OVERLAY_FS=y/],
      [
        'no-directory',
        'rom',
        { ...facts, paths: { ...facts.paths, '/tmp': 'missing' } },
        /\/tmp is missing/,
      ],
      [
        'no-directory',
        'rom',
        { ...facts, mounts: [...facts.mounts, mount('/rom')] },
        /already mounted on \/rom/,
      ],
      [
        'write-protected',
        'kept-read-only',
        openedFacts({ readonly: true }),
        /can only be mounted read-only/,
      ],
      ['boot-loop', 'volatile', openedFacts({ attempts: 5 }), /5 starts in a row never reached/],
    ];
    for (const [reason, rung, given, says] of cases) {
      const plan = next(given);
      t.match(plan, { reason, rung, because: says, last: true }, reason);
      t.notMatch(plan.because, /\n|\.$/, 'one sentence, to stand in a log line');
    }
  },
);

t.test("a failed rung is followed by the one below it, with the kernel's reason", async (t) => {
  const open = past('open');
  const root = (step: string, errno: string | null): StageResult[] => [
    open,
    past('root', { step, errno, error: `${step} failed` }),
  ];
  const cases: [StageResult[], Facts, Plan['rung'], Reason][] = [
    [[past('open', { errno: 'EIO' })], boardFacts(), 'volatile', 'mount-failed'],
    [root('writable', 'ENOSPC'), openedFacts(), 'kept-read-only', 'full'],
    [root('writable', 'EROFS'), openedFacts(), 'kept-read-only', 'write-protected'],
    [root('writable', 'EIO'), openedFacts(), 'kept-read-only', 'write-protected'],
    [root('overlay', null), openedFacts(), 'kept-read-only', 'write-protected'],
    [root('pivot', 'EINVAL'), openedFacts(), 'kept-read-only', 'overlay-failed'],
    [
      root('overlay', null).map((each) => ({ ...each, warned: ['ENOSPC'] })),
      openedFacts(),
      'kept-read-only',
      'full',
    ],
    [
      [...root('overlay', 'EINVAL'), past('root', {}, 'kept-read-only')],
      openedFacts(),
      'volatile',
      'overlay-failed',
    ],
    [
      [
        ...root('overlay', 'EINVAL'),
        past('root', {}, 'kept-read-only'),
        past('root', {}, 'volatile'),
      ],
      openedFacts(),
      'rom',
      'overlay-failed',
    ],
    [root('overlay', 'EINVAL'), openedFacts({ upper: 'missing' }), 'volatile', 'overlay-failed'],
  ];
  for (const [before, facts, rung, reason] of cases)
    t.match(next(facts, before), { rung, reason, last: true }, `${rung} ${reason}`);
});

t.test(
  'a volume that refuses to be mounted for writing is mounted read-only, and its settings are used',
  async (t) => {
    const again = next(boardFacts(), [past('open', { errno: 'EROFS' })]);
    t.match(
      actions(again).find((action) => action.kind === 'mount' && action.target === '/tmp/overlay'),
      { flags: ['MS_RDONLY', 'MS_NOATIME'] },
    );
    t.match(
      next(boardFacts(), [past('open', { errno: 'EROFS' }), past('open', { errno: 'EIO' })]),
      { rung: 'volatile', reason: 'mount-failed' },
    );
  },
);

t.test('settings kept read-only become a lower layer that nobody can write to', async (t) => {
  const plan = next(openedFacts(), [
    past('open'),
    past('root', { step: 'writable', errno: 'ENOSPC' }),
  ]);
  t.match(
    actions(plan).find((action) => action.kind === 'mount' && action.fstype === 'overlay'),
    {
      source: 'overlayfs:/tmp/root',
      data: 'lowerdir=/overlay/upper:/,upperdir=/tmp/root/upper,workdir=/tmp/root/work',
    },
  );
  t.match(
    actions(plan).find(({ kind }) => kind === 'remount'),
    { path: '/overlay', readonly: true },
  );
});

t.test('UBI that stopped writing is no write protection, and the cure says so', async (t) => {
  const found = [device({ kind: 'ubi', name: 'ubi0_0', source: 'ubi0_0', number: null })];
  const content = { kind: 'ubifs', evidence: 'as seen' } as const;
  const plan = next(withVolume({ found, content }, openedFacts({ readonly: true })));
  t.match(plan, {
    reason: 'write-protected',
    rung: 'kept-read-only',
    because: /UBI or UBIFS found an error and stopped writing.*`mountroot export`/,
  });
});
