/** The plan of each rung of the ladder: a root on flash, one in memory, or the image itself. */
import type { Facts } from '../facts/facts.js';
import { STAGING } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { describe } from '../volumes/device.js';
import { fstypeOf } from '../volumes/mountable.js';
import { bookkeeping, upperSteps } from './bookkeeping.js';
import { imageMountpoint, lowerName, mountNotes } from './mountpoints.js';
import { pstoreSteps, remountStep, unmountStaging } from './open.js';
import { flashOverlay, isLegacy, makeRootPrivate, placeData, ramOverlay } from './overlay-root.js';
import { pivotTo, switchTo } from './pivot.js';
import type { Plan, StageResult } from './plan.js';
import { planOf, tried } from './plan-of.js';
import type { Trouble } from './reasons.js';
import { warn } from './steps.js';

const describeVolume = ({ volume }: Facts): string => {
  const device = volume.found[0]!;
  return `${describe(device)} (${fstypeOf(device, volume)})`;
};

/**
 * @param trouble a failure that does not stop the root from keeping its changes; null if there was
 * none.
 */
export function persistentRoot(
  facts: Facts,
  earlier: readonly StageResult[],
  trouble: Trouble | null,
): Plan {
  const { at, steps: place } = placeData(facts, facts.opened!.at);
  const legacy = isLegacy(facts);
  const notes = mountNotes(facts);
  if (legacy)
    notes.push(
      'this kernel has only the out-of-tree overlayfs: the upper layer is the root of the data ' +
        'volume, and there is no workdir',
    );
  return planOf('start', facts, {
    stage: 'root',
    rung: 'persistent',
    summary: `an overlay root that keeps its changes on ${describeVolume(facts)}`,
    steps: [
      ...bookkeeping(facts, earlier),
      makeRootPrivate(facts),
      ...place,
      ...(legacy ? [] : upperSteps(facts.opened, at)),
      ...flashOverlay(facts, at),
      ...pivotTo(facts, at),
    ],
    trouble,
    notes,
    last: true,
  });
}

export function keptReadOnlyRoot(facts: Facts, trouble: Trouble): Plan {
  const opened = facts.opened!;
  const { at, steps: place } = placeData(facts, opened.at);
  const protect = opened.readonly
    ? []
    : [
        warn(
          'protect',
          'It is a lower layer now, and must not change under the overlay.',
          remountStep(at, 'read-only', { undone: true }),
        ),
      ];
  return planOf('start', facts, {
    stage: 'root',
    rung: 'kept-read-only',
    summary:
      `an overlay root with the settings of ${describeVolume(facts)} as they are, ` +
      'whose changes are lost at power-off',
    steps: [
      makeRootPrivate(facts),
      ...place,
      ...protect,
      ...ramOverlay(facts, `${at}/upper`),
      ...pivotTo(facts, at),
    ],
    trouble,
    notes: mountNotes(facts),
    last: true,
  });
}

const closeVolume = ({ opened }: Facts): Step[] =>
  opened?.at === STAGING
    ? [unmountStaging(opened, 'The data volume is not used in this boot, and is left as it is.')]
    : [];

export function memoryRoot(facts: Facts, earlier: readonly StageResult[], trouble: Trouble): Plan {
  const close = closeVolume(facts);
  // These mounts are gone at that time, so their propagation needs no restoring.
  const closed =
    close.length > 0
      ? { ...facts, mounts: facts.mounts.filter(({ mountpoint }) => mountpoint !== STAGING) }
      : facts;
  return planOf('start', facts, {
    stage: 'root',
    rung: 'volatile',
    summary: 'an overlay root in memory, whose changes are lost at power-off',
    steps: [
      ...close,
      ...(tried(earlier, 'open') ? [] : pstoreSteps(facts)),
      makeRootPrivate(closed),
      ...ramOverlay(closed, null),
      ...pivotTo(closed, null),
    ],
    trouble,
    notes: mountNotes(facts),
    last: true,
  });
}

/** The bare image: it stays `/`, or an initramfs switches to it. */
export function imageRoot(facts: Facts, trouble: Trouble): Plan {
  const image = imageMountpoint(facts);
  return planOf('start', facts, {
    stage: 'root',
    rung: 'rom',
    summary: image === null ? `${lowerName(facts)}, which stays / as it is` : lowerName(facts),
    steps: [
      ...closeVolume(facts),
      ...(image === null ? [] : [makeRootPrivate(facts), ...switchTo(facts, image, null)]),
    ],
    trouble,
    last: true,
  });
}
