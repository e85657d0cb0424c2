import t from 'tap';
import type { Facts, Handover, RootVolume } from '../../../src/facts/facts.js';
import type { StageResult, Verb } from '../../../src/plan/plan.js';
import { BEFORE_LADDER, IMAGE_CHECKS, TOWARDS_IMAGE } from '../../../src/plan/before-ladder.js';
import { boardFacts, device, mount } from '../../fixtures/facts.js';
import { failedAt, succeeded, walkTable } from '../../fixtures/walk-table.js';

const ROOT: RootVolume = {
  wanted: '/dev/mtdblock2',
  found: [device({ name: 'mtd2', label: 'rootfs', source: '/dev/mtdblock2', number: '31:2' })],
  content: { kind: 'squashfs', evidence: 'as seen' },
  attach: null,
  fstypes: [],
  options: null,
  writable: false,
  patient: false,
};
const HANDOVER: Handover = {
  pid: 1,
  ramfs: true,
  root: ROOT,
  asked: null,
  at: null,
  paths: {},
  programs: [],
  args: [],
};

/** Facts of an initramfs that has all mounts that process 1 needs. */
function initramfs(handover: Partial<Handover> | null): Facts {
  const facts = boardFacts();
  return {
    ...facts,
    mounts: [
      ...facts.mounts.map((each) =>
        each.mountpoint === '/' ? { ...each, fstype: 'rootfs', source: 'rootfs' } : each,
      ),
      mount('/run'),
    ],
    handover: handover === null ? null : { ...HANDOVER, ...handover },
  };
}

const departure = (facts: Facts, verb: Verb = 'start', earlier: StageResult[] = []) => ({
  verb,
  facts,
  earlier,
  dryRun: false,
});

t.test('the checks before the ladder, row by row', async (t) => {
  const bare = { ...initramfs({}), mounts: [] };
  const outcomes: Record<string, string> = {};
  walkTable(
    t,
    BEFORE_LADDER,
    {
      'unknown-ramfs': departure(initramfs(null)),
      early: departure(bare),
      'no-initramfs': departure(boardFacts(), 'switch-root'),
      ordinary: departure(boardFacts()),
      'not-process-1': departure(initramfs({ pid: 77 })),
      'asked-not-mounted': departure(initramfs({ asked: '/newroot' })),
      'no-root-named': departure(initramfs({ root: null })),
      'no-image': departure(initramfs({})),
      image: departure(initramfs({ at: '/newroot' })),
    },
    (outcome, id) => {
      if (outcome === null) outcomes[id] = 'nothing';
      else outcomes[id] = outcome.decision === 'go' ? outcome.stage : outcome.reason;
    },
  );
  t.same(outcomes, {
    'unknown-ramfs': 'root-is-ramfs',
    early: 'early',
    'no-initramfs': 'root-is-no-ramfs',
    ordinary: 'nothing',
    'not-process-1': 'root-is-ramfs',
    'asked-not-mounted': 'no-new-root',
    'no-root-named': 'no-new-root',
    'no-image': 'image',
    image: 'no-init',
  });
});

t.test('the way to the image, row by row', async (t) => {
  const approach = (changes: Partial<RootVolume> = {}, ...earlier: StageResult[]) => {
    const root = { ...ROOT, ...changes };
    return { ...departure(initramfs({ root }), 'start', earlier), root };
  };
  const none = { found: [], content: null };
  walkTable(
    t,
    TOWARDS_IMAGE,
    {
      wait: approach({ ...none, patient: true }),
      attach: approach({ ...none, attach: 3 }),
      missing: approach(none, succeeded('image-wait')),
      ambiguous: approach({ found: [device(), device({ name: 'mtd9' })] }),
      'mount-failed': approach({}, failedAt('image', 'EINVAL')),
      gone: approach({}, succeeded('image')),
      'unknown-file-system': approach({ content: { kind: 'unknown', evidence: 'as seen' } }),
      mount: approach(),
    },
    (outcome, id) =>
      t.equal(outcome.decision, ['wait', 'attach', 'mount'].includes(id) ? 'go' : 'refuse'),
  );
});

t.test('the checks of the image, row by row', async (t) => {
  const image = (handover: Partial<Handover>, ...earlier: StageResult[]) => ({
    ...departure(initramfs(handover), 'start', earlier),
    ...HANDOVER,
    ...handover,
  });
  walkTable(t, IMAGE_CHECKS, {
    'switch-failed': image({ at: '/newroot' }, failedAt('root', 'EINVAL', { rung: 'rom' })),
    'no-init': image({ at: '/newroot', programs: [{ path: '/sbin/init', trouble: 'missing' }] }),
  });
});
