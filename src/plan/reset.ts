/**
 * Plans `reset`: the factory's state, except for what is to be kept.
 *
 * On a running overlay only the order is written, and the next start carries it out before anything
 * uses the settings: nothing is pulled away from under running programs, and a power cut only makes
 * it begin again. Flash whose file system is broken is marked to be erased, which `done` then does;
 * that takes everything, so it is no way out where something is to be kept, nor where a mount
 * failed for a reason that passes.
 */
import type { Facts } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { keepPath } from '../facts/setting-rows.js';
import {
  BOOTS,
  DATA,
  FLASH_SOURCE,
  META,
  ORDER,
  QUARANTINE,
  ROM_BASELINE,
  ROM_MANIFEST,
  STAGING,
  STATE_LINK,
  UPGRADE,
} from '../facts/places.js';
import { importCancelled } from './import.js';
import { attachSteps, metaSteps, openSteps, resetSteps } from './open.js';
import { isLegacy } from './overlay-root.js';
import {
  EXIT,
  PLAN_SCHEMA,
  refuse,
  type Decision,
  type PlanningOptions,
  type StageResult,
  type Plan,
  type Stage,
} from './plan.js';
import { did, failures, planOf } from './plan-of.js';
import { preconditions } from './start.js';
import type { Action, Step } from '../steps/step.js';
import { fatal, lastingFolder, warn } from './steps.js';
import { sentenceOf, type Trouble } from './reasons.js';
import { describe } from '../volumes/device.js';
import { fstypeOf } from '../volumes/mountable.js';
import { volumeTrouble } from './volume.js';

const sentence = (trouble: Trouble | null): string | null =>
  trouble === null ? null : sentenceOf(trouble);

/**
 * What mount(2) says of a file system that is broken; other errors are of this moment, and no
 * reason to give anything up.
 */
const BROKEN = ['EIO', 'EUCLEAN', 'EBADMSG'];
const FULL = ['ENOSPC', 'EDQUOT'];

export function planReset(facts: Facts, options: PlanningOptions): Decision {
  const refusal = preconditions('reset', facts, options);
  if (refusal) return refusal;
  const asked = options.keep ?? [];
  const wrong = asked.find((path) => keepPath(path) === null);
  const keep = [
    ...new Set([
      ...facts.configuration.settings.keep,
      ...asked.map((path) => keepPath(path) ?? ''),
    ]),
  ];
  if (wrong !== undefined)
    return refuse('reset', 'bad-keep', {
      found: `cannot keep ${JSON.stringify(wrong)}: what is kept is named by an absolute path without . and ..; nothing was reset`,
      cure: null,
    });

  const { volume, opened, configuration } = facts;
  const past = options.past ?? [];
  const device = volume.found[0];
  const outside = outOfReach(facts);
  if (outside !== null) return refuse('reset', 'external', { found: outside, cure: null });
  if (volume.attach !== null && !did(past, 'attach'))
    return part(
      facts,
      'attach',
      `attaching UBI on mtd${volume.attach}`,
      attachSteps(volume.attach),
      false,
    );
  const [attachFailed] = failures(past, 'attach');
  if (attachFailed)
    return refuse('reset', 'no-volume', {
      found: `nothing was reset: ${attachFailed.failed!.error}`,
      cure: null,
    });
  if (volume.found.length !== 1 || device === undefined)
    return refuse('reset', 'no-volume', {
      found: `there is nothing to reset: ${sentence(volumeTrouble(facts, volume, configuration.origins.volume)) ?? 'the data volume is not attached'}`,
      cure: null,
    });
  if (opened !== null) return onVolume(facts, keep, past);
  if (volume.content?.kind === 'erase-marker')
    return {
      schema: PLAN_SCHEMA,
      decision: 'already',
      verb: 'reset',
      summary: `${describe(device)} holds no settings: ${volume.content.evidence}`,
      exit: EXIT.done,
    };

  const failed = failures(past, 'open')[0]?.failed;
  const fstype = fstypeOf(device, volume);
  if (fstype !== undefined && !facts.kernel.filesystems.includes(fstype))
    return refuse('reset', 'no-volume', {
      found: `nothing was reset: ${sentence(volumeTrouble(facts, volume, configuration.origins.volume))}`,
      cure: null,
    });
  // What looks blank may have settings behind the blocks that were looked at, so it is opened too.
  if (fstype !== undefined && !did(past, 'open'))
    return part(facts, 'open', `opening ${describe(device)}`, openSteps(facts, false), false);
  const evidence = failed?.error ?? volume.content?.evidence ?? 'nothing is known of it';
  if (device.kind !== 'mtd' || !device.eraseBlock)
    return refuse('reset', 'no-volume', {
      found: `${describe(device)} cannot be mounted (${evidence}), and only flash can be erased here; make a new file system on it`,
      cure: null,
    });
  if (fstype !== undefined && !(failed?.step === 'data' && BROKEN.includes(failed.errno ?? '')))
    return refuse('reset', 'reset-failed', {
      found: `${describe(device)} could not be opened, and nothing was reset: ${failed?.error ?? `it was mounted on ${STAGING}, and is not there any more`}`,
      cure: null,
    });
  if (keep.length > 0)
    return refuse('reset', 'reset-failed', {
      found: `${describe(device)} cannot be mounted (${evidence}), so ${keep.join(', ')} could not be kept, and nothing was reset; to give up all that is on it, order \`mountroot reset --set keep=\` without --keep`,
      cure: null,
    });
  if (did(past, 'order'))
    return refuse('reset', 'no-volume', {
      found: `${describe(device)} could not be marked to be erased: ${past.at(-1)?.failed?.error ?? 'the mark is not there'}`,
      cure: null,
    });
  const mark = [
    fatal(
      'mark',
      'It cannot be mounted, so there is nothing that could be kept; `done` erases it in the next boot.',
      {
        kind: 'mark-for-erase',
        device: `/dev/${device.name}`,
        eraseBlock: device.eraseBlock,
      } as const,
    ),
  ];
  return part(
    facts,
    'order',
    `an order to erase ${describe(device)}, which cannot be mounted; the next boot carries it out`,
    mark,
    true,
  );
}

const part = (facts: Facts, stage: Stage, summary: string, steps: Step[], last: boolean): Plan =>
  planOf('reset', facts, { stage, rung: 'persistent', summary, steps, trouble: null }, last);

/** Whether the settings are those on the external volume. */
const isExternal = ({ external }: Facts): boolean => external?.at === DATA;

/**
 * Why the settings that the next start uses may be where this reset does not reach; null when they
 * are not. A reset of another volume would look as if it had worked.
 */
function outOfReach(facts: Facts): string | null {
  const { external, mounts } = facts;
  if (external === null || isExternal(facts) || visibleAt(mounts, '/')?.source === FLASH_SOURCE)
    return null;
  const instead = 'to reset only the internal volume, order `mountroot reset --set extroot=`';
  if (external.at === '/')
    return `/ is the external root on ${external.wanted}, whose factory state nobody knows, so nothing was reset; ${instead}`;
  return `the next start uses external volume ${external.wanted}, which is not in use now, so nothing was reset; order it on the running overlay, or ${instead}`;
}

const remount = (path: string, readonly: boolean): Action => ({
  kind: 'remount',
  path,
  readonly,
  flags: ['MS_NOATIME'],
  inverse: true,
  patience: 0,
});

/**
 * What a reset removes anyway, or what can be made again: a full volume has no room even for an
 * order.
 */
const roomSteps = ({ opened }: Facts, keep: readonly string[]): Step[] => [
  ...[BOOTS, ROM_MANIFEST, ROM_BASELINE, QUARANTINE].map((path, index) =>
    warn(`room-${index + 1}`, 'The volume is full, and this is not needed for the factory state.', {
      kind: 'remove-tree',
      path: `${opened!.at}/${path}`,
    }),
  ),
  ...(opened!.upgrade && !keep.includes(`/${UPGRADE}`)
    ? [
        warn('room-upgrade', 'Nor is this, which is not to be kept.', {
          kind: 'unlink',
          path: `${opened!.at}/${UPGRADE}`,
        }),
      ]
    : []),
];

/** Whoever starts next carries it out, also when power is cut meanwhile. */
const orderOn = (at: string, keep: readonly string[], id = ''): Step[] => [
  fatal(`order${id}`, 'Whoever starts next carries it out, also when power is cut meanwhile.', {
    kind: 'write',
    path: `${at}/${ORDER}`,
    content: `${JSON.stringify({ keep })}\n`,
  } as const),
];

function onVolume(facts: Facts, keep: readonly string[], past: readonly StageResult[]): Decision {
  const opened = facts.opened!;
  const { at } = opened;
  const named = describe(facts.volume.found[0]!);
  const [resetFailed] = failures(past, 'reset');
  if (resetFailed)
    return refuse('reset', 'reset-failed', {
      found: `the reset of ${named} was not finished, and its order stands for the next start to carry out: ${resetFailed.failed!.error}`,
      cure: null,
    });
  const external = isExternal(facts) ? DATA : null;
  const used = external !== null || inUse(facts, at);
  const failed = failures(past, 'order');
  const ordered = past.some(({ stage, failed }) => stage === 'order' && failed === null);
  if (!used && ordered) {
    const away: Step[] =
      at === STAGING && did(past, 'open')
        ? [
            warn('close', 'It was mounted only for this.', {
              kind: 'umount',
              path: STAGING,
              fstype: opened.fstype,
              lazy: false,
              again: null,
            }),
          ]
        : [];
    return part(
      facts,
      'reset',
      `${named} as the factory leaves it${keep.length > 0 ? `, but for ${keep.join(', ')}` : ''}`,
      [...resetSteps(opened, keep, isLegacy(facts)), ...away],
      true,
    );
  }
  const last = failed.at(-1)?.failed;
  const full = FULL.includes(last?.errno ?? '');
  if (last && (failed.length > 1 || !full))
    return refuse('reset', 'reset-failed', {
      found: `no reset of ${named} could be ordered for certain: ${last.error}${full ? `; remove something that can be spared below ${at}, then order it again` : ''}`,
      cure: null,
    });
  const steps = [
    // Settings that are kept read-only were made so for the overlay over them, which does not look
    // into our own folder.
    ...(opened.readonly
      ? [
          fatal(
            'writable',
            'An order can be written only where writing is possible.',
            remount(at, false),
          ),
        ]
      : []),
    ...(full ? roomSteps(facts, keep) : []),
    ...metaSteps(opened),
    ...orderOn(at, keep),
    ...importCancelled(opened),
    warn('state', 'The settings are not to be relied on any more.', {
      kind: 'link',
      path: `${at}/${STATE_LINK}`,
      target: '1',
    }),
    fatal('order-synced', 'An order given is on stable storage.', { kind: 'sync', path: at }),
    ...(external === null
      ? []
      : [
          fatal(
            'meta-external',
            'What mountroot notes there is in one folder too.',
            lastingFolder(`${external}/${META}`),
          ),
          ...orderOn(external, keep, '-external'),
          fatal('external-synced', 'This one too.', { kind: 'sync', path: external } as const),
        ]),
    ...(opened.readonly && used
      ? [
          warn(
            'protect',
            'It is a lower layer, and must not change under the overlay.',
            remount(at, true),
          ),
        ]
      : []),
  ];
  const what = external === null ? named : `${named} and external volume ${facts.external!.wanted}`;
  return part(
    facts,
    'order',
    used
      ? `an order to reset ${what}, which the next start carries out: reboot to have it done`
      : `an order to reset ${what}`,
    steps,
    used,
  );
}

/** Whether the root shows what is on the volume, as its upper layer or as a lower one. */
function inUse({ mounts }: Facts, at: string): boolean {
  const root = visibleAt(mounts, '/');
  return (
    root !== undefined &&
    root.fstype.startsWith('overlay') &&
    root.superOptions.some((option) => /^(upper|lower)dir=/.test(option) && option.includes(at))
  );
}
