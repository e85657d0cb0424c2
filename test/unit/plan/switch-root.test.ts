import t from 'tap';
import type { Facts, Handover, RootVolume } from '../../../src/facts/facts.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import type { Decision, StageResult, Plan } from '../../../src/plan/plan.js';
import { renderSh } from '../../../src/plan/render-sh.js';
import { planStart, planSwitchRoot } from '../../../src/plan/start.js';
import { boardFacts, device, mount } from '../../fixtures/facts.js';

const root = (changes: Partial<RootVolume> = {}): RootVolume => ({
  wanted: '/dev/mtdblock2',
  found: [device({ name: 'mtd2', label: 'rootfs', source: '/dev/mtdblock2', number: '31:2' })],
  content: { kind: 'squashfs', evidence: 'as seen' },
  attach: null,
  fstypes: [],
  options: null,
  writable: false,
  patient: false,
  ...changes,
});

const IN = {
  '/tmp': 'directory',
  '/proc': 'directory',
  '/overlay': 'directory',
  '/rom': 'directory',
} as const;
const SOUND = { at: '/newroot', paths: IN, programs: [{ path: '/sbin/init', trouble: null }] };

/** An initramfs of the emulated board; process 1 looks at it. */
function initramfs(changes: Partial<Handover> = {}, bare = false): Facts {
  const facts = boardFacts();
  const handover: Handover = {
    pid: 1,
    ramfs: true,
    root: root(),
    asked: null,
    at: null,
    paths: {},
    programs: [],
    args: [],
    ...changes,
  };
  const top = {
    ...facts.mounts.find(({ mountpoint }) => mountpoint === '/')!,
    fstype: 'rootfs',
    source: 'rootfs',
    device: '0:2',
  };
  const others = bare
    ? []
    : [...facts.mounts.filter(({ mountpoint }) => mountpoint !== '/'), mount('/run')];
  const image =
    handover.at === null
      ? []
      : [
          mount(handover.at, {
            id: 800,
            fstype: 'squashfs',
            source: '/dev/mtdblock2',
            device: '31:2',
          }),
        ];
  return { ...facts, mounts: [top, ...others, ...image], handover };
}

const real = { dryRun: false, force: false };
const plan = (decision: Decision): Plan => {
  if (decision.decision !== 'go') throw new Error(decision.summary);
  return decision;
};
const ids = (decision: Decision): string[] => plan(decision).steps.map(({ id }) => id);
const past = (stage: StageResult['stage'], error: string | null = null): StageResult => ({
  stage,
  rung: 'persistent',
  reason: null,
  because: null,
  failed: error === null ? null : { step: 'x', errno: 'EIO', error },
  warned: [],
});

t.test('process 1 first makes the missing mounts, and only those', async (t) => {
  t.same(ids(planStart(initramfs({}, true), real)), [
    'place-proc',
    'early-proc',
    'place-sys',
    'early-sys',
    'place-dev',
    'early-dev',
    'place-tmp',
    'early-tmp',
    'place-run',
    'early-run',
  ]);
  const facts = initramfs();
  t.same(
    ids(
      planStart(
        { ...facts, mounts: facts.mounts.filter(({ mountpoint }) => mountpoint !== '/run') },
        real,
      ),
    ),
    ['place-run', 'early-run'],
  );
  t.match(planStart(initramfs(), real), { stage: 'image' }, 'with all there it goes on');
  t.match(
    planStart(initramfs({}, true), { ...real, earlier: [past('early', 'cannot mount')] }),
    { stage: 'image' },
    'and it is not tried twice',
  );
});

t.test(
  'on a root that the kernel mounted, process 1 makes its mounts too, and then the usual root',
  async (t) => {
    const facts = {
      ...boardFacts(),
      handover: {
        pid: 1,
        ramfs: false,
        root: null,
        asked: null,
        at: null,
        paths: {},
        programs: [],
        args: [],
      },
    };
    t.match(
      planStart(
        { ...facts, mounts: facts.mounts.filter(({ mountpoint }) => mountpoint === '/') },
        real,
      ),
      { stage: 'early' },
    );
    t.match(planStart({ ...facts, mounts: [...facts.mounts, mount('/run')] }, real), {
      stage: 'open',
    });
  },
);

t.test(
  'the device in root= is waited for, attached and mounted read-only, with its own type',
  async (t) => {
    const of = (changes: Partial<RootVolume>, before: StageResult[] = []): Decision =>
      planStart(initramfs({ root: root(changes) }), { ...real, earlier: before });
    t.match(plan(of({})).steps.at(-1)!.action, {
      kind: 'mount',
      source: '/dev/mtdblock2',
      target: '/newroot',
      fstype: 'squashfs',
      flags: ['MS_RDONLY'],
      data: null,
    });
    t.match(
      plan(
        of({
          writable: true,
          options: 'errors=remount-ro',
          content: { kind: 'ext4', evidence: 'x' },
        }),
      ).steps.at(-1)!.action,
      { fstype: 'ext4', flags: [], data: 'errors=remount-ro' },
    );
    t.match(plan(of({ wanted: 'LABEL=root', found: [], content: null })), {
      stage: 'image-wait',
      steps: [{ action: { kind: 'wait-for', volume: 'LABEL=root', seconds: 10 } }],
    });
    t.match(
      plan(of({ wanted: 'LABEL=root', found: [], content: null, patient: true })).steps[0]!.action,
      { seconds: 600 },
      'rootwait is patient',
    );
    t.match(plan(of({ found: [], content: null, attach: 2 })), {
      stage: 'image-attach',
      steps: [{ action: { kind: 'attach-ubi', mtd: 2 } }],
    });
    t.match(
      plan(of({ fstypes: ['ext4', 'squashfs'] })).steps.at(-1)!.action,
      { fstype: 'squashfs' },
      'of a list what the device shows',
    );
    t.match(
      plan(of({ fstypes: ['ext4'] })).steps.at(-1)!.action,
      { fstype: 'ext4' },
      'what the command line insists on is tried',
    );
  },
);

t.test('without any possible root the refusal gives the reason and the cure', async (t) => {
  const cases: [Decision, RegExp][] = [
    [planStart(initramfs({ root: null }), real), /the kernel command line has no root=; add root=/],
    [
      planStart(initramfs({ root: root({ found: [], content: null }) }), real),
      /there is no root=\/dev\/mtdblock2; correct root=/,
    ],
    [
      planStart(initramfs({ root: root({ wanted: 'LABEL=r', found: [], content: null }) }), {
        ...real,
        earlier: [past('image-wait', 'late')],
      }),
      /there is no root=LABEL=r, after 10 s of waiting/,
    ],
    [
      planStart(initramfs({ root: root({ found: [device(), device()] }) }), real),
      /2 devices are called root=/,
    ],
    [
      planStart(
        initramfs({ root: root({ content: { kind: 'unknown', evidence: 'it begins with 00' } }) }),
        real,
      ),
      /holds no file system that is known here: it begins with 00; name it with rootfstype=/,
    ],
    [
      planStart(initramfs(), {
        ...real,
        earlier: [past('image', 'cannot mount squashfs: EINVAL')],
      }),
      /cannot be mounted: cannot mount squashfs: EINVAL/,
    ],
    [
      planStart(
        initramfs({
          ...SOUND,
          programs: [
            { path: '/sbin/init', trouble: '/sbin/init is missing' },
            { path: '/bin/sh', trouble: '/bin/sh needs /lib/ld.so, which is missing in that root' },
          ],
        }),
        real,
      ),
      /no init of the root on \/newroot can be run: \/sbin\/init is missing; \/bin\/sh needs/,
    ],
    [
      planSwitchRoot(initramfs({ asked: '/mnt/new' }), real),
      /nothing is mounted on \/mnt\/new, which is to be the new root; mount it first/,
    ],
    [
      planSwitchRoot(boardFacts(), real),
      /\/ is no initramfs, which switch-root leads out of; `mountroot start` makes/,
    ],
    [
      planStart(initramfs({ pid: 77 }), real),
      /only process 1 can switch away from, and this is process 77; make mountroot the ramdisk's \/init/,
    ],
  ];
  for (const [decision, why] of cases)
    t.match(decision, { decision: 'refuse', exit: 1, summary: why });
});

t.test(
  'leaving an initramfs builds the same overlay, moves every mount and frees the memory',
  async (t) => {
    const whole = plan(planWhole('start', initramfs(SOUND), { dryRun: true, force: false }));
    const actions = whole.steps.map(({ action }) => action);
    t.match(
      actions.find(({ kind }) => kind === 'switch-root'),
      { newRoot: '/newroot-overlay', init: '/sbin/init' },
    );
    t.match(
      actions.find((action) => action.kind === 'mount' && action.fstype === 'overlay'),
      {
        data: 'lowerdir=/newroot,upperdir=/overlay/upper,workdir=/overlay/work',
        source: 'overlayfs:/overlay',
        target: '/newroot-overlay',
      },
    );
    t.same(
      actions.flatMap((action) => (action.kind === 'move' ? [`${action.from} ${action.to}`] : [])),
      [
        '/tmp/overlay /overlay',
        '/overlay /newroot-overlay/overlay',
        '/newroot /newroot-overlay/rom',
        '/proc /newroot-overlay/proc',
        '/dev /newroot-overlay/dev',
        '/tmp /newroot-overlay/tmp',
        '/sys /newroot-overlay/sys',
        '/run /newroot-overlay/run',
      ],
    );
    t.equal(actions.at(-1)!.kind, 'free-memory');
    t.match(renderSh(whole), /^exec switch_root \/newroot-overlay \/sbin\/init/m);
    t.match(renderSh(whole), /\[ \$\$ -eq 1 \] \|\| refuse/);
  },
);

t.test(
  'an initramfs without /overlay gets one, and one with another mount there is left alone',
  async (t) => {
    const facts = initramfs(SOUND);
    const idsWith = (changes: Partial<Facts>): string[] =>
      plan(planWhole('start', { ...facts, ...changes }, { dryRun: true, force: false })).steps.map(
        ({ id }) => id,
      );
    t.ok(idsWith({ paths: { ...facts.paths, '/overlay': 'missing' } }).includes('data-folder'));
    t.notOk(idsWith({}).includes('data-folder'));
    const taken = idsWith({ paths: { ...facts.paths, '/overlay': 'symlink' } });
    t.notOk(taken.includes('data-place'));
    t.ok(taken.includes('move-overlay'));
  },
);

t.test('without an overlay the image itself becomes the root, and the reason stays', async (t) => {
  const facts = initramfs(SOUND);
  const bare = plan(
    planStart({ ...facts, kernel: { ...facts.kernel, filesystems: ['squashfs', 'jffs2'] } }, real),
  );
  t.match(bare, { rung: 'rom', reason: 'no-overlay', stage: 'root', last: true });
  t.match(bare.steps.at(-2)!.action, { kind: 'switch-root', newRoot: '/newroot' });
  t.notOk(bare.steps.some(({ id }) => id === 'move-rom'));
});

t.test('a dry run shows the whole way, from the image to the new root', async (t) => {
  const whole = plan(planWhole('start', initramfs({ pid: 77 }), { dryRun: true, force: false }));
  t.same([whole.steps[0]!.id, whole.steps.at(-1)!.id], ['image-place', 'memory']);
  const named = plan(
    planWhole(
      'switch-root',
      initramfs({
        ...SOUND,
        at: '/new',
        asked: '/new',
        programs: [{ path: '/linuxrc', trouble: null }],
      }),
      { dryRun: true, force: false },
    ),
  );
  t.equal(named.verb, 'switch-root');
  t.match(named.steps.find(({ id }) => id === 'switch')!.action, { init: '/linuxrc' });
});
