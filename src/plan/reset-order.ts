/** Resets a mounted volume: writes an order on it, and resets it at once if no root uses it. */
import type { Facts, MountedVolume } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { persistMounts } from '../facts/persist-paths.js';
import {
  ATTEMPTS,
  BOOTS,
  DATA,
  ORDER,
  QUARANTINE,
  ROM_BASELINE,
  ROM_MANIFEST,
  STAGING,
  STATE_LINK,
  UPGRADE,
} from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { describe } from '../volumes/device.js';
import { FULL } from '../system/errno.js';
import { metaFolder, metaSteps } from './bookkeeping.js';
import { importCancelled } from './import.js';
import { remountStep, unmountStaging } from './open.js';
import { isLegacy } from './overlay-root.js';
import { refuse, type Decision, type Plan, type StageResult } from './plan.js';
import { failures, planOf, tried } from './plan-of.js';
import type { Cause } from './reasons.js';
import { resetSteps } from './reset-steps.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';
import { fatal, warn } from './steps.js';

/** Whether the settings in use are those on the external volume. */
export const isOnExternal = ({ external }: Facts): boolean => external?.at === DATA;

/** Whether the root shows what is on the volume, as its upper layer or as a lower one. */
function isInUse({ mounts }: Facts, at: string): boolean {
  const root = visibleAt(mounts, '/');
  return (
    root !== undefined &&
    root.fstype.startsWith('overlay') &&
    [root, ...persistMounts(mounts)].some(({ superOptions }) =>
      superOptions.some((option) => /^(upper|lower)dir=/.test(option) && option.includes(at)),
    )
  );
}

/** The input of the rows. */
export interface MountedReset {
  facts: Facts;
  opened: MountedVolume;
  earlier: readonly StageResult[];
  keep: readonly string[];
  /** A root uses the settings, so they cannot be removed now. */
  used: boolean;
}

const deviceName = ({ facts }: MountedReset): string => describe(facts.volume.found[0]!);

const lastFailure = ({ earlier }: MountedReset): StageResult['failed'] =>
  failures(earlier, 'order').at(-1)?.failed ?? null;

const isFull = (reset: MountedReset): boolean => FULL.includes(lastFailure(reset)?.errno ?? '');

const isOrdered = ({ earlier }: MountedReset): boolean =>
  earlier.some(({ stage, failed }) => stage === 'order' && failed === null);

/** Without it a reset after a boot loop would leave the next start without the volume. */
const countedAnew = ({ at }: MountedVolume): Step =>
  warn('count', 'What kept starts from reaching `done` may be gone, so they are counted anew.', {
    kind: 'unlink',
    path: `${at}/${ATTEMPTS}`,
  });

function carryOut(reset: MountedReset): Plan {
  const { facts, opened, earlier, keep } = reset;
  const close =
    opened.at === STAGING && tried(earlier, 'open')
      ? [unmountStaging(opened, 'It was mounted only for this.')]
      : [];
  return planOf('reset', facts, {
    stage: 'reset',
    summary:
      `${deviceName(reset)} as the factory leaves it` +
      (keep.length > 0 ? `, but for ${keep.join(', ')}` : ''),
    steps: [countedAnew(opened), ...resetSteps(opened, keep, isLegacy(facts)), ...close],
    last: true,
  });
}

/**
 * A full volume has no room even for an order, so this removes what a reset removes anyway, or what
 * can be made again.
 */
const roomSteps = ({ at, upgrade }: MountedVolume, keep: readonly string[]): Step[] => [
  ...[BOOTS, ROM_MANIFEST, ROM_BASELINE, QUARANTINE].map((path, index) =>
    warn(`room-${index + 1}`, 'The volume is full, and this is not needed for the factory state.', {
      kind: 'remove-tree',
      path: `${at}/${path}`,
    }),
  ),
  ...(upgrade && !keep.includes(`/${UPGRADE}`)
    ? [
        warn('room-upgrade', 'Nor is this, which is not to be kept.', {
          kind: 'unlink',
          path: `${at}/${UPGRADE}`,
        }),
      ]
    : []),
];

export const orderStep = (id: string, at: string, keep: readonly string[]): Step =>
  fatal(id, 'The next start carries it out, also when power is cut meanwhile.', {
    kind: 'write',
    path: `${at}/${ORDER}`,
    content: `${JSON.stringify({ keep })}\n`,
  });

const externalOrder = (keep: readonly string[]): Step[] => [
  fatal('meta-external', 'What mountroot notes there is in one folder too.', metaFolder(DATA)),
  orderStep('order-external', DATA, keep),
  fatal('external-synced', 'This one too.', { kind: 'sync', path: DATA }),
];

/** Settings that are kept read-only are writable for the order only. */
const writable = ({ opened: { at, readonly } }: MountedReset): Step[] =>
  readonly
    ? [
        fatal(
          'writable',
          'An order can be written only where writing is possible.',
          remountStep(at, 'writable', { undone: true }),
        ),
      ]
    : [];
const protectAgain = ({ opened: { at, readonly }, used }: MountedReset): Step[] =>
  readonly && used
    ? [
        warn(
          'protect',
          'It is a lower layer, and must not change under the overlay.',
          remountStep(at, 'read-only', { undone: true }),
        ),
      ]
    : [];

function giveOrder(reset: MountedReset): Plan {
  const { facts, opened, keep, used } = reset;
  const { at } = opened;
  const external = isOnExternal(facts);
  const what = external
    ? `${deviceName(reset)} and external volume ${facts.external!.wanted}`
    : deviceName(reset);
  return planOf('reset', facts, {
    stage: 'order',
    summary:
      `an order to reset ${what}` +
      (used ? ', which the next start carries out: reboot to have it done' : ''),
    steps: [
      ...writable(reset),
      ...(isFull(reset) ? roomSteps(opened, keep) : []),
      ...metaSteps(opened),
      orderStep('order', at, keep),
      ...importCancelled(opened),
      warn('state', 'The settings are not to be relied on any more.', {
        kind: 'link',
        path: `${at}/${STATE_LINK}`,
        target: '1',
      }),
      fatal('order-synced', 'An order given is on stable storage.', { kind: 'sync', path: at }),
      ...(external ? externalOrder(keep) : []),
      ...protectAgain(reset),
    ],
    last: used,
  });
}

const refused = (_: MountedReset, cause: Cause): Decision => refuse('reset', 'reset-failed', cause);

export const RESET_ON_VOLUME: readonly PlanRule<MountedReset, Decision, Cause>[] = [
  {
    id: 'reset-failed',
    when: ({ earlier }) => failures(earlier, 'reset').length > 0,
    then: refused,
    because: (reset) => ({
      found:
        `the reset of ${deviceName(reset)} was not finished, ` +
        'and its order stands for the next start to carry out: ' +
        failures(reset.earlier, 'reset')[0]!.failed!.error,
      cure: null,
    }),
  },
  { id: 'ordered', when: (reset) => !reset.used && isOrdered(reset), then: carryOut },
  {
    id: 'order-failed',
    when: (reset) => lastFailure(reset) !== null && !isFull(reset),
    then: refused,
    because: (reset) => ({
      found:
        `no reset of ${deviceName(reset)} could be ordered for certain: ` +
        lastFailure(reset)!.error,
      cure: null,
    }),
  },
  {
    id: 'no-room',
    when: ({ earlier }) => failures(earlier, 'order').length > 1,
    then: refused,
    because: (reset) => ({
      found:
        `no reset of ${deviceName(reset)} could be ordered for certain: ` +
        lastFailure(reset)!.error,
      cure: `remove something that can be spared below ${reset.opened.at}, then order it again`,
    }),
  },
  { id: 'order', when: otherwise, then: giveOrder },
];

export const resetOnVolume = (
  facts: Facts,
  earlier: readonly StageResult[],
  keep: readonly string[],
): Decision => {
  const opened = facts.opened!;
  const used = isOnExternal(facts) || isInUse(facts, opened.at);
  return firstMatch(RESET_ON_VOLUME, { facts, opened, earlier, keep, used })!;
};
