import fc from 'fast-check';
import t from 'tap';
import type { Facts, Mount } from '../../../../src/facts/facts.js';
import { parseMountinfo, visibleAt } from '../../../../src/facts/mountinfo.js';
import { planWhole } from '../../../../src/plan/whole-plan.js';
import { beforeStart } from '../../../../src/report/root/before-pivot.js';
import { plannedForNotes } from '../../../../src/report/root/root-words.js';
import { todaysRoot } from '../../../../src/report/root/todays-root.js';
import { BOARD, BOARD_STARTED } from '../../../fixtures/captures.js';
import { boardFacts } from '../../../fixtures/facts.js';
import { startedFacts } from '../../../fixtures/doctor.js';

/** A root like ours of which no start is recorded, as OpenWrt's mount_root leaves it. */
const openwrt = (changes: Partial<Facts> = {}): Facts => ({
  ...startedFacts(),
  state: null,
  ...changes,
});
const withMounts = (text: string): Facts => openwrt({ mounts: parseMountinfo(text) });

t.test('the root of a start that is recorded is ours, and is not planned for anew', async (t) => {
  t.match(todaysRoot(startedFacts()), { maker: 'mountroot', certainty: 'seen' });
  const { facts, rebuilt } = beforeStart(startedFacts());
  t.same(facts, startedFacts());
  t.equal(rebuilt, null);
});

t.test('without a record the same mounts are concluded to be of OpenWrt', async (t) => {
  t.match(todaysRoot(openwrt()), { maker: 'openwrt', certainty: 'concluded' });
  const findings = [
    { code: 'not-ours' as const, path: '/tmp/mountroot', why: 'it belongs to user 7' },
  ];
  t.match(todaysRoot(openwrt({ findings })), { maker: 'openwrt-form', certainty: 'unknown' });
  const unclear = [
    { code: 'not-understood' as const, file: '/tmp/mountroot/state.json', why: 'it is cut off' },
  ];
  t.match(todaysRoot(openwrt({ findings: unclear })), { maker: 'openwrt-form' });
});

t.test('a service with a /tmp of its own does not conclude who made the root', async (t) => {
  const { mounts } = openwrt();
  const tmp = mounts.find(({ mountpoint }) => mountpoint === '/tmp')!;
  const bound = { ...tmp, root: '/systemd-private-1/tmp' };
  for (const own of [
    mounts.map((each) => (each === tmp ? bound : each)),
    [...mounts, { ...tmp, id: 900, parent: tmp.id }],
  ])
    t.match(todaysRoot(openwrt({ mounts: own })), { maker: 'openwrt-form', certainty: 'unknown' });
});

t.test('the mounts before the pivot are those that the board had in preinit', async (t) => {
  const places = ({ mounts }: Pick<Facts, 'mounts'>): string[] =>
    mounts.map(({ mountpoint, fstype }) => `${mountpoint} ${fstype}`).sort();
  const { facts } = beforeStart(openwrt());
  t.same(places(facts), places({ mounts: parseMountinfo(BOARD.mountinfo) }));
  const root = visibleAt(facts.mounts, '/')!;
  t.equal(root.fstype, 'squashfs');
  t.same(
    facts.mounts.filter(({ mountpoint, parent }) => mountpoint !== '/' && parent !== root.id),
    [],
    'all are on the image',
  );
});

t.test('the plan is the one that the start itself had made', async (t) => {
  const plan = (facts: Facts): unknown => {
    const { decision, ...rest } = planWhole('start', facts, { dryRun: true, force: false });
    return { decision, steps: 'steps' in rest ? rest.steps.map(({ action }) => action) : [] };
  };
  const before = { ...boardFacts(), preinit: false };
  t.same(plan(beforeStart(openwrt()).facts), plan(before));
});

t.test('mounts made later are left out, and those left behind go back', async (t) => {
  const later = withMounts(
    `${BOARD_STARTED}900 20 8:1 / /mnt/stick rw - vfat /dev/sda1 rw
901 900 0:77 / /mnt/stick/x rw - tmpfs x rw
902 13 0:78 / /rom/dev rw - devtmpfs devtmpfs rw
`.replace(/^900 20/m, `900 ${visibleAt(parseMountinfo(BOARD_STARTED), '/')!.id}`),
  );
  const { facts, rebuilt } = beforeStart(later);
  const points = facts.mounts.map(({ mountpoint }) => mountpoint);
  t.notOk(points.some((point) => point.startsWith('/mnt/stick')));
  t.equal(points.filter((point) => point === '/dev').length, 2, '/rom/dev was on /dev');
  t.match(
    rebuilt?.find(({ code }) => code === 'left-out'),
    { mountpoints: ['/mnt/stick', '/mnt/stick/x'] },
  );
});

t.test('without /rom the root before cannot be rebuilt, and the notes say so', async (t) => {
  const hidden = openwrt({
    mounts: startedFacts().mounts.filter(({ mountpoint }) => mountpoint !== '/rom'),
  });
  const before = beforeStart(hidden);
  t.match(before, { rebuilt: null, hidden: true });
  t.match(plannedForNotes(before).join('\n'), /cannot be rebuilt, because nothing is mounted/);
});

const path = fc.constantFrom(
  ...['/', '/rom', '/overlay', '/tmp', '/tmp/root', '/proc', '/dev', '/rom/dev', '/mnt/x', '/sys'],
);
const mountOf: fc.Arbitrary<Mount> = fc.record({
  id: fc.integer({ min: 1, max: 9 }),
  parent: fc.integer({ min: 0, max: 9 }),
  device: fc.constantFrom('31:2', '31:3', '0:9', '7:0', '8:2'),
  root: fc.constant('/'),
  mountpoint: path,
  options: fc.constantFrom(['ro'], ['rw']),
  fstype: fc.constantFrom('overlay', 'overlayfs', 'squashfs', 'jffs2', 'tmpfs', 'ext4', 'rootfs'),
  source: fc.constantFrom('overlayfs:/overlay', 'overlayfs:/tmp/root', '/dev/loop0', 'overlay'),
  superOptions: fc.subarray(['rw', 'lowerdir=/', 'upperdir=/overlay/upper', 'upperdir=/x']),
});

t.test('whatever is mounted, the root is told and the plan is made', async (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(mountOf, { selector: ({ id }) => id, maxLength: 9 }), (mounts) => {
      const facts = openwrt({ mounts });
      const before = beforeStart(facts);
      const { maker, certainty, from } = before.root;
      const unseen = visibleAt(mounts, '/') === undefined;
      const roots = before.facts.mounts.filter(({ mountpoint }) => mountpoint === '/');
      planWhole('start', before.facts, { dryRun: true, force: false, known: before.known });
      return (
        unseen === (maker === 'unknown') &&
        maker !== 'mountroot' &&
        (certainty === 'unknown' || from.length > 0) &&
        (before.rebuilt === null || roots.length === 1)
      );
    }),
  );
  t.pass('no mounts made it fail');
});
