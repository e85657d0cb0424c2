/** For each check a board that trips it, and one that does not. */
import t from 'tap';
import type { Check, Verdict } from '../../../../src/report/doctor/check-rule.js';
import { diagnoseFacts } from '../../../../src/report/doctor/diagnose.js';
import type { Live } from '../../../../src/report/doctor/live.js';
import type { Facts } from '../../../../src/facts/facts.js';
import {
  boardFacts,
  device,
  mount,
  openedFacts,
  withContent,
  withFilesystems,
  withSettings,
  withVolume,
} from '../../../fixtures/facts.js';
import {
  cardFacts,
  desktopFacts,
  healthyLive,
  oldFacts,
  ramdiskFacts,
  startedFacts,
  startedLive,
  ubiDevice,
  ubiFacts,
} from '../../../fixtures/doctor.js';

const MIB = 1 << 20;
const without = (...names: string[]): Facts =>
  withFilesystems(boardFacts().kernel.filesystems.filter((name) => !names.includes(name)));
const withCommandLine = (commandLine: string, facts = boardFacts()): Facts => ({
  ...facts,
  kernel: { ...facts.kernel, commandLine },
});
const withRelease = (release: string, facts = boardFacts()): Facts => ({
  ...facts,
  kernel: { ...facts.kernel, release },
});
const withPaths = (paths: Partial<Facts['paths']>, facts = boardFacts()): Facts => ({
  ...facts,
  paths: { ...facts.paths, ...(paths as Facts['paths']) },
});
const said = (text: string, time = 2): Live =>
  healthyLive({
    log: { value: { fromStart: true, lines: [{ time, text }] } },
    config: null,
    whiteout: null,
  });
const quiet = (): Live =>
  healthyLive({
    log: { trouble: 'cannot read the kernel log from /dev/kmsg: EPERM' },
    config: null,
    whiteout: null,
  });
const calling = (line: string): Live =>
  healthyLive({
    preinit: {
      wanted: ['/etc/preinit'],
      found: [{ value: { path: '/etc/preinit', calls: [line] } }],
    },
  });
const external = (changes: Partial<NonNullable<Facts['external']>> = {}): Facts => ({
  ...openedFacts(),
  external: {
    ...cardFacts().volume,
    wanted: 'LABEL=more',
    at: null,
    readonly: false,
    identity: null,
    upper: 'missing',
    work: 'missing',
    init: false,
    offered: '',
    ...changes,
  },
});

type Case = [
  check: string,
  verdict: Verdict | 'absent',
  facts: Facts,
  live: Live | null,
  says?: RegExp,
];

const CASES: Case[] = [
  ['ladder', 'ok', boardFacts(), null, /keeps its changes on mtd3/],
  [
    'ladder',
    'problem',
    without('overlay'),
    null,
    /read-only image, which stays .* rung rom, no-overlay/,
  ],
  ['ladder', 'problem', withVolume({ found: [], content: null }), null, /rung volatile, no-volume/],
  ['ladder', 'warning', withContent('erase-marker'), null, /rung volatile, erase-marker/],
  [
    'ladder',
    'problem',
    { ...boardFacts(), platform: 'darwin' },
    null,
    /refused: start needs a Linux kernel/,
  ],
  [
    'ladder',
    'ok',
    startedFacts(),
    startedLive(),
    /, from the facts that the start of this boot began with/,
  ],
  [
    'ladder',
    'unknown',
    startedFacts(),
    startedLive({ recorded: null }),
    /already is one that mountroot made/,
  ],
  ['ladder', 'unknown', startedFacts(), null],

  ['volume', 'ok', boardFacts(), null, /^"rootfs_data" is mtd3, 64.0 MiB$/],
  ['volume', 'ok', ubiFacts(), null],
  [
    'volume',
    'problem',
    { ...withVolume({ found: [], content: null }), mtd: [] },
    null,
    /there is no mtd partition/,
  ],
  [
    'volume',
    'problem',
    { ...withVolume({ wanted: 'rootfs-data', found: [], content: null }) },
    null,
    /mtd3 is "rootfs_data": names must be the same to the letter/,
  ],
  [
    'volume',
    'problem',
    withVolume({ found: [device(), device({ name: 'mtd4' })], content: null }),
    null,
    /2 devices are called "rootfs_data": mtd3 and mtd4/,
  ],
  [
    'volume',
    'problem',
    withVolume({ wanted: 'LABEL=data', found: [], content: null }),
    null,
    /would wait 10 s/,
  ],

  ['ubi', 'absent', boardFacts(), null],
  ['ubi', 'ok', ubiFacts(), null],
  [
    'ubi',
    'ok',
    withVolume({ found: [], content: null, attach: 3 }),
    healthyLive(),
    /start does it/,
  ],
  [
    'ubi',
    'problem',
    withVolume({ found: [], content: null, attach: 3 }),
    healthyLive({ paths: {} }),
    /no \/dev\/ubi_ctrl/,
  ],
  [
    'ubi',
    'problem',
    withVolume({ found: [], content: null, attach: 3 }, without('ubifs')),
    null,
    /no UBIFS/,
  ],

  ['erase-blocks', 'ok', boardFacts(), null, /256 erase blocks of 256 KiB; jffs2 keeps 8/],
  [
    'erase-blocks',
    'problem',
    withVolume({ found: [device({ size: 4 * 262144 })] }),
    null,
    /4 erase blocks .* needs 5 at least/,
  ],
  [
    'erase-blocks',
    'warning',
    withVolume({ found: [device({ size: 5 * 262144 })] }),
    null,
    /leaves little/,
  ],
  ['erase-blocks', 'absent', cardFacts(), null],

  ['content', 'ok', boardFacts(), null],
  ['content', 'ok', withContent('blank'), null, /is blank, and jffs2 makes it its own/],
  ['content', 'problem', withContent('unknown'), null, /left alone/],
  ['content', 'problem', withContent('squashfs'), null, /not the data partition/],
  ['content', 'problem', withContent('ext4'), null, /cannot be mounted from an mtd partition/],
  [
    'content',
    'problem',
    cardFacts({ content: { kind: 'blank', evidence: '0xFF' } }),
    null,
    /none is made without an order/,
  ],
  [
    'content',
    'problem',
    cardFacts({ content: { kind: 'jffs2', evidence: 'magic' } }),
    null,
    /cannot be mounted from a block device/,
  ],
  ['content', 'warning', withContent('erase-marker'), null, /marked to be erased/],
  [
    'content',
    'warning',
    withVolume({
      content: {
        kind: 'jffs2',
        evidence: 'jffs2 magic of erase block 1, while the first holds no signature known here',
        behind: 1,
      },
    }),
    null,
    /damaged beginning/,
  ],
  [
    'content',
    'unknown',
    {
      ...withVolume({
        content: { kind: 'unreadable', evidence: 'cannot read /dev/mtdblock3: EACCES' },
      }),
      uid: 1000,
    },
    null,
    /only root may look/,
  ],
  [
    'content',
    'warning',
    withVolume({ content: { kind: 'unreadable', evidence: '/dev/mtdblock3 is not there' } }),
    null,
    /could not be looked at/,
  ],
  [
    'content',
    'ok',
    {
      ...startedFacts(),
      uid: 1000,
      volume: { ...boardFacts().volume, content: { kind: 'unreadable', evidence: 'EACCES' } },
    },
    null,
    /is mounted as jffs2/,
  ],

  ['write-protection', 'ok', boardFacts(), null, /not marked read-only/],
  [
    'write-protection',
    'problem',
    withCommandLine('mtdparts=40000000.flash:512k(u-boot),65536k(rootfs_data)ro'),
    null,
  ],
  [
    'write-protection',
    'problem',
    withCommandLine('mtdparts=40000000.flash:512k(u-boot),65536k(rootfs_data)lkro'),
    null,
  ],
  [
    'write-protection',
    'problem',
    boardFacts(),
    healthyLive({ writable: { value: false, where: '/sys/class/mtd/mtd3/flags' } }),
  ],
  ['write-protection', 'problem', openedFacts({ readonly: true }), null, /mounted read-only/],
  ['write-protection', 'unknown', withCommandLine(''), null],

  ['space', 'absent', boardFacts(), healthyLive()],
  ['space', 'ok', startedFacts(), startedLive()],
  [
    'space',
    'problem',
    startedFacts(),
    startedLive({ space: { total: 64 * MIB, free: 500_000 } }),
    /may be full/,
  ],
  [
    'space',
    'warning',
    startedFacts(),
    startedLive({ space: { total: 64 * MIB, free: 2 * MIB } }),
    /nearly full/,
  ],

  ['orders', 'ok', startedFacts(), null],
  [
    'orders',
    'warning',
    openedFacts({ order: { keep: ['/etc/config'] } }),
    null,
    /removes all settings but \/etc\/config/,
  ],
  ['orders', 'warning', openedFacts({ order: 'damaged' }), null],
  ['orders', 'warning', openedFacts({ state: 'damaged' }), null],
  [
    'orders',
    'warning',
    openedFacts({ imported: { ordered: true, next: 'directory', former: 'missing', same: false } }),
    null,
    /import waits/,
  ],

  ['extroot', 'absent', boardFacts(), null],
  ['extroot', 'ok', external(), null],
  ['extroot', 'problem', external({ found: [], content: null }), null, /cannot be used/],
  [
    'extroot',
    'problem',
    external({ at: '/tmp/extroot', identity: 'other' }),
    null,
    /belongs to another board/,
  ],

  ['overlay', 'ok', boardFacts(), null],
  ['overlay', 'warning', oldFacts(), null, /out-of-tree overlayfs/],
  ['overlay', 'problem', without('overlay'), null, /no overlay/],
  ['filesystems', 'ok', boardFacts(), null, /tmpfs, proc, sysfs, devtmpfs and squashfs/],
  ['filesystems', 'problem', without('tmpfs'), null, /no tmpfs/],
  ['filesystems', 'warning', without('devtmpfs'), null, /no devtmpfs/],
  [
    'filesystems',
    'problem',
    {
      ...ramdiskFacts(),
      kernel: {
        ...boardFacts().kernel,
        filesystems: boardFacts().kernel.filesystems.filter((name) => name !== 'squashfs'),
      },
    },
    null,
    /image is squashfs/,
  ],
  ['volume-filesystem', 'ok', boardFacts(), null],
  ['volume-filesystem', 'problem', without('jffs2'), null, /needs jffs2/],
  [
    'volume-filesystem',
    'problem',
    cardFacts().kernel && { ...cardFacts(), kernel: without('ext4').kernel },
    null,
    /needs ext4/,
  ],
  ['volume-filesystem', 'absent', desktopFacts(), null],
  ['kernel-version', 'ok', boardFacts(), null],
  ['kernel-version', 'ok', withRelease('4.8.0'), null],
  ['kernel-version', 'warning', withRelease('4.4.302'), null, /dirty workdir/],
  ['kernel-version', 'warning', oldFacts(), null, /several lower layers/],
  ['kernel-version', 'unknown', withRelease('custom'), null],
  ['rename-whiteout', 'ok', boardFacts(), healthyLive()],
  [
    'rename-whiteout',
    'warning',
    boardFacts(),
    healthyLive({ whiteout: { works: false, where: 'state.json' } }),
    /lacks RENAME_WHITEOUT/,
  ],
  [
    'rename-whiteout',
    'warning',
    boardFacts(),
    said('overlayfs: upper fs does not support RENAME_WHITEOUT.'),
    /lacks/,
  ],
  ['rename-whiteout', 'unknown', boardFacts(), null],
  ['rename-whiteout', 'warning', withRelease('4.4.0', ubiFacts()), null, /UBIFS lacks/],
  ['rename-whiteout', 'absent', cardFacts(), null],
  ['xattr', 'ok', boardFacts(), healthyLive()],
  [
    'xattr',
    'ok',
    boardFacts(),
    said('jffs2: notice: (54) jffs2_build_xattr_subsystem: complete building xattr subsystem'),
  ],
  [
    'xattr',
    'warning',
    boardFacts(),
    healthyLive({ config: { JFFS2_FS_XATTR: 'n' } }),
    /no extended attributes/,
  ],
  [
    'xattr',
    'warning',
    boardFacts(),
    said('overlayfs: upper fs does not support xattr, falling back to index=off.'),
  ],
  ['xattr', 'unknown', boardFacts(), quiet()],
  ['xattr', 'ok', cardFacts(), null],
  ['mounts', 'ok', boardFacts(), null, /no mount is shared/],
  [
    'mounts',
    'ok',
    {
      ...boardFacts(),
      mounts: boardFacts().mounts.map((each, index) => ({ ...each, shared: index + 1 })),
    },
    null,
    /5 mounts are shared, and start makes them private/,
  ],
  ['mounts', 'warning', desktopFacts(), null, /several mounts are stacked/],

  ['notice', 'ok', boardFacts(), healthyLive()],
  [
    'notice',
    'warning',
    { ...startedFacts(), state: { rung: 'volatile', reason: 'full' } },
    startedLive({ notice: 'mountroot: the saved settings are NOT IN USE' }),
    /lower rung \(volatile, full\)/,
  ],
  ['notice', 'warning', { ...startedFacts(), state: { rung: 'volatile', reason: 'full' } }, null],
  ['directories', 'ok', boardFacts(), null],
  [
    'directories',
    'warning',
    withPaths({ '/overlay': 'missing', '/rom': 'file' }),
    null,
    /no \/overlay and \/rom/,
  ],
  ['directories', 'problem', withPaths({ '/tmp': 'missing' }), null, /needs a directory there/],
  [
    'directories',
    'problem',
    {
      ...boardFacts(),
      mounts: boardFacts().mounts.filter(({ mountpoint }) => mountpoint !== '/proc'),
    },
    null,
  ],
  [
    'directories',
    'problem',
    { ...boardFacts(), mounts: [...boardFacts().mounts, mount('/rom')] },
    null,
    /already mounted on \/rom/,
  ],
  [
    'directories',
    'warning',
    {
      ...boardFacts(),
      mounts: boardFacts().mounts.filter(({ mountpoint }) => mountpoint !== '/dev'),
    },
    null,
    /\/dev is not mounted/,
  ],
  ['directories', 'unknown', startedFacts(), null],
  ['root-argument', 'ok', boardFacts(), null],
  ['root-argument', 'warning', withCommandLine('ro'), null, /no root=/],
  ['root-argument', 'warning', withCommandLine('root=/dev/mmcblk0p2 ro'), null, /no rootwait/],
  ['root-argument', 'ok', withCommandLine('root=/dev/mmcblk0p2 ro rootwait'), null],
  ['root-argument', 'ok', withCommandLine('root=/dev/mmcblk0p2 ro rootdelay=5'), null],
  [
    'root-argument',
    'problem',
    withCommandLine('root=/dev/mtdblock9'),
    null,
    /a partition that there is not/,
  ],
  ['initramfs', 'absent', boardFacts(), null],
  ['initramfs', 'ok', ramdiskFacts(), null, /mtd2 "rootfs" is the root to switch to/],
  ['initramfs', 'problem', ramdiskFacts({ root: null }), null, /does not know which root/],
  [
    'initramfs',
    'problem',
    ramdiskFacts({ root: { ...ramdiskFacts().handover!.root!, found: [], content: null } }),
    null,
    /there is no root=/,
  ],
  [
    'initramfs',
    'ok',
    ramdiskFacts({
      root: { ...ramdiskFacts().handover!.root!, found: [], content: null, patient: true },
    }),
    null,
    /waited for/,
  ],
  [
    'initramfs',
    'problem',
    { ...ramdiskFacts(), kernel: without('squashfs').kernel },
    null,
    /holds squashfs/,
  ],
  [
    'initramfs',
    'problem',
    ramdiskFacts({
      at: '/newroot',
      programs: [{ path: '/sbin/init', trouble: '/sbin/init does not exist' }],
    }),
    null,
    /no init/,
  ],
  ['initramfs', 'warning', ramdiskFacts({ pid: 77 }), null, /only process 1/],
  ['preinit', 'unknown', boardFacts(), null, /only the running board/],
  ['preinit', 'ok', boardFacts(), healthyLive(), /under a time limit/],
  [
    'preinit',
    'warning',
    boardFacts(),
    calling('PREINIT=1 mount_root start'),
    /without a time limit/,
  ],
  [
    'preinit',
    'warning',
    boardFacts(),
    healthyLive({
      preinit: {
        wanted: ['/etc/preinit'],
        found: [
          {
            value: {
              path: '/etc/preinit',
              calls: [],
              leadsTo: '/usr/lib/mountroot/mountroot.cjs',
            },
          },
        ],
      },
    }),
    /mountroot itself/,
  ],
  ['preinit', 'problem', boardFacts(), calling('mount_root done'), /does not call mount_root/],
  [
    'preinit',
    'problem',
    boardFacts(),
    healthyLive({ preinit: { wanted: ['/etc/preinit'], found: [] } }),
    /there is no \/etc\/preinit/,
  ],
  [
    'preinit',
    'unknown',
    boardFacts(),
    healthyLive({
      preinit: {
        wanted: ['/etc/preinit'],
        found: [{ trouble: 'cannot read /etc/preinit: EACCES' }],
      },
    }),
  ],
  ['program', 'unknown', boardFacts(), null],
  ['program', 'ok', boardFacts(), healthyLive()],
  [
    'program',
    'warning',
    boardFacts(),
    healthyLive({ program: { path: '/sbin/mount_root', target: '/sbin/mount_root' } }),
    /another program/,
  ],
  ['program', 'problem', boardFacts(), healthyLive({ program: null })],
  ['first', 'ok', boardFacts(), null, /the agent makes the root itself/],
  ['first', 'ok', withSettings({ first: 'script' }), null, /a script is to make the root/],
  [
    'first',
    'warning',
    withSettings({ first: 'script' }),
    healthyLive({ first: { kind: 'missing', result: null } }),
    /there is no \/usr\/lib\/mountroot\/start\.sh/,
  ],
  [
    'first',
    'ok',
    withSettings({ first: 'script' }),
    healthyLive({
      first: { kind: 'file', result: { result: 'made', why: null, differences: [] } },
    }),
    /the agent has verified it/,
  ],
  [
    'first',
    'warning',
    withSettings({ first: 'script' }),
    healthyLive({
      first: { kind: 'file', result: { result: 'refused', why: 'an order to reset waits' } },
    }),
    /refused: an order to reset waits; the agent made the root/,
  ],
  [
    'first',
    'problem',
    withSettings({ first: 'script' }),
    healthyLive({
      first: {
        kind: 'file',
        result: { result: 'made', why: null, differences: ['/tmp is shared'] },
      },
    }),
    /would not have made: \/tmp is shared/,
  ],
  ['done', 'unknown', boardFacts(), null],
  ['done', 'ok', withSettings({ boot_limit: 0 }), null],
  ['done', 'ok', boardFacts(), healthyLive(), /rcS calls mount_root done/],
  ['done', 'warning', boardFacts(), healthyLive({ doneCallers: [] }), /no script is seen/],
  ['done', 'ok', startedFacts(), startedLive(), /has confirmed the start of this boot/],
  [
    'done',
    'warning',
    { ...startedFacts(), opened: { ...startedFacts().opened!, attempts: 1 } },
    startedLive({ confirmed: false }),
    /not confirmed yet/,
  ],
  ['done', 'warning', openedFacts({ attempts: 3 }), null, /3 starts in a row/],
  ['done', 'problem', openedFacts({ attempts: 5 }), null, /leaves the settings out/],
  ['done', 'warning', openedFacts({ attempts: null }), null, /damaged/],
  ['done', 'ok', openedFacts({ attempts: 1 }), null, /waits to be confirmed/],
  ['configuration', 'ok', boardFacts(), null, /every setting is the default/],
  [
    'configuration',
    'ok',
    {
      ...boardFacts(),
      configuration: { ...boardFacts().configuration, origins: { wait: 'mountroot' } },
    },
    null,
    /\(wait\) is understood/,
  ],
  [
    'configuration',
    'problem',
    {
      ...boardFacts(),
      findings: [
        {
          code: 'bad-setting',
          from: '/etc/mountroot.json',
          setting: 'wait',
          value: '"soon"',
          expected: 'a whole number from 0 to 600',
          holds: '10',
        },
      ],
    },
    null,
    /sets wait to "soon"/,
  ],
  ['gathered', 'absent', boardFacts(), null],
  [
    'gathered',
    'unknown',
    {
      ...boardFacts(),
      findings: [{ code: 'not-read', text: 'cannot read /proc/cmdline: EACCES', errno: 'EACCES' }],
    },
    null,
  ],

  ['node', 'ok', boardFacts(), healthyLive()],
  [
    'node',
    'problem',
    boardFacts(),
    healthyLive({ node: { version: 'v18.19.0', arch: 'arm', rss: 0 } }),
    /older than 20/,
  ],
  ['native', 'ok', boardFacts(), healthyLive()],
  [
    'native',
    'problem',
    boardFacts(),
    healthyLive({ native: 'Cannot find module' }),
    /cannot be loaded/,
  ],
  ['entropy', 'unknown', boardFacts(), null],
  ['entropy', 'ok', boardFacts(), healthyLive()],
  [
    'entropy',
    'warning',
    boardFacts(),
    said('random: crng init done', 31.2),
    /no random numbers before 31 s/,
  ],
  ['entropy', 'ok', boardFacts(), { ...quiet(), generator: 'virtio_rng.0' }, /hardware generator/],
  ['entropy', 'unknown', boardFacts(), quiet(), /how long Node must wait/],
  ['memory', 'ok', boardFacts(), healthyLive()],
  [
    'memory',
    'problem',
    boardFacts(),
    healthyLive({ memory: { total: 60 * MIB, available: 20 * MIB } }),
  ],
  [
    'memory',
    'warning',
    boardFacts(),
    healthyLive({ memory: { total: 128 * MIB, available: 10 * MIB } }),
    /50.0 MiB of memory is available/,
  ],
  ['memory', 'unknown', boardFacts(), healthyLive({ memory: null })],
  ['watchdog', 'absent', boardFacts(), healthyLive()],
  [
    'watchdog',
    'ok',
    withSettings({ watchdog: '/dev/watchdog' }),
    healthyLive({ paths: { '/dev/watchdog': 'character' } }),
  ],
  [
    'watchdog',
    'problem',
    withSettings({ watchdog: '/dev/watchdog' }),
    healthyLive(),
    /is not there/,
  ],
  ['watchdog', 'unknown', withSettings({ watchdog: '/dev/watchdog' }), null],
  ['clock', 'ok', boardFacts(), healthyLive()],
  ['clock', 'warning', boardFacts(), healthyLive({ time: 12_000 }), /never set/],
];

/** The worst answer that a check gave. */
function answer(checks: readonly Check[], id: string): Check | undefined {
  return (['problem', 'warning', 'unknown', 'ok'] as const).flatMap((verdict) =>
    checks.filter((check) => check.id === id && check.verdict === verdict),
  )[0];
}

const describe = ([id, verdict, , live, says]: Case): string =>
  `${id} is ${verdict}${live === null ? '' : ' on the running board'}${says === undefined ? '' : ` (${says.source})`}`;

t.test('each check speaks up where something is wrong, and only there', async (t) => {
  for (const each of CASES) {
    const [id, verdict, facts, live, says] = each;
    const check = answer(diagnoseFacts(facts, live), id);
    t.equal(check?.verdict ?? 'absent', verdict, describe(each));
    if (says !== undefined) t.match(check?.finding, says, describe(each));
  }
});

t.test('every check is tripped by some board, and not by another', async (t) => {
  const ids = new Set(
    CASES.flatMap(([, , facts, live]) => diagnoseFacts(facts, live).map(({ id }) => id)),
  );
  for (const id of ids) {
    const verdicts = CASES.flatMap((each) => (each[0] === id ? [each[1]] : []));
    t.ok(
      verdicts.some((verdict) => verdict === 'ok' || verdict === 'absent'),
      `${id} can be fine`,
    );
    t.ok(
      verdicts.some((verdict) => verdict !== 'ok' && verdict !== 'absent'),
      `${id} can be otherwise`,
    );
  }
});

t.test('whatever is no good has a cure in one sentence, and what is fine needs none', async (t) => {
  const all = CASES.flatMap(([, , facts, live]) => diagnoseFacts(facts, live));
  t.same(
    all.filter(({ cure, verdict }) => (cure === null) !== (verdict === 'ok')),
    [],
  );
  t.same(
    all.filter(({ evidence, finding, cure }) => evidence === '' || finding === '' || cure === ''),
    [],
  );
  t.same(
    all.filter(({ evidence, finding, cure }) =>
      /undefined|\[object|\bNaN\b|\.$/.test(`${evidence} ${finding} ${cure ?? ''}`),
    ),
    [],
  );
});

t.test('the outcome names the check that is its cause, and does not say it twice', async (t) => {
  const [first] = diagnoseFacts(withVolume({ found: [], content: null }), null);
  t.match(first, { id: 'ladder', reason: 'no-volume', cure: 'see "data volume"' });
  t.notMatch(first!.finding, /mtd partition/);
});

t.test('a healthy board has no problem, as it is before a start and behind one', async (t) => {
  for (const [facts, live] of [
    [boardFacts(), null],
    [boardFacts(), healthyLive()],
    [startedFacts(), startedLive()],
    [ubiFacts(), healthyLive()],
    [cardFacts(), healthyLive()],
    [ramdiskFacts(), healthyLive()],
  ] as const)
    t.same(
      diagnoseFacts(facts, live).filter(
        ({ verdict }) => verdict === 'problem' || verdict === 'warning',
      ),
      [],
    );
  t.same(
    diagnoseFacts(startedFacts(), startedLive()).filter(({ verdict }) => verdict !== 'ok'),
    [],
  );
});

t.test('a UBI volume by another name is found in what is attached', async (t) => {
  t.match(
    answer(
      diagnoseFacts(ubiFacts({ wanted: 'ubi0:rootfs_data', found: [{ ...ubiDevice }] }), null),
      'volume',
    ),
    { verdict: 'ok' },
  );
});
