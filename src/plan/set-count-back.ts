import type { Facts, MountedVolume, Rung } from '../facts/facts.js';
import { ATTEMPTS, STAGING } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { describe } from '../volumes/device.js';
import { keepJournalSteps } from './done-marks.js';
import { remountStep, unmountStaging } from './open.js';
import type { Plan, Reason } from './plan.js';
import { planOf } from './plan-of.js';
import { fatal, warn } from './steps.js';

/** Wraps steps on a volume that is a lower layer: it is writable for these steps only. */
const writableFor = ({ at, readonly }: MountedVolume, steps: readonly Step[]): Step[] =>
  readonly
    ? [
        fatal(
          'writable',
          'It was made read-only for the overlay over it, which does not look into our own folder.',
          remountStep(at, 'writable', { undone: false }),
        ),
        ...steps,
        warn(
          'protect',
          'It is a lower layer, and must not change under the overlay.',
          remountStep(at, 'read-only', { undone: false }),
        ),
      ]
    : [...steps];

/** Sets the count of starts back after one that came up without the volume. */
export function setCountBack(facts: Facts, opened: MountedVolume, rung: Rung): Plan {
  const { at } = opened;
  const reason = (facts.state?.reason ?? 'overlay-failed') as Reason;
  const plan = planOf('done', facts, {
    stage: 'mark',
    rung,
    summary: `the count of starts on ${describe(facts.volume.found[0]!)} set back`,
    steps: [
      ...writableFor(opened, [
        // Removing the file works even if the volume is too full for a new one.
        warn('count', 'The board came up, so starts that did not are counted anew.', {
          kind: 'unlink',
          path: `${at}/${ATTEMPTS}`,
        }),
        ...keepJournalSteps(facts, at),
        warn('synced', 'The next start must find it.', { kind: 'sync', path: at }),
      ]),
      ...(at === STAGING
        ? [unmountStaging(opened, 'The data volume is not used in this boot.')]
        : []),
    ],
    last: true,
  });
  // The state that the start recorded is still true, and so is its cure.
  return {
    ...plan,
    reason,
    because:
      reason === 'boot-loop'
        ? 'starts before this one did not reach their end; ' +
          'the next one uses the data volume again'
        : null,
  };
}
