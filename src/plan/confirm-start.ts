import type { Facts, MountedVolume } from '../facts/facts.js';
import { layersOf } from '../facts/layers.js';
import { QUARANTINE } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { describe } from '../volumes/device.js';
import { keepJournalSteps, recordRomSteps, startMarks, whiteoutProbe } from './done-marks.js';
import { afterImport } from './import.js';
import type { Plan, Reason } from './plan.js';
import { planOf } from './plan-of.js';
import { warn } from './steps.js';

/** Removes the copies that interrupted switches left. It keeps the newest one, which is enough. */
function removeHalfCopies({ quarantine }: MountedVolume, at: string): Step[] {
  const numbers = quarantine
    .flatMap((name) => /^incoming-(\d{1,9})$/.exec(name)?.[1] ?? [])
    .map(Number);
  return numbers
    .sort((a, b) => a - b)
    .slice(0, -1)
    .map((number) =>
      warn(
        `half-copy-${number}`,
        'It is the copy of an interrupted switch; a later switch made the settings.',
        { kind: 'remove-tree', path: `${at}/${QUARANTINE}/incoming-${number}` },
      ),
    );
}

/** Confirms a start whose root is on flash. */
export function confirmStart(facts: Facts, opened: MountedVolume): Plan {
  const { at } = opened;
  const plan = planOf('done', facts, {
    stage: 'mark',
    summary: `a confirmed start on ${describe(facts.volume.found[0]!)}`,
    steps: [
      ...startMarks(at),
      ...afterImport(opened),
      ...removeHalfCopies(opened, at),
      whiteoutProbe(at),
      ...recordRomSteps(facts, at, layersOf(facts.mounts)?.upper),
      warn('synced', 'A confirmed start is on stable storage.', { kind: 'sync', path: at }),
    ],
    last: true,
  });
  // The state that the start recorded is still true, and so is its cure.
  return { ...plan, reason: (facts.state?.reason ?? null) as Reason | null };
}

/** Confirms a start whose root is in memory, with paths that last. */
export function confirmPersist(facts: Facts, opened: MountedVolume): Plan {
  const { at } = opened;
  const plan = planOf('done', facts, {
    stage: 'mark',
    rung: facts.state?.rung ?? 'volatile',
    summary: `a confirmed start with paths that last on ${describe(facts.volume.found[0]!)}`,
    steps: [
      ...startMarks(at),
      whiteoutProbe(at),
      ...keepJournalSteps(facts, at),
      warn('synced', 'A confirmed start is on stable storage.', { kind: 'sync', path: at }),
    ],
    last: true,
  });
  return { ...plan, reason: (facts.state?.reason ?? null) as Reason | null };
}
