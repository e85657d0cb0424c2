/**
 * Plans `reset`: the factory's state, except for what is to be kept.
 *
 * On a running overlay only the order is written, and the next start carries it out before anything uses the settings: nothing is pulled away from under
 * running programs, and a power cut only makes it begin again. What cannot be mounted is marked to be erased, which `done` then does.
 */
import type { Facts } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { keepPath } from '../facts/settings.js';
import { META, ORDER, STAGING, STATE_LINK } from '../facts/places.js';
import { openSteps, resetSteps } from './open.js';
import { isLegacy } from './overlay-root.js';
import { EXIT, PLAN_SCHEMA, type Decision, type Options, type Plan, type Stage } from './plan.js';
import { planOf, preconditions, refuse } from './start.js';
import type { Step } from './step.js';
import { fatal, lastingFolder, warn } from './steps.js';
import { describe, fstypeOf, volumeTrouble } from './volume.js';

export function planReset(facts: Facts, options: Options): Decision {
  const refusal = preconditions('reset', facts, options);
  if (refusal) return refusal;
  const asked = options.keep ?? [];
  const wrong = asked.find((path) => keepPath(path) === null);
  const keep = [...new Set([...facts.configuration.settings.keep, ...asked.map((path) => keepPath(path) ?? '')])];
  if (wrong !== undefined) return refuse('reset', 'bad-keep', `cannot keep ${JSON.stringify(wrong)}: what is kept is named by an absolute path without . and ..; nothing was reset`);

  const { volume, opened, configuration } = facts;
  const past = options.past ?? [];
  const did = (stage: Stage): boolean => past.some((each) => each.stage === stage);
  const device = volume.found[0];
  if (volume.found.length !== 1 || device === undefined) return refuse('reset', 'no-volume', `there is nothing to reset: ${volumeTrouble(facts, volume, configuration.origins.volume)?.because ?? 'the data volume is not attached'}`);
  if (opened !== null) return onVolume(facts, keep, did);
  if (volume.content?.kind === 'blank' || volume.content?.kind === 'erase-marker')
    return { schema: PLAN_SCHEMA, decision: 'already', verb: 'reset', summary: `${describe(device)} holds no settings: ${volume.content.evidence}`, exit: EXIT.done };
  const failed = past.some((each) => each.stage === 'open' && each.failed !== null);
  const fstype = fstypeOf(device, volume);
  if (fstype !== undefined && facts.kernel.filesystems.includes(fstype) && !failed) return part(facts, 'open', `opening ${describe(device)}`, openSteps(facts, false), false);
  if (device.kind !== 'mtd' || !device.eraseBlock)
    return refuse('reset', 'no-volume', `${describe(device)} cannot be mounted (${past.at(-1)?.failed?.error ?? volume.content?.evidence}), and only flash can be erased here; make a new file system on it`);
  if (did('order')) return refuse('reset', 'no-volume', `${describe(device)} could not be marked to be erased: ${past.at(-1)?.failed?.error ?? 'the mark is not there'}`);
  const mark = [fatal('mark', 'It cannot be mounted, so there is nothing that could be kept; `done` erases it in the next boot.', { kind: 'mark-for-erase', device: `/dev/${device.name}`, eraseBlock: device.eraseBlock } as const)];
  return part(facts, 'order', `an order to erase ${describe(device)}, which cannot be mounted; the next boot carries it out`, mark, true);
}

const part = (facts: Facts, stage: Stage, summary: string, steps: Step[], last: boolean): Plan => planOf('reset', facts, { stage, rung: 'persistent', summary, steps, trouble: null }, last);

function onVolume(facts: Facts, keep: readonly string[], did: (stage: Stage) => boolean): Decision {
  const opened = facts.opened!;
  const { at } = opened;
  const named = describe(facts.volume.found[0]!);
  const order = [
    fatal('meta', 'What mountroot notes on the volume is in one folder.', lastingFolder(`${at}/${META}`)),
    fatal('order', 'Whoever starts next carries it out, also when power is cut meanwhile.', { kind: 'write', path: `${at}/${ORDER}`, content: `${JSON.stringify({ keep })}\n` } as const),
    warn('state', 'The settings are not to be relied on any more.', { kind: 'link', path: `${at}/${STATE_LINK}`, target: '1' }),
    fatal('order-synced', 'An order given is on stable storage.', { kind: 'sync', path: at }),
  ];
  if (inUse(facts, at)) return part(facts, 'order', `an order to reset ${named}, which the next start carries out: reboot to have it done`, order, true);
  if (!did('order')) return part(facts, 'order', `an order to reset ${named}`, order, false);
  const away: Step[] = at === STAGING && did('open') ? [warn('close', 'It was mounted only for this.', { kind: 'umount', path: STAGING, fstype: opened.fstype, lazy: false, again: null })] : [];
  return part(facts, 'reset', `${named} as the factory leaves it${keep.length > 0 ? `, but for ${keep.join(', ')}` : ''}`, [...resetSteps(opened, keep, isLegacy(facts)), ...away], true);
}

/** Whether the root shows what is on the volume, as its upper layer or as a lower one. */
function inUse({ mounts }: Facts, at: string): boolean {
  const root = visibleAt(mounts, '/');
  return root !== undefined && root.fstype.startsWith('overlay') && root.superOptions.some((option) => /^(upper|lower)dir=/.test(option) && option.includes(at));
}
