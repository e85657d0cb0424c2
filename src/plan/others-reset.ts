/**
 * A volume that another program has reset. fstools' `jffs2reset` and OpenWrt's own start remove all
 * but the directories whose names begin with a dot, so our folder stays: with the count of starts,
 * and perhaps an import that waits. They belong to settings that are gone. A start removes them, as
 * our own reset does, before it acts on any of them.
 */
import type { Facts, MountedVolume } from '../facts/facts.js';
import { UPGRADE } from '../facts/places.js';
import { countStep, inUse, metaSteps } from './bookkeeping.js';
import { importCancelled } from './import.js';
import { isLegacy } from './overlay-root.js';
import type { Plan, StageResult } from './plan.js';
import { planOf, tried } from './plan-of.js';
import { orderStep } from './reset-order.js';
import { resetSteps } from './reset-steps.js';

/** What only an earlier start, `done` or import leaves. */
const hasRemains = ({ attempts, imported, quarantine }: MountedVolume): boolean =>
  attempts !== 0 || imported !== undefined || quarantine.length > 0;

/**
 * Whether another program has emptied the volume. A half copy of a switch to flash is no sign of
 * it: a switch marks the volume only at its end.
 */
export const isEmptiedByOthers = (facts: Facts, earlier: readonly StageResult[]): boolean => {
  const { state, upper, incoming, readonly, persist } = facts.opened!;
  return (
    state === 'fresh' &&
    upper === 'missing' &&
    incoming === 'missing' &&
    persist === undefined &&
    !readonly &&
    !isLegacy(facts) &&
    hasRemains(facts.opened!) &&
    !tried(earlier, 'reset')
  );
};

/**
 * An order to reset comes first, so that the next start goes on after a power cut. The old count
 * goes before the mark that would make it count. A firmware upgrade stays: it is for new settings.
 */
export function removeRemains(facts: Facts): Plan {
  const opened = facts.opened!;
  const { at, imported } = opened;
  const keep = [`/${UPGRADE}`];
  const cancelled = imported && { imported: { ...imported, ordered: false } };
  return planOf('start', facts, {
    stage: 'reset',
    summary: 'removing what mountroot had noted of settings that another program has removed',
    steps: [
      ...metaSteps(opened),
      orderStep('order', at, keep),
      ...importCancelled(opened),
      countStep(opened),
      inUse(at, facts),
      ...resetSteps({ ...opened, ...cancelled }, keep, false),
    ],
  });
}
