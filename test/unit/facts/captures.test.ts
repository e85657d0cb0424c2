import t from 'tap';
import type { FactsProblem } from '../../../src/text/problem-text.js';
import { gather } from '../../../src/facts/gather.js';
import { parseFilesystems } from '../../../src/facts/filesystems.js';
import { childrenOf, parseMountinfo, visibleAt } from '../../../src/facts/mountinfo.js';
import { parseMtd } from '../../../src/facts/mtd.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { mountsToMove } from '../../../src/plan/moves.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import { planStart } from '../../../src/plan/start.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { PathKind, Reader } from '../../../src/system/port.js';
import { BOARD, BOARD_STARTED, OPENWRT_3_10, SYSTEMD } from '../../fixtures/captures.js';
import { boardFacts } from '../../fixtures/facts.js';

t.test('each capture is parsed to its last line', async (t) => {
  const problems: FactsProblem[] = [];
  for (const text of [BOARD.mountinfo, BOARD_STARTED, OPENWRT_3_10.mountinfo, SYSTEMD])
    t.equal(parseMountinfo(text, problems).length, text.trimEnd().split('\n').length);
  for (const { mtd } of [BOARD, OPENWRT_3_10])
    t.equal(parseMtd(mtd, problems).length, mtd.trimEnd().split('\n').length - 1);
  t.same(problems, []);
});

t.test('the captured text of the board gives the facts captured with it', async (t) => {
  const { mounts, mtd } = boardFacts();
  t.same(parseMountinfo(BOARD.mountinfo), mounts);
  t.same(parseMtd(BOARD.mtd), mtd);
});

t.test('a partition that is not a multiple of the erase block keeps its size', async (t) => {
  t.match(parseMtd(OPENWRT_3_10.mtd)[2], { name: 'kernel', size: 0x129804, eraseBlock: 0x10000 });
});

t.test('an overlayfs kernel of 3.10 gets the old layout, from its files to its plan', async (t) => {
  const read: Record<string, string> = {
    '/proc/cmdline': 'board=TL console=ttyATH0,115200 rootfstype=squashfs,jffs2 noinitrd\n',
    '/proc/filesystems': OPENWRT_3_10.filesystems,
    '/proc/mtd': OPENWRT_3_10.mtd,
    '/proc/self/mountinfo': OPENWRT_3_10.mountinfo,
    '/proc/sys/kernel/osrelease': '3.10.49\n',
  };
  const kinds: Record<string, PathKind> = {
    '/dev/mtdblock4': 'block',
    '/proc/mtd': 'file',
    '/tmp/.preinit': 'missing',
  };
  const openwrt: Reader = {
    ...dryRun(),
    readText: (path) => read[path] ?? '',
    readBytes: (_, offset) =>
      offset === 0 ? Uint8Array.of(0x19, 0x85, 0x20, 0x03) : new Uint8Array(),
    list: () => [],
    kind: (path) => kinds[path] ?? 'directory',
  };
  const facts = gather(openwrt, {
    platform: 'linux',
    arch: 'mips',
    uid: 0,
    env: { PREINIT: '1' },
  });
  t.same(facts.problems, []);
  t.notOk(parseFilesystems(OPENWRT_3_10.filesystems).includes('overlay'));
  t.match(facts.volume, {
    found: [{ name: 'mtd4', source: '/dev/mtdblock4' }],
    content: { kind: 'jffs2' },
  });
  t.same(parseFacts(JSON.stringify(facts), 'x'), facts);
  const decision = planWhole('start', facts, { dryRun: false, force: false });
  if (decision.decision !== 'go') return t.fail(decision.summary);
  const overlay = decision.steps.find(({ id }) => id === 'overlay');
  t.match(overlay?.action, {
    fstype: 'overlayfs',
    source: 'overlayfs:/overlay',
    target: '/mnt',
    data: 'lowerdir=/,upperdir=/overlay',
  });
  t.same(
    decision.steps.flatMap(({ action }) => (action.kind === 'move' ? [action.to] : [])),
    ['/overlay', '/mnt/proc', '/mnt/dev', '/mnt/tmp', '/mnt/sys', '/mnt/overlay'],
  );
});

t.test(
  'on a systemd machine the mount over the automount is visible, and only mounts ' +
    'directly on / move',
  async (t) => {
    const mounts = parseMountinfo(SYSTEMD);
    t.equal(visibleAt(mounts, '/proc/sys/fs/binfmt_misc')?.fstype, 'binfmt_misc');
    t.match(
      mounts.find(({ id }) => id === 93),
      { mountpoint: '/media/user/USB stick \\ü', shared: 44, master: 9 },
    );
    t.match(
      mounts.find(({ id }) => id === 95),
      { root: '/resolv.conf', mountpoint: '/etc/resolv.conf' },
    );
    t.same(mountsToMove(mounts), [
      '/dev',
      '/sys',
      '/run',
      '/boot/efi',
      '/media/user/USB stick \\ü',
      '/etc/resolv.conf',
    ]);
    t.same(childrenOf(mounts, visibleAt(mounts, '/run')!), ['/run/private']);
  },
);

t.test(
  "a systemd machine's propagation is listed by peer group, and its ties are reported",
  async (t) => {
    const decision = planWhole(
      'start',
      { ...boardFacts(), mounts: parseMountinfo(SYSTEMD) },
      { dryRun: false, force: false },
    );
    if (decision.decision !== 'go') return t.fail(decision.summary);
    const first = decision.steps.find(({ id }) => id === 'private');
    if (first?.action.kind !== 'make-private') return t.fail('a step makes mounts private');
    const shared = parseMountinfo(SYSTEMD).filter((mount) => mount.shared !== undefined);
    const listed = first.action.before
      .filter(({ was }) => was === 'shared')
      .map(({ mountpoint }) => mountpoint);
    t.equal(
      listed.length,
      shared.length - 1,
      'but not the automount, which the mount over it hides',
    );
    t.match(decision.notes.join(), /several mounts are stacked on \/proc\/sys\/fs\/binfmt_misc/);
    t.same(listed.slice(0, 5), ['/', '/dev', '/dev/pts', '/dev/shm', '/run']);
    t.same(first.action.before.at(-1), { mountpoint: '/run/private', was: 'unbindable' });
    t.match(decision.notes.join(), /undoing a failed start cannot restore that/);
  },
);

t.test("a comma in an overlay option's path appears as \\054 and separates nothing", async (t) => {
  const [root] = parseMountinfo('1 0 0:1 / / rw - overlay o rw,lowerdir=/,upperdir=/a\\054b\n');
  t.same(root?.superOptions, ['rw', 'lowerdir=/', 'upperdir=/a,b']);
});

t.test('a started board is recognised as started', async (t) => {
  t.match(
    planStart(
      { ...boardFacts(), mounts: parseMountinfo(BOARD_STARTED) },
      { dryRun: false, force: false },
    ),
    { decision: 'already', summary: /there is nothing to do/ },
  );
});
