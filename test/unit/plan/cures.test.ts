/** A cure that destroys is only given for what was read, and never without a condition. */
import t from 'tap';
import { REASONS } from '../../../src/plan/reasons.js';
import { planReset } from '../../../src/plan/reset.js';
import { diagnosis } from '../../../src/report/doctor/diagnose.js';
import type { ContentKind } from '../../../src/volumes/index.js';
import { VOLUME_TYPE_LIST } from '../../../src/volumes/index.js';
import { fstypeOf, whyUnmountable } from '../../../src/volumes/mountable.js';
import type { Device, DeviceKind } from '../../../src/volumes/device.js';
import { boardFacts, withVolume } from '../../fixtures/facts.js';
import { next, past } from '../../fixtures/start-plans.js';

/** Words for what cannot be taken back. */
const DESTROYS =
  /mkfs|flash_?erase|ubiformat|ubiupdatevol|mtd erase|\bwipefs|\bdd of=|new file system|make one|`mountroot reset`|\berase it\b/;

/** What must stand before or beside it. */
const WITH_CARE =
  /nothing on it is needed|not needed|save the settings|order it again|order the reset again|copy/;

const DEVICES: Record<DeviceKind, Device> = {
  mtd: device('mtd', 'mtd3', '/dev/mtdblock3'),
  ubi: device('ubi', 'ubi0_1', 'ubi0_1'),
  block: device('block', 'mmcblk0p3', '/dev/mmcblk0p3'),
};

function device(kind: DeviceKind, name: string, source: string): Device {
  return { kind, name, label: '', source, number: null, size: 1 << 24, eraseBlock: null };
}

/** Content that was seen to be worth nothing, or that somebody marked to be erased. */
const SEEN_TO_BE_EMPTY: readonly ContentKind[] = ['blank', 'erase-marker'];

t.test('the general cure of a reason destroys only on a condition', async (t) => {
  // A marker says that somebody ordered the erasure.
  const marked = ['erase-marker'];
  for (const [reason, { cure }] of Object.entries(REASONS))
    if (DESTROYS.test(cure) && !marked.includes(reason)) t.match(cure, WITH_CARE, reason);
});

t.test('a medium that was not read is never to be written to', async (t) => {
  for (const [kind] of VOLUME_TYPE_LIST)
    for (const each of Object.values(DEVICES)) {
      if (fstypeOf(each, { content: { kind, evidence: 'x' } }) !== undefined) continue;
      const { cure, because } = whyUnmountable(each, { kind, evidence: 'cannot read: EIO' });
      const what = `${kind} on ${each.kind}: ${cure}`;
      if (kind === 'unreadable') {
        t.notMatch(cure, DESTROYS, what);
        t.match(cure, /copy what can be read .* before anything is written to it/, what);
        t.notMatch(because, /has no file system|is blank/, what);
      } else if (DESTROYS.test(cure) && !SEEN_TO_BE_EMPTY.includes(kind))
        t.match(cure, WITH_CARE, what);
    }
});

t.test('a read error on a card destroys nothing, in no report', async (t) => {
  const facts = withVolume(
    {
      wanted: '/dev/mmcblk0p3',
      found: [DEVICES.block],
      content: { kind: 'unreadable', evidence: 'cannot read /dev/mmcblk0p3: EIO' },
    },
    boardFacts(),
  );
  const plan = next(facts);
  t.match(plan, { rung: 'volatile', reason: 'unknown-content', because: /EIO/ });
  t.notMatch(plan.because, DESTROYS);
  t.notMatch(JSON.stringify(diagnosis(facts, null)), DESTROYS);
  const options = { dryRun: false, force: true, earlier: [] };
  t.notMatch(JSON.stringify(planReset(facts, options)), DESTROYS, 'not even one who resets');
  const broken = withVolume({
    wanted: '/dev/mmcblk0p3',
    found: [DEVICES.block],
    content: { kind: 'ext4', evidence: 'seen' },
  });
  const reset = planReset(broken, {
    ...options,
    earlier: [past('open', { step: 'data', errno: 'EIO', error: 'cannot mount: EIO' })],
  });
  t.match(reset, { decision: 'refuse' });
  t.notMatch(JSON.stringify(reset), DESTROYS);
});
