/**
 * Plans `done`, called late in boot: the start is confirmed, and a root in memory whose flash was
 * only not ready yet moves to flash.
 *
 * The switch loses nothing: all is copied while the system runs, then what has changed since; then
 * the old root is made read-only, which the kernel refuses while anything on it is open for
 * writing; what changed last is copied, and only when all of it is on stable storage does it become
 * the upper layer. A power cut before that leaves a volume without settings, as it was; one after
 * it leaves a complete one.
 */
import type { Facts, MountedVolume, Rung } from '../facts/facts.js';
import { layersOf } from '../facts/layers.js';
import { visibleAt } from '../facts/mountinfo.js';
import {
  ATTEMPTS,
  DATA,
  FLASH_SOURCE,
  INCOMING,
  META,
  OLD_ROOT,
  QUARANTINE,
  RAM,
  RAM_SOURCE,
  STAGING,
  STATE_LINK,
} from '../facts/places.js';
import { afterImport } from './import.js';
import { metaSteps, openSteps } from './open.js';
import { flashOverlay, isLegacy, makePrivate, placeData } from './overlay-root.js';
import { pivotTo } from './pivot.js';
import {
  EXIT,
  PLAN_SCHEMA,
  refuse,
  type Already,
  type Decision,
  type PlanningOptions,
  type StageResult,
  type Plan,
  type Reason,
} from './plan.js';
import { newRootOf } from './mountpoints.js';
import { did, failures, planOf } from './plan-of.js';
import { preconditions } from './start.js';
import type { Action, Step } from '../steps/step.js';
import { fatal, lastingFolder, warn } from './steps.js';
import { sentenceOf, type Trouble } from './reasons.js';
import { describe } from '../volumes/device.js';
import { volumeTrouble } from './volume.js';

const sentence = (trouble: Trouble | null): string | null =>
  trouble === null ? null : sentenceOf(trouble);

/** Where the RAM overlay goes behind the pivot, to be let go. */
const PUT_OLD = '/mnt';

/**
 * Seconds in which whoever writes a file is expected to have closed it; a log that is always open
 * is not worth waiting for.
 */
const PATIENCE = 10;

/**
 * The step that finds what was mounted while the switch was at work, and how often it is planned
 * again then.
 */
const LATE_MOUNTS = 'late-mounts';
const AGAIN = 3;

/**
 * Why a start came up in memory although the volume could be mounted: it was counted as one that
 * used it.
 */
const UNUSED: readonly string[] = ['boot-loop', 'full', 'write-protected', 'overlay-failed'];

export function planDone(facts: Facts, options: PlanningOptions): Decision {
  const refusal = preconditions('done', facts, options);
  if (refusal) return refusal;
  const root = visibleAt(facts.mounts, '/');
  if (root?.source === RAM_SOURCE) return fromMemory(facts, options.past ?? []);
  const onFlash =
    root?.source === FLASH_SOURCE || (facts.external !== null && facts.external.at === '/');
  if (onFlash && facts.opened !== null) return confirm(facts, facts.opened.at);
  if (onFlash)
    return already(
      '/ is an overlay, but its data volume is not where it was put; there is nothing to confirm',
      EXIT.degraded,
    );
  if (facts.state === null && !options.dryRun)
    return refuse('done', 'no-overlay-root', {
      found:
        '/ is no overlay of mountroot, and no start was tried in this boot; there is nothing to confirm',
      cure: null,
    });
  return already('/ is no overlay of ours, so no start is confirmed', EXIT.degraded);
}

const already = (summary: string, exit: Already['exit']): Already => ({
  schema: PLAN_SCHEMA,
  decision: 'already',
  verb: 'done',
  summary,
  exit,
});

const trouble = ({ state }: Facts): Pick<Plan, 'reason' | 'because'> => ({
  reason: (state?.reason ?? null) as Plan['reason'],
  because: null,
});

/** The marks of a start that came to its end. */
const marks = (at: string): Step[] => [
  warn(
    'meta',
    'What mountroot notes on the volume is in one folder.',
    lastingFolder(`${at}/${META}`),
  ),
  warn('count', 'This start reached its end, so the count of those that did not begins anew.', {
    kind: 'write',
    path: `${at}/${ATTEMPTS}`,
    content: '0\n',
  }),
];
const ready = (at: string): Step =>
  warn('ready', 'The volume is in use, and all went well.', {
    kind: 'link',
    path: `${at}/${STATE_LINK}`,
    target: '2',
  });

const whiteout = (at: string): Step =>
  warn(
    'whiteout',
    'Without RENAME_WHITEOUT files of the image cannot be renamed, nor its directories removed; better to know.',
    { kind: 'probe-whiteout', folder: `${at}/${META}/probe` },
  );

/**
 * So that `diff` can tell after an upgrade of the image which settings stand before a newer file of
 * it.
 */
function recordRom({ mounts }: Facts, at: string, upper: string | undefined): Step[] {
  const image = visibleAt(mounts, OLD_ROOT);
  if (image === undefined || upper === undefined) return [];
  return [
    warn('rom', 'After an upgrade it can be told which settings were made for the image before.', {
      kind: 'record-rom',
      at,
      upper,
      rom: OLD_ROOT,
      fstype: image.fstype,
      device: image.device,
    }),
  ];
}

/** Of what cut-off switches had copied the newest is enough for whoever misses something. */
function halfCopies({ quarantine }: MountedVolume, at: string): Step[] {
  const numbers = quarantine
    .flatMap((name) => /^incoming-(\d{1,9})$/.exec(name)?.[1] ?? [])
    .map(Number);
  return numbers
    .sort((a, b) => a - b)
    .slice(0, -1)
    .map((number) =>
      warn(
        `half-copy-${number}`,
        'A switch that was cut off had copied it, and a later one more; the settings are others.',
        { kind: 'remove-tree', path: `${at}/${QUARANTINE}/incoming-${number}` },
      ),
    );
}

function confirm(facts: Facts, at: string): Plan {
  const steps = [
    ...marks(at),
    ready(at),
    ...afterImport(facts.opened!),
    ...halfCopies(facts.opened!, at),
    whiteout(at),
    ...recordRom(facts, at, layersOf(facts.mounts)?.upper),
    warn('synced', 'A confirmed start is on stable storage.', { kind: 'sync', path: at }),
  ];
  const plan = planOf(
    'done',
    facts,
    {
      stage: 'mark',
      rung: 'persistent',
      summary: `a confirmed start on ${describe(facts.volume.found[0]!)}`,
      steps,
      trouble: null,
    },
    true,
  );
  return { ...plan, ...trouble(facts) };
}

/** The rung, from what is recorded, or else from the overlay's layers. */
function rungOf({ state, mounts }: Facts): Rung {
  const lower =
    visibleAt(mounts, '/')?.superOptions.find((option) => option.startsWith('lowerdir=')) ?? '';
  return state?.rung ?? (lower.includes(':') ? 'kept-read-only' : 'volatile');
}

function fromMemory(facts: Facts, past: readonly StageResult[]): Decision {
  const { volume, opened, configuration, state } = facts;
  if (visibleAt(facts.mounts, '/')!.superOptions.includes('ro') && !did(past, 'thaw'))
    return thaw(facts);
  const moving = [...failures(past, 'copy'), ...failures(past, 'switch')];
  const last = moving.at(-1)?.failed;
  // What was mounted while it was at work is in the facts by now; somebody who goes on mounting is
  // not waited for.
  if (last && (last.step !== LATE_MOUNTS || moving.length > AGAIN)) return tidy(facts, last.error);
  const failed = past.find((each) => each.failed !== null && !moving.includes(each));
  if (failed) return stays(`it failed: ${failed.failed!.error}`);
  if (rungOf(facts) === 'kept-read-only')
    return state?.reason === 'write-protected'
      ? stays('the settings on the data volume cannot be written (write-protected)')
      : countBack(facts, past);
  if (UNUSED.includes(state?.reason ?? '')) return countBack(facts, past);
  const content = volume.content?.kind;
  const device = volume.found[0];
  const opening = did(past, 'open');
  if (content === 'erase-marker' && device?.kind === 'mtd' && device.eraseBlock) {
    if (did(past, 'erase'))
      return stays('the volume was erased, and still holds the order to erase it');
    const steps: Step[] = [
      fatal('erase', 'It was ordered, and the order is erased last.', {
        kind: 'erase',
        device: `/dev/${device.name}`,
        size: device.size,
        eraseBlock: device.eraseBlock,
      }),
    ];
    return planOf(
      'done',
      facts,
      {
        stage: 'erase',
        rung: 'volatile',
        summary: `erasing ${describe(device)}, as it is marked to be`,
        steps,
        trouble: null,
      },
      false,
    );
  }
  if (opened !== null && opened.upper === 'missing' && !opened.readonly) {
    if (isLegacy(facts))
      return stays(
        `this kernel has only the out-of-tree overlayfs, over which no root can move; ${describe(device!)} is ready, and the next start uses it`,
      );
    return did(past, 'copy') ? switchOver(facts) : copyOver(facts);
  }
  if (opened !== null)
    return stays(
      `${describe(device!)} is mounted on ${opened.at} and ${opened.readonly ? 'cannot be written' : 'holds settings already'}`,
    );
  if (content !== 'blank')
    return stays(
      sentence(volumeTrouble(facts, volume, configuration.origins.volume)) ??
        `${device ? describe(device) : 'the data volume'} holds something, which a start must look at`,
    );
  if (opening) return stays('the data volume was mounted, and is not there any more');
  const blocked = volumeTrouble(facts, volume, configuration.origins.volume);
  if (blocked) return stays(sentenceOf(blocked));
  return planOf(
    'done',
    facts,
    {
      stage: 'open',
      rung: 'volatile',
      summary: `opening ${describe(device!)}, which is blank`,
      steps: openSteps(facts, false),
      trouble: null,
    },
    false,
  );
}

const stays = (why: string): Already => already(`/ stays in memory, because ${why}`, EXIT.degraded);

/** A switch that was killed left the root in memory read-only. */
const thaw = (facts: Facts): Plan =>
  planOf(
    'done',
    facts,
    {
      stage: 'thaw',
      rung: 'volatile',
      summary: 'the root in memory takes writes again',
      steps: [
        fatal('thaw', 'A switch to flash was killed when it had made it read-only.', {
          kind: 'remount',
          path: '/',
          readonly: false,
          flags: ['MS_NOATIME'],
          inverse: false,
          patience: 0,
        }),
      ],
      trouble: null,
    },
    false,
  );

/** The journal of a boot that did not use the volume is kept there too, for whoever looks why. */
const journal = ({ configuration: { settings } }: Facts, at: string): Step[] =>
  settings.journal === 0
    ? []
    : [
        warn('journal', 'What became of this boot is kept for whoever looks for the reason.', {
          kind: 'keep-journal',
          at,
          most: settings.journal,
        }),
      ];

/**
 * The board came up, though without its data or without writing to it, so whoever looks after it
 * had a chance to; starts are counted anew.
 */
function countBack(facts: Facts, past: readonly StageResult[]): Decision {
  const { volume, opened, state } = facts;
  const device = volume.found[0];
  const loop = state?.reason === 'boot-loop';
  if (device === undefined) return stays('its data volume is not there any more');
  if (opened === null && !did(past, 'open'))
    return planOf(
      'done',
      facts,
      {
        stage: 'open',
        rung: 'volatile',
        summary: `opening ${describe(device)}, to set its count of starts back`,
        steps: openSteps(facts, false),
        trouble: null,
      },
      false,
    );
  if (opened === null || did(past, 'mark'))
    return stays(
      loop
        ? 'starts did not reach their end; the count of them was set back, so the next start uses the data volume again'
        : `the data volume was not used or not written to (${state?.reason ?? 'see the journal'})`,
    );
  const { at } = opened;
  const remount = (readonly: boolean): Action => ({
    kind: 'remount',
    path: at,
    readonly,
    flags: ['MS_NOATIME'],
    inverse: false,
    patience: 0,
  });
  const steps = [
    ...(opened.readonly
      ? [
          fatal(
            'writable',
            'It was made read-only for the overlay over it, which does not look into our own folder.',
            remount(false),
          ),
        ]
      : []),
    // Also where the volume is too full for anything new.
    warn('count', 'The board came up, so starts that did not are counted anew.', {
      kind: 'unlink',
      path: `${at}/${ATTEMPTS}`,
    }),
    ...journal(facts, at),
    warn('synced', 'The next start must find it.', { kind: 'sync', path: at }),
    ...(opened.readonly
      ? [
          warn(
            'protect',
            'It is a lower layer, and must not change under the overlay.',
            remount(true),
          ),
        ]
      : []),
    ...(at === STAGING
      ? [
          warn('close', 'The data volume is not used in this boot.', {
            kind: 'umount',
            path: STAGING,
            fstype: opened.fstype,
            lazy: false,
            again: null,
          }),
        ]
      : []),
  ];
  const plan = planOf(
    'done',
    facts,
    {
      stage: 'mark',
      rung: rungOf(facts),
      summary: `the count of starts on ${describe(device)} set back`,
      steps,
      trouble: null,
    },
    true,
  );
  // What start said of it, and how to mend it, holds as it was.
  return {
    ...plan,
    reason: (state?.reason ?? 'overlay-failed') as Reason,
    because: loop
      ? 'starts before this one did not reach their end; the next one uses the data volume again'
      : null,
  };
}

/**
 * Behind a switch that failed: all that it was to bring over is in memory still, so the copy goes,
 * which would only fill the volume.
 */
function tidy(facts: Facts, error: string): Decision {
  const { opened, state } = facts;
  if (opened === null) return stays(`moving it to flash failed: ${error}`);
  const steps = [
    ...(opened.incoming === 'missing' || opened.switched
      ? []
      : [
          warn('incoming-gone', 'What it was copied from is in use still.', {
            kind: 'remove-tree',
            path: `${opened.at}/${INCOMING}`,
          } as const),
        ]),
    ...journal(facts, opened.at),
    warn('synced', 'The next start must find it as it is.', { kind: 'sync', path: opened.at }),
  ];
  return planOf(
    'done',
    facts,
    {
      stage: 'tidy',
      rung: 'volatile',
      summary: 'the root stays in memory',
      steps,
      trouble: {
        reason: (state?.reason ?? 'overlay-failed') as Reason,
        cure: null,
        found: `moving it to flash failed: ${error}`,
      },
    },
    true,
  );
}

const copy = (id: string, why: string, at: string, pass: 'whole' | 'changes' | 'last'): Step =>
  fatal(id, why, { kind: 'copy', from: `${RAM}/upper`, to: `${at}/${INCOMING}`, pass });

/**
 * The longest part, while the system goes on: behind it the facts are gathered anew, so that what
 * was mounted meanwhile moves too.
 */
function copyOver(facts: Facts): Plan {
  const { at } = facts.opened!;
  const steps = [
    ...metaSteps(facts.opened!),
    fatal(
      'incoming',
      'What is copied is no settings until all of it is there.',
      lastingFolder(`${at}/${INCOMING}`),
    ),
    copy('copy', 'Everything, while the system goes on.', at, 'whole'),
    copy(
      'copy-again',
      'What was written meanwhile: little, so that the next steps are quick.',
      at,
      'changes',
    ),
  ];
  return planOf(
    'done',
    facts,
    {
      stage: 'copy',
      rung: 'volatile',
      summary: `copying what is in memory to ${describe(facts.volume.found[0]!)}`,
      steps,
      trouble: null,
    },
    false,
  );
}

/** What stays behind goes with the old root, so here every mount must move, and none may be new. */
function complete(steps: readonly Step[], facts: Facts): Step[] {
  const pivot = steps.findIndex(({ action }) => action.kind === 'pivot-root');
  const known = steps.flatMap(({ action }) =>
    action.kind === 'move' ? [action.from, action.to] : [],
  );
  const before = steps
    .slice(0, pivot)
    .map((step): Step => (step.action.kind === 'move' ? { ...step, severity: 'fatal' } : step));
  return [
    ...before,
    fatal(LATE_MOUNTS, 'What was mounted since this was planned would be lost.', {
      kind: 'probe-mounts',
      newRoot: newRootOf(facts),
      known: ['/proc', ...known],
    }),
    ...steps.slice(pivot),
  ];
}

function switchOver(facts: Facts): Plan {
  const from = facts.opened!.at;
  const incoming = `${from}/${INCOMING}`;
  const { at, steps: place } = placeData(facts, from);
  const overlay = flashOverlay(facts, at).map((step) =>
    step.id === 'overlay' && step.action.kind === 'mount'
      ? {
          ...step,
          action: {
            ...step.action,
            data: step.action.data!.replace('lowerdir=/,', `lowerdir=${OLD_ROOT},`),
          },
        }
      : step,
  );
  const steps = [
    makePrivate(facts),
    fatal(
      'freeze',
      'From here on nothing is written to the old root; the kernel refuses this while anything is open for writing.',
      {
        kind: 'remount',
        path: '/',
        readonly: true,
        flags: ['MS_NOATIME'],
        inverse: true,
        patience: PATIENCE,
      },
    ),
    copy('copy-last', 'What was written before that.', from, 'last'),
    fatal('copied', 'All of it is on stable storage before it counts.', {
      kind: 'sync',
      path: from,
    }),
    fatal('upper', 'The copy is complete and becomes the settings.', {
      kind: 'rename',
      from: incoming,
      to: `${from}/upper`,
    }),
    fatal('upper-synced', 'So that a power cut behind the pivot finds them.', {
      kind: 'sync',
      path: from,
    }),
    ...place,
    ...overlay,
    ...complete(pivotTo(facts, at, PUT_OLD), facts),
    warn('old-root', 'The root in memory goes when nobody uses it any more.', {
      kind: 'umount',
      path: PUT_OLD,
      fstype: 'overlay',
      lazy: true,
      again: null,
    }),
    warn('old-memory', 'And its memory with it.', {
      kind: 'umount',
      path: RAM,
      fstype: 'tmpfs',
      lazy: true,
      again: null,
    }),
    ...marks(DATA),
    ready(DATA),
    whiteout(DATA),
    ...recordRom(facts, DATA, `${DATA}/upper`),
    warn('synced', 'The switch is on stable storage.', { kind: 'sync', path: DATA }),
  ];
  return planOf(
    'done',
    facts,
    {
      stage: 'switch',
      rung: 'persistent',
      summary: `an overlay root that keeps its changes on ${describe(facts.volume.found[0]!)}, with all that was in memory`,
      steps,
      trouble: null,
    },
    true,
  );
}
