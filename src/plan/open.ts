/**
 * The stages that come before a root: waiting for the volume, attaching it, mounting it where it
 * covers nothing, carrying out an order to reset.
 */
import type { Device, Facts, MountedVolume, Volume } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { PSTORE } from '../facts/pstore.js';
import {
  ATTEMPTS,
  EXTERNAL,
  IDENTITY,
  INCOMING,
  META,
  ORDER,
  QUARANTINE,
  STAGING,
  STATE_LINK,
  UPGRADE,
} from '../facts/places.js';
import type { MountFlag } from '../system/flags.js';
import { importGone } from './import.js';
import type { Action, Step } from '../steps/step.js';
import type { StageResult, Stage } from './plan.js';
import { fatal, mkdir, mount, lastingFolder, warn } from './steps.js';
import { describe } from '../volumes/device.js';
import { fstypeOf } from '../volumes/mountable.js';

export const waitSteps = (volume: Volume, seconds: number): Step[] => [
  fatal('wait', 'Its driver may still be looking for it.', {
    kind: 'wait-for',
    volume: volume.wanted,
    seconds,
  }),
];

export const attachSteps = (mtd: number): Step[] => [
  fatal('attach', 'UBI shows its volumes only after it has read the whole partition.', {
    kind: 'attach-ubi',
    mtd,
  }),
];

/**
 * What the boot before left in memory that outlasts a reset is shown by a file system of its own.
 */
export function pstoreSteps({ kernel, paths, mounts }: Facts): Step[] {
  if (
    !kernel.filesystems.includes('pstore') ||
    paths[PSTORE] !== 'directory' ||
    visibleAt(mounts, PSTORE) !== undefined
  )
    return [];
  return [
    warn(
      'pstore',
      'It shows how the boot before ended, if that was a crash.',
      mount('pstore', PSTORE, 'pstore', null, { writable: false, flags: [] }),
    ),
  ];
}

/** Mounted here first, so that a bad volume never covers anything. */
export function openSteps(facts: Facts, readonly: boolean): Step[] {
  const { volume } = facts;
  const flags: MountFlag[] = readonly ? ['MS_RDONLY', 'MS_NOATIME'] : ['MS_NOATIME'];
  const why = readonly
    ? 'It cannot be mounted for writing; read-only the settings are still there.'
    : 'The settings live here; noatime spares the flash a write for every read.';
  return [
    ...pstoreSteps(facts),
    fatal(
      'staging',
      'The data volume is mounted here first, so that a bad one never covers /overlay.',
      mkdir(STAGING),
    ),
    fatal('data', why, mountDevice(volume, STAGING, flags)),
  ];
}

export const externalSteps = (volume: Volume): Step[] => [
  fatal(
    'external-place',
    'The external volume is mounted here first, until it is known to belong to this board.',
    mkdir(EXTERNAL),
  ),
  fatal(
    'external',
    'The configuration asks for it.',
    mountDevice(volume, EXTERNAL, ['MS_NOATIME']),
  ),
];

function mountDevice(volume: Volume, target: string, flags: MountFlag[]): Action {
  const device = volume.found[0]!;
  return mount(device.source, target, fstypeOf(device, volume)!, null, { writable: false, flags });
}

/** A name in quarantine that nothing has yet. */
function quarantineName({ quarantine }: MountedVolume, what: string): string {
  let number = 1;
  while (quarantine.includes(`${what}-${number}`)) number++;
  return `${QUARANTINE}/${what}-${number}`;
}

/** Moves something doubtful aside, where it harms nothing and nothing of it is lost. */
const quarantine = (opened: MountedVolume, path: string, what: string, why: string): Step[] => [
  warn(
    `quarantine-place-${what}`,
    'What is doubtful is never deleted, but kept here.',
    lastingFolder(`${opened.at}/${QUARANTINE}`),
  ),
  warn(`quarantine-${what}`, why, {
    kind: 'rename',
    from: `${opened.at}/${path}`,
    to: `${opened.at}/${quarantineName(opened, what)}`,
  }),
];

/**
 * Our folder on the volume. What else has its name is moved aside and not followed: behind a
 * symlink our notes would be in somebody else's folder.
 */
export const metaSteps = ({ at, stray }: MountedVolume, needed: typeof fatal = fatal): Step[] => [
  ...(stray === undefined
    ? []
    : [
        warn(
          'meta-aside',
          `A ${stray.kind} stands where mountroot's own folder belongs; it is kept beside it.`,
          { kind: 'rename', from: `${at}/${META}`, to: `${at}/${stray.aside}` } as const,
        ),
      ]),
  needed(
    'meta',
    'What mountroot notes on the volume is in one folder.',
    lastingFolder(`${at}/${META}`),
  ),
];

/**
 * Stages that use what is on the volume, and may be what a board cannot come up with: the first of
 * them counts the start, and none takes that back.
 */
const COUNTING: readonly Stage[] = ['reset', 'import', 'external-reset', 'external-root', 'root'];

export const isCounted = (past: readonly StageResult[]): boolean =>
  past.some(({ stage }) => COUNTING.includes(stage));

/** Counts the start on the volume before anything can go wrong with it, once. */
export function countSteps({ opened }: Facts, past: readonly StageResult[]): Step[] {
  if (opened === null || opened.readonly || isCounted(past)) return [];
  return [
    ...metaSteps(opened, warn),
    warn('count', 'Starts that never reach `done` are counted, to get out of a boot loop.', {
      kind: 'write',
      path: `${opened.at}/${ATTEMPTS}`,
      content: `${(opened.attempts ?? 0) + 1}\n`,
    }),
  ];
}

/** The notes a start leaves on the volume; none of them is worth a boot. */
export function bookkeeping(facts: Facts, past: readonly StageResult[]): Step[] {
  const { opened, volume } = facts;
  if (opened === null || opened.readonly) return [];
  const { at, state } = opened;
  const steps = countSteps(facts, past);
  if (state === 'damaged')
    steps.push(
      ...quarantine(
        opened,
        STATE_LINK,
        'fs_state',
        'It is none of the marks there are; it is kept for whoever wants to know what it was.',
      ),
    );
  if (state === 'damaged' || state === 'fresh')
    steps.push(
      warn(
        'state',
        `${describe(volume.found[0]!)} is in use, and \`done\` has not confirmed it yet.`,
        { kind: 'link', path: `${at}/${STATE_LINK}`, target: '1' },
      ),
    );
  if (opened.order === 'damaged')
    steps.push(
      ...quarantine(
        opened,
        ORDER,
        'reset',
        'An order to reset that cannot be read is none: what it would erase is not known.',
      ),
    );
  // A volume that never had settings, and has no room for them beside what is no settings either.
  const inTheWay =
    opened.upper === 'missing' &&
    past.some(({ failed, warned }) =>
      [failed?.errno, ...warned].some((errno) => errno === 'ENOSPC' || errno === 'EDQUOT'),
    );
  if (opened.incoming === 'directory' && inTheWay)
    steps.push(
      warn(
        'incoming-gone',
        'A switch to flash was cut off in the middle, and what it had copied fills the volume, so that there can be no settings on it.',
        { kind: 'remove-tree', path: `${at}/${INCOMING}` },
      ),
    );
  else if (opened.incoming !== 'missing' && !opened.switched)
    steps.push(
      ...quarantine(
        opened,
        INCOMING,
        'incoming',
        'A switch to flash was cut off in the middle; what it had copied is kept, and is not the settings.',
      ),
    );
  return steps;
}

/** Makes the upper layer what it must be, and brings in what a firmware upgrade left. */
export function upperSteps(opened: MountedVolume | null, at: string, before: string): Step[] {
  const steps: Step[] = [];
  if (opened !== null) {
    for (const [name, kind] of [
      ['upper', opened.upper],
      ['work', opened.work],
    ] as const)
      if (kind !== 'missing' && kind !== 'directory')
        // Before the volume moves to its place.
        steps.push(
          ...quarantine(
            { ...opened, at: before },
            name,
            name,
            `A ${kind} stands where the ${name} directory belongs, and it is not followed.`,
          ),
        );
  }
  const made = fatal(
    'upper',
    'The upper layer: every change to the root is kept in it.',
    mkdir(`${at}/upper`),
  );
  const upgrade = opened?.upgrade
    ? [
        warn('upgrade', 'A firmware upgrade left it for the new root to unpack.', {
          kind: 'rename',
          from: `${at}/${UPGRADE}`,
          to: `${at}/upper/${UPGRADE}`,
        }),
      ]
    : [];
  return [...steps, made, ...upgrade];
}

/** What a reset looks at: the internal volume, or an external one, which has no more. */
export type Resettable = Pick<MountedVolume, 'at' | 'upper'> &
  Partial<Pick<MountedVolume, 'upgrade' | 'switched' | 'imported'>>;

/**
 * What lies beside the upper layer and holds settings too, or did: copies, what was put aside, and
 * what overlay was about to change.
 */
function besideUpper(
  { at, upgrade, switched }: Resettable,
  keep: readonly string[],
  legacy: boolean,
): Step[] {
  const gone = (id: string, why: string, path: string): Step =>
    fatal(id, why, { kind: 'remove-tree', path: `${at}/${path}` });
  return [
    gone('quarantine-gone', 'What was put aside may hold settings.', QUARANTINE),
    ...(switched
      ? []
      : [gone('incoming-gone', 'So may what a switch to flash had copied.', INCOMING)]),
    ...(legacy ? [] : [gone('work-gone', 'And what overlay was about to change.', 'work')]),
    ...(upgrade && !legacy && !keep.includes(`/${UPGRADE}`)
      ? [
          fatal(
            'upgrade-gone',
            'A firmware upgrade left settings in it, and it is not to be kept.',
            { kind: 'unlink', path: `${at}/${UPGRADE}` } as const,
          ),
        ]
      : []),
  ];
}

/**
 * What a reset removes from a volume; the order to do it goes last, so that a power cut only makes
 * it start again.
 */
export function resetSteps(opened: Resettable, keep: readonly string[], legacy: boolean): Step[] {
  const upper = legacy ? opened.at : `${opened.at}/upper`;
  const spared = legacy ? [`/${META}`, `/${STATE_LINK}`, ...keep] : [...keep];
  const steps = [
    fatal('reset', 'A reset was ordered.', { kind: 'clear', path: upper, keep: spared }),
  ];
  const done = [
    fatal('reset-synced', 'It must be gone for good before the order is.', {
      kind: 'sync',
      path: opened.at,
    }),
    fatal('reset-done', 'Nothing is left of it, so the order is carried out.', {
      kind: 'unlink',
      path: `${opened.at}/${ORDER}`,
    }),
  ];
  const gone = [...besideUpper(opened, keep, legacy), ...(legacy ? [] : importGone(opened))];
  return legacy || opened.upper === 'directory' ? [...steps, ...gone, ...done] : [...gone, ...done];
}

/** Ties an external volume without an owner to this board. */
export function adoptSteps(
  opened: MountedVolume,
  offered: string,
  folder: string,
  identityFile: string,
): Step[] {
  const identity = opened.identity ?? offered;
  const own =
    opened.identity !== null
      ? []
      : [
          warn(
            'identity-place',
            'What mountroot notes on the volume is in one folder.',
            lastingFolder(`${opened.at}/${META}`),
          ),
          fatal('identity', 'This board gets an identity, for external volumes to be tied to.', {
            kind: 'write',
            path: `${opened.at}/${IDENTITY}`,
            content: `${identity}\n`,
          }),
        ];
  return [
    ...own,
    ...folder
      .split('/')
      .flatMap((_, index, parts) => [
        fatal(
          `adopt-place-${index + 1}`,
          'The identity file goes here.',
          mkdir(parts.slice(0, index + 1).join('/') || '/'),
        ),
      ])
      .slice(2),
    fatal(
      'adopt',
      'The external volume belonged to nobody; from now on no other board takes it for its own.',
      { kind: 'write', path: `${folder}/${identityFile}`, content: `${identity}\n` },
    ),
  ];
}

export const deviceOf = ({ found }: Volume): Device | null => found[0] ?? null;
