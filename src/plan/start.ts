/**
 * Plans `start`: from a read-only root to an overlay of it and the data volume, or to the next best root there can be.
 *
 * Before: `/` is the read-only image; /proc, /sys, /dev and /tmp are mounted on it; the data volume is not mounted.
 * After:  `/` is the overlay, `/rom` the image, `/overlay` the data volume; every other mount is where it was.
 *
 * The planner is asked again behind each stage, with new facts and with what was done before. A rung that failed was taken back, and is
 * followed by a plan for the rung below it, for the reason that it failed with. Nothing on flash is erased here but what was ordered.
 */
import type { Facts, Rung } from '../facts/facts.js';
import { mayAppear } from '../facts/devices.js';
import { visibleAt } from '../facts/mountinfo.js';
import { DATA, EXTERNAL, EXTROOT_IDENTITY, FLASH_SOURCE, RAM_SOURCE, STAGING } from '../facts/places.js';
import { attachSteps, adoptSteps, bookkeeping, deviceOf, externalSteps, openSteps, resetSteps, upperSteps, waitSteps } from './open.js';
import { flashOverlay, isLegacy, makePrivate, pivotTo, placeData, ramOverlay } from './overlay-root.js';
import { mountNotes, newRootOf, placeTrouble } from './places.js';
import { EXIT, PLAN_SCHEMA, type Already, type Decision, type Options, type Past, type Plan, type Reason, type Refusal, type RefusalReason, type Stage, type Verb } from './plan.js';
import type { Step } from './step.js';
import { distinct, fatal, mkdir, warn } from './steps.js';
import { describe, fstypeOf, volumeTrouble, type Trouble } from './volume.js';

export const refuse = (verb: Verb, reason: RefusalReason, summary: string): Refusal => ({
  schema: PLAN_SCHEMA,
  decision: 'refuse',
  verb,
  reason,
  exit: reason === 'guard' || reason === 'busy' ? EXIT.refused : reason === 'bad-keep' ? EXIT.usage : EXIT.failed,
  summary,
});

/** The next thing to do, from facts alone: no input or output, no clock. */
export const planStart = (facts: Facts, options: Options): Decision =>
  preconditions('start', facts, options) ?? already('start', facts) ?? ramfs('start', facts) ?? ladder(facts, options.past ?? []);

/** `ram`: the volatile root, because somebody asked for it. The data volume is not looked at. */
export const planRam = (facts: Facts, options: Options): Decision =>
  preconditions('ram', facts, options) ?? already('ram', facts) ?? ramfs('ram', facts) ?? { ...volatile(facts, options.past ?? [], { reason: 'asked', because: 'a root in memory was asked for' }), verb: 'ram' };

export function preconditions(verb: Verb, { platform, preinit, uid }: Facts, { dryRun, force }: Options): Refusal | null {
  if (platform !== 'linux') return refuse(verb, 'not-linux', `${verb} needs a Linux kernel, and this is ${platform}; run it on the board, or plan for a captured board with --facts FILE`);
  if (dryRun) return null;
  if ((verb === 'start' || verb === 'ram') && !preinit && !force)
    return refuse(verb, 'guard', `${verb} was refused because this does not look like the early boot (neither PREINIT is set nor /tmp/.preinit exists); call it from /etc/preinit, look with --dry-run, or insist with --force`);
  if (uid !== 0) return refuse(verb, 'not-root', `${verb} needs root to mount, and this is user ${uid}; run it as root, or look with --dry-run`);
  return null;
}

function already(verb: Verb, { mounts, external }: Facts): Already | null {
  const root = visibleAt(mounts, '/');
  if (root === undefined) return null;
  const say = (summary: string, exit: Already['exit']): Already => ({ schema: PLAN_SCHEMA, decision: 'already', verb, summary, exit });
  if (external?.at === '/') return say('/ already is the external root; there is nothing to do', EXIT.done);
  if (!root.fstype.startsWith('overlay')) return null;
  if (root.source === FLASH_SOURCE) return say(`/ already is the overlay on ${DATA}; there is nothing to do`, EXIT.done);
  if (root.source === RAM_SOURCE) return say('/ already is an overlay in memory; there is nothing to do', verb === 'ram' ? EXIT.done : EXIT.degraded);
  return null;
}

function ramfs(verb: Verb, { mounts }: Facts): Refusal | null {
  const root = visibleAt(mounts, '/');
  if (root?.fstype !== 'rootfs' && root?.fstype !== 'ramfs') return null;
  return refuse(verb, 'root-is-ramfs', `/ is the kernel's own ${root.fstype} (an initramfs), from which pivot_root(2) cannot work; boot with root= naming the root file system`);
}

const failures = (past: readonly Past[], stage: Stage, rung?: Rung): Past[] => past.filter((each) => each.failed !== null && each.stage === stage && (rung === undefined || each.rung === rung));
const did = (past: readonly Past[], stage: Stage): boolean => past.some((each) => each.stage === stage);

/** One rung after the other: the first whose obstacles are not known yet. */
function ladder(facts: Facts, past: readonly Past[]): Plan {
  const { volume, opened, configuration, external } = facts;
  const { settings, origins } = configuration;
  const never = placeTrouble(facts);
  if (never) return rom(facts, never);
  const bottom = belowMemory(facts, past);
  if (bottom) return bottom;
  if (mayAppear(volume.wanted) && volume.found.length === 0 && volume.attach === null && !did(past, 'wait')) return stage(facts, 'wait', waitSteps(volume, settings.wait), `waiting for volume ${volume.wanted}`);
  if (volume.attach !== null) {
    if (!did(past, 'attach')) return stage(facts, 'attach', attachSteps(volume.attach), `attaching UBI on mtd${volume.attach}`);
    return volatile(facts, past, { reason: 'attach-failed', because: failures(past, 'attach')[0]?.failed?.error ?? `UBI was attached to mtd${volume.attach}, but shows no volume on it` });
  }
  const trouble = noOverlay(facts) ?? volumeTrouble(facts, volume, origins.volume);
  if (trouble) return volatile(facts, past, trouble);
  const fstype = fstypeOf(volume.found[0]!, volume)!;

  if (opened === null) {
    const failed = failures(past, 'open');
    const readonly = failed.length === 1 && ['EROFS', 'EACCES'].includes(failed[0]!.failed!.errno ?? '');
    if (failed.length > 0 && !readonly) return volatile(facts, past, { reason: 'mount-failed', because: failed[0]!.failed!.error });
    if (!did(past, 'open') || readonly) return stage(facts, 'open', openSteps(facts, readonly), `opening ${describe(volume.found[0]!)} (${fstype}${readonly ? ', read-only' : ''})`);
    return volatile(facts, past, { reason: 'mount-failed', because: `${describe(volume.found[0]!)} was mounted on ${STAGING}, and is not there any more` });
  }
  if (settings.boot_limit > 0 && (opened.attempts ?? 0) >= settings.boot_limit)
    return volatile(facts, past, { reason: 'boot-loop', because: `${opened.attempts} starts in a row never reached \`done\`, so this one leaves ${describe(volume.found[0]!)} as it is; look for what stops the boot, then reboot: \`done\` sets the count back` });
  const [resetFailed] = failures(past, 'reset');
  if (opened.order !== null && opened.order !== 'damaged' && !opened.readonly && !did(past, 'reset')) return stage(facts, 'reset', resetSteps(opened, opened.order.keep, isLegacy(facts)), 'carrying out an order to reset');

  const writeTrouble = opened.readonly ? ({ reason: 'write-protected', because: `${describe(volume.found[0]!)} can only be mounted read-only: the flash or its partition is write-protected, or the kernel found an error on it (see the kernel log)` } as const) : rootTrouble(failures(past, 'root', 'persistent')[0]);
  if (writeTrouble === null) {
    const outside = external === null ? null : externalPlan(facts, past);
    if (outside !== null && 'decision' in outside) return outside;
    return persistent(facts, opened.at, outside ?? (resetFailed ? { reason: 'reset-failed', because: `the order to reset was not carried out, and stands: ${resetFailed.failed!.error}` } : null));
  }
  if (failures(past, 'root', 'kept-read-only').length === 0 && opened.upper === 'directory' && !isLegacy(facts)) return keptReadOnly(facts, opened.at, writeTrouble);
  return volatile(facts, past, writeTrouble);
}

function noOverlay({ kernel: { filesystems } }: Facts): Trouble | null {
  if (filesystems.includes('overlay') || filesystems.includes('overlayfs')) return null;
  return { reason: 'no-overlay', because: 'this kernel has neither overlay nor overlayfs (see /proc/filesystems); build it with CONFIG_OVERLAY_FS=y' };
}

/** Why a persistent root failed, by what the kernel said and where. */
function rootTrouble(past: Past | undefined): Trouble | null {
  if (!past?.failed) return null;
  const { errno, error, step } = past.failed;
  // On a full volume overlay comes up read-only, and mount(2) returns 0: that it is full was seen when the count of starts could not be written.
  const full = ['ENOSPC', 'EDQUOT'];
  if (full.includes(errno ?? '') || (errno === null && step === 'overlay' && past.warned.some((each) => full.includes(each))))
    return { reason: 'full', because: errno === null ? 'the data volume is full, so overlay can only be mounted read-only; free space on it (`mount -o remount,rw /overlay`, and remove what is not needed below /overlay/upper), then reboot' : error };
  if (errno === 'EROFS' || (errno === 'EIO' && ['upper', 'work', 'writable'].includes(step)) || (errno === null && step === 'overlay')) return { reason: 'write-protected', because: error };
  return { reason: 'overlay-failed', because: error };
}

const describeRoot = ({ volume }: Facts): string => {
  const device = volume.found[0]!;
  return `${describe(device)} (${fstypeOf(device, volume)})`;
};

interface Parts {
  stage: Stage;
  rung: Rung;
  summary: string;
  steps: Step[];
  trouble: Trouble | null;
  notes?: string[];
}

export function planOf(verb: Verb, facts: Facts, { stage, rung, summary, steps, trouble, notes = [] }: Parts, last: boolean): Plan {
  return {
    schema: PLAN_SCHEMA,
    decision: 'go',
    verb,
    stage,
    rung,
    reason: trouble?.reason ?? null,
    summary,
    because: trouble?.because ?? null,
    rests: { device: deviceOf(facts.volume) },
    steps: distinct(steps),
    notes,
    last,
  };
}

const stage = (facts: Facts, name: Stage, steps: Step[], summary: string): Plan => planOf('start', facts, { stage: name, rung: 'persistent', summary, steps, trouble: null, notes: stageNotes(facts, name) }, false);

function stageNotes({ volume }: Facts, name: Stage): string[] {
  if (name !== 'open') return [];
  if (volume.content?.kind === 'blank') return [`the data volume is blank: ${volume.found[0]?.kind === 'ubi' ? 'UBIFS' : 'jffs2'} makes it its own`];
  if (volume.content?.kind === 'unreadable') return [`what the data volume holds could not be looked at (${volume.content.evidence}); mounting it will tell`];
  return volume.content?.evidence.includes('while the first holds') ? [`${describe(volume.found[0]!)} has a damaged beginning: ${volume.content.evidence}`] : [];
}

function persistent(facts: Facts, from: string, trouble: Trouble | null): Plan {
  const { at, steps: place } = placeData(facts, from);
  const notes = [...mountNotes(facts)];
  const legacy = isLegacy(facts);
  if (legacy) notes.push('this kernel has only the out-of-tree overlayfs: the upper layer is the root of the data volume, and there is no workdir');
  const steps = [...bookkeeping(facts), makePrivate(facts), ...place, ...(legacy ? [] : upperSteps(facts.opened, at, at)), ...flashOverlay(facts, at), ...pivotTo(facts, at)];
  return planOf('start', facts, { stage: 'root', rung: 'persistent', summary: `an overlay root that keeps its changes on ${describeRoot(facts)}`, steps, trouble, notes }, true);
}

function keptReadOnly(facts: Facts, from: string, trouble: Trouble): Plan {
  const { at, steps: place } = placeData(facts, from);
  const protect = facts.opened?.readonly ? [] : [warn('protect', 'It is a lower layer now, and must not change under the overlay.', { kind: 'remount', path: at, readonly: true, flags: ['MS_NOATIME'], inverse: true, patience: 0 })];
  const steps = [makePrivate(facts), ...place, ...protect, ...ramOverlay(facts, [`${at}/upper`, '/']), ...pivotTo(facts, at)];
  const summary = `an overlay root with the settings of ${describeRoot(facts)} as they are, whose changes are lost at power-off`;
  return planOf('start', facts, { stage: 'root', rung: 'kept-read-only', summary, steps, trouble, notes: mountNotes(facts) }, true);
}

const close = ({ opened }: Facts): Step[] =>
  opened?.at === STAGING ? [warn('close', 'The data volume is not used in this boot, and is left as it is.', { kind: 'umount', path: STAGING, fstype: opened.fstype, lazy: false, again: null })] : [];

/** Where even an overlay in memory failed, the image stays, for the reason that led to it. */
function belowMemory(facts: Facts, past: readonly Past[]): Plan | null {
  const [memory] = failures(past, 'root', 'volatile');
  if (memory === undefined) return null;
  const failed = `an overlay in memory failed: ${memory.failed!.error}`;
  return rom(facts, memory.reason === null || memory.reason === 'asked' ? { reason: 'ram-failed', because: failed } : { reason: memory.reason, because: `${memory.because}; and ${failed}` });
}

function volatile(facts: Facts, past: readonly Past[], trouble: Trouble): Plan {
  const bottom = belowMemory(facts, past);
  if (bottom) return bottom;
  const never = noOverlay(facts) ?? placeTrouble(facts);
  if (never) return rom(facts, never);
  const closing = close(facts);
  // What is unmounted first has no propagation to be put back.
  const left = closing.length > 0 ? { ...facts, mounts: facts.mounts.filter(({ mountpoint }) => mountpoint !== STAGING) } : facts;
  const steps = [...closing, makePrivate(left), ...ramOverlay(left, ['/']), ...pivotTo(left, null)];
  return planOf('start', facts, { stage: 'root', rung: 'volatile', summary: 'an overlay root in memory, whose changes are lost at power-off', steps, trouble, notes: mountNotes(facts) }, true);
}

const rom = (facts: Facts, trouble: Trouble): Plan =>
  planOf('start', facts, { stage: 'root', rung: 'rom', summary: 'the read-only image, which stays / as it is', steps: close(facts), trouble }, true);

/** The external volume's way: a stage towards it, a root on it, or why the internal volume must do. */
function externalPlan(facts: Facts, past: readonly Past[]): Plan | Trouble | null {
  const { configuration, external, opened } = facts;
  const { settings } = configuration;
  if (external === null || opened === null) return null;
  if (external.found.length === 0 && external.attach === null && !did(past, 'external-wait')) return stage(facts, 'external-wait', waitSteps(external, settings.wait), `waiting for external volume ${external.wanted}`);
  const trouble = volumeTrouble(facts, external, undefined);
  if (trouble || external.found.length === 0) return { reason: 'extroot-missing', because: `the external volume ${external.wanted} cannot be used: ${trouble?.because ?? 'it is not there'}; the internal one is used instead` };
  const [failed] = [...failures(past, 'external'), ...failures(past, 'external-root')];
  if (failed) return { reason: 'extroot-failed', because: `the external volume ${external.wanted} cannot be used: ${failed.failed!.error}; the internal one is used instead` };
  if (external.at === null) return stage(facts, 'external', externalSteps(external), `opening external volume ${external.wanted}`);
  if (external.readonly) return { reason: 'extroot-failed', because: `the external volume ${external.wanted} can only be mounted read-only; the internal one is used instead` };
  if (external.identity !== null && external.identity !== opened.identity)
    return {
      reason: 'extroot-mismatch',
      because: `the external volume ${external.wanted} belongs to another board (its ${EXTROOT_IDENTITY} says ${external.identity}, this board is ${opened.identity ?? 'without an identity'}); the internal one is used instead: remove that file to give it to this board`,
    };
  if (settings.extroot_target === 'root' && !external.init) return { reason: 'extroot-failed', because: `the external volume ${external.wanted} holds no init, so it is no root; the internal one is used instead` };
  return externalRoot(facts, external.identity === null);
}

function externalRoot(facts: Facts, adopt: boolean): Plan {
  const { opened, external, configuration } = facts;
  const device = external!.found[0]!;
  const whole = configuration.settings.extroot_target === 'root';
  const adoption = (folder: string): Step[] => (adopt ? adoptSteps(opened!, external!.offered, folder, EXTROOT_IDENTITY.split('/').at(-1)!) : []);
  const count = bookkeeping(facts);
  if (whole) {
    const newRoot = newRootOf(facts);
    const steps = [
      ...count,
      makePrivate(facts),
      ...adoption(`${EXTERNAL}/etc`),
      fatal('new-root-above', 'The folder of everything that is ours on /tmp.', mkdir('/tmp/mountroot')),
      ...(newRoot.startsWith('/tmp') ? [fatal('new-root', 'The image has no free /mnt, so the new root is put here.', mkdir(newRoot))] : []),
      fatal('external-root', 'It is the whole new root.', { kind: 'move', from: EXTERNAL, to: newRoot }),
      fatal('writable', 'Write-protected storage shows only when it is written to.', { kind: 'write-probe', path: `${newRoot}/.mountroot-probe` }),
      fatal('probe-gone', 'The probe was only to see whether writing works.', { kind: 'remove-tree', path: `${newRoot}/.mountroot-probe` }),
      ...pivotTo(facts, null),
    ];
    return planOf('start', facts, { stage: 'external-root', rung: 'persistent', summary: `the external root on ${describe(device)}`, steps, trouble: null, notes: mountNotes(facts) }, true);
  }
  const { at, steps: place } = placeData(facts, EXTERNAL);
  const steps = [
    ...count,
    makePrivate(facts),
    ...place,
    ...upperSteps(null, at, at),
    ...adoption(`${at}/upper/etc`),
    ...flashOverlay(facts, at),
    ...pivotTo(facts, at),
  ];
  return planOf('start', facts, { stage: 'external-root', rung: 'persistent', summary: `an overlay root that keeps its changes on external ${describe(device)}`, steps, trouble: null, notes: mountNotes(facts) }, true);
}

/** Whether a root is less than what was configured. */
export const isDegraded = ({ rung, reason }: { rung: Rung; reason: Reason | null }): boolean => (rung !== 'persistent' || reason !== null) && reason !== 'asked';
