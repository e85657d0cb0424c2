/**
 * Plans `done`, called late in boot: the start is confirmed, and a root in memory whose flash was only not ready yet moves to flash.
 *
 * The switch loses nothing: all is copied while the system runs, then what has changed since; then the old root is made read-only, which the kernel
 * refuses while anything on it is open for writing; what changed last is copied, and only when all of it is on stable storage does it become the upper layer. A
 * power cut before that leaves a volume without settings, as it was; one after it leaves a complete one.
 */
import type { Facts, Rung } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { ATTEMPTS, DATA, FLASH_SOURCE, INCOMING, META, OLD_ROOT, RAM, RAM_SOURCE, STAGING, STATE_LINK } from '../facts/places.js';
import { openSteps } from './open.js';
import { flashOverlay, makePrivate, pivotTo, placeData } from './overlay-root.js';
import { EXIT, PLAN_SCHEMA, type Already, type Decision, type Options, type Past, type Plan } from './plan.js';
import { planOf, preconditions, refuse } from './start.js';
import type { Step } from './step.js';
import { fatal, mkdir, lastingFolder, warn } from './steps.js';
import { describe, volumeTrouble } from './volume.js';

/** Where the RAM overlay goes behind the pivot, to be let go. */
const PUT_OLD = '/mnt';

/** Seconds in which whoever writes a file is expected to have closed it; a log that is always open is not worth waiting for. */
const PATIENCE = 10;

export function planDone(facts: Facts, options: Options): Decision {
  const refusal = preconditions('done', facts, options);
  if (refusal) return refusal;
  const root = visibleAt(facts.mounts, '/');
  if (root?.source === RAM_SOURCE) return fromMemory(facts, options.past ?? []);
  const onFlash = root?.source === FLASH_SOURCE || (facts.external !== null && facts.external.at === '/');
  if (onFlash && facts.opened !== null) return confirm(facts, facts.opened.at);
  if (onFlash) return already('/ is an overlay, but its data volume is not where it was put; there is nothing to confirm', EXIT.degraded);
  if (facts.state === null && !options.dryRun) return refuse('done', 'no-overlay-root', '/ is no overlay of mountroot, and no start was tried in this boot; there is nothing to confirm');
  return already('/ is no overlay of ours, so no start is confirmed', EXIT.degraded);
}

const already = (summary: string, exit: Already['exit']): Already => ({ schema: PLAN_SCHEMA, decision: 'already', verb: 'done', summary, exit });

const trouble = ({ state }: Facts): Pick<Plan, 'reason' | 'because'> => ({ reason: (state?.reason ?? null) as Plan['reason'], because: null });

/** The marks of a start that came to its end. */
const marks = (at: string): Step[] => [
  warn('meta', 'What mountroot notes on the volume is in one folder.', lastingFolder(`${at}/${META}`)),
  warn('count', 'This start reached its end, so the count of those that did not begins anew.', { kind: 'write', path: `${at}/${ATTEMPTS}`, content: '0\n' }),
];
const ready = (at: string): Step => warn('ready', 'The volume is in use, and all went well.', { kind: 'link', path: `${at}/${STATE_LINK}`, target: '2' });

function confirm(facts: Facts, at: string): Plan {
  const steps = [
    ...marks(at),
    ready(at),
    warn('whiteout', 'Without RENAME_WHITEOUT files of the image cannot be renamed, nor its directories removed; better to know.', { kind: 'probe-whiteout', folder: `${at}/${META}/probe` }),
    warn('synced', 'A confirmed start is on stable storage.', { kind: 'sync', path: at }),
  ];
  const plan = planOf('done', facts, { stage: 'mark', rung: 'persistent', summary: `a confirmed start on ${describe(facts.volume.found[0]!)}`, steps, trouble: null }, true);
  return { ...plan, ...trouble(facts) };
}

/** The rung, from what is recorded, or else from the overlay's layers. */
function rungOf({ state, mounts }: Facts): Rung {
  const lower = visibleAt(mounts, '/')?.superOptions.find((option) => option.startsWith('lowerdir=')) ?? '';
  return state?.rung ?? (lower.includes(':') ? 'kept-read-only' : 'volatile');
}

function fromMemory(facts: Facts, past: readonly Past[]): Decision {
  const { volume, opened, configuration } = facts;
  const failed = past.find((each) => each.failed !== null);
  if (failed) return stays(`it failed: ${failed.failed!.error}`);
  if (rungOf(facts) === 'kept-read-only') return stays(`the settings on the data volume cannot be written (${facts.state?.reason ?? 'see the journal'})`);
  if (facts.state?.reason === 'boot-loop') return afterBootLoop(facts, past);
  const content = volume.content?.kind;
  const device = volume.found[0];
  const opening = past.some(({ stage }) => stage === 'open');
  if (content === 'erase-marker' && device?.eraseBlock) {
    if (past.some(({ stage }) => stage === 'erase')) return stays('the volume was erased, and still holds the order to erase it');
    const steps: Step[] = [fatal('erase', 'It was ordered, and the order is erased last.', { kind: 'erase', device: `/dev/${device.name}`, size: device.size, eraseBlock: device.eraseBlock })];
    return planOf('done', facts, { stage: 'erase', rung: 'volatile', summary: `erasing ${describe(device)}, as it is marked to be`, steps, trouble: null }, false);
  }
  if (opened !== null && (opening || opened.incoming === 'directory') && opened.upper === 'missing') return switchOver(facts);
  if (opened !== null) return stays(`${describe(device!)} is mounted on ${opened.at} and holds settings already`);
  if (content !== 'blank') return stays(volumeTrouble(facts, volume, configuration.origins.volume)?.because ?? `${device ? describe(device) : 'the data volume'} holds something, which a start must look at`);
  if (opening) return stays('the data volume was mounted, and is not there any more');
  const blocked = volumeTrouble(facts, volume, configuration.origins.volume);
  if (blocked) return stays(blocked.because);
  return planOf('done', facts, { stage: 'open', rung: 'volatile', summary: `opening ${describe(device!)}, which is blank`, steps: openSteps(facts, false), trouble: null }, false);
}

const stays = (why: string): Already => already(`/ stays in memory, because ${why}`, EXIT.degraded);

/** The board came up without its data, so whoever looks after it had a chance to; the next start tries again. */
function afterBootLoop(facts: Facts, past: readonly Past[]): Decision {
  const { volume, opened } = facts;
  const device = volume.found[0];
  if (device === undefined) return stays('its data volume is not there any more');
  if (opened === null && !past.some(({ stage }) => stage === 'open'))
    return planOf('done', facts, { stage: 'open', rung: 'volatile', summary: `opening ${describe(device)}, to set its count of starts back`, steps: openSteps(facts, false), trouble: null }, false);
  if (opened === null || past.some(({ stage }) => stage === 'mark')) return stays('starts did not reach their end; the count of them was set back, so the next start uses the data volume again');
  const steps = [
    ...marks(opened.at),
    warn('synced', 'The next start must find it.', { kind: 'sync', path: opened.at }),
    ...(opened.at === STAGING ? [warn('close', 'The data volume is not used in this boot.', { kind: 'umount', path: STAGING, fstype: opened.fstype, lazy: false, again: null })] : []),
  ];
  return planOf('done', facts, { stage: 'mark', rung: 'volatile', summary: `the count of starts on ${describe(device)} set back`, steps, trouble: { reason: 'boot-loop', because: 'starts before this one did not reach their end; the next one uses the data volume again' } }, true);
}

function switchOver(facts: Facts): Plan {
  const from = facts.opened!.at;
  const upper = `${RAM}/upper`;
  const incoming = `${from}/${INCOMING}`;
  const { at, steps: place } = placeData(facts, from);
  const copy = (id: string, why: string, pass: 'whole' | 'changes'): Step => fatal(id, why, { kind: 'copy', from: upper, to: incoming, pass });
  const overlay = flashOverlay(facts, at).map((step) => (step.id === 'overlay' && step.action.kind === 'mount' ? { ...step, action: { ...step.action, data: step.action.data!.replace('lowerdir=/,', `lowerdir=${OLD_ROOT},`) } } : step));
  const steps = [
    makePrivate(facts),
    fatal('meta', 'What mountroot notes on the volume is in one folder.', lastingFolder(`${from}/${META}`)),
    fatal('incoming', 'What is copied is no settings until all of it is there.', mkdir(incoming)),
    copy('copy', 'Everything, while the system goes on.', 'whole'),
    copy('copy-again', 'What was written meanwhile: little, so that the next steps are quick.', 'changes'),
    fatal('freeze', 'From here on nothing is written to the old root; the kernel refuses this while anything is open for writing.', { kind: 'remount', path: '/', readonly: true, flags: ['MS_NOATIME'], inverse: true, patience: PATIENCE }),
    copy('copy-last', 'What was written before that.', 'changes'),
    fatal('copied', 'All of it is on stable storage before it counts.', { kind: 'sync', path: from }),
    fatal('upper', 'The copy is complete and becomes the settings.', { kind: 'rename', from: incoming, to: `${from}/upper` }),
    fatal('upper-synced', 'So that a power cut behind the pivot finds them.', { kind: 'sync', path: from }),
    ...place,
    ...overlay,
    ...pivotTo(facts, at, PUT_OLD),
    warn('old-root', 'The root in memory goes when nobody uses it any more.', { kind: 'umount', path: PUT_OLD, fstype: 'overlay', lazy: true, again: null }),
    warn('old-memory', 'And its memory with it.', { kind: 'umount', path: RAM, fstype: 'tmpfs', lazy: true, again: null }),
    ...marks(DATA),
    ready(DATA),
    warn('synced', 'The switch is on stable storage.', { kind: 'sync', path: DATA }),
  ];
  return planOf('done', facts, { stage: 'switch', rung: 'persistent', summary: `an overlay root that keeps its changes on ${describe(facts.volume.found[0]!)}, with all that was in memory`, steps, trouble: null }, true);
}
