/**
 * The notes that a start writes on the data volume before the volume becomes the upper layer, and
 * the things that it moves to quarantine there.
 */
import type { Facts, MountedVolume } from '../facts/facts.js';
import {
  ATTEMPTS,
  INCOMING,
  META,
  ORDER,
  QUARANTINE,
  STATE_LINK,
  UPGRADE,
} from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { describe } from '../volumes/device.js';
import { FULL } from '../system/errno.js';
import type { Stage, StageResult } from './plan.js';
import { fatal, lastingFolder, mkdir, warn } from './steps.js';

/** An unused name in quarantine. */
function quarantineName({ quarantine }: MountedVolume, what: string): string {
  let number = 1;
  while (quarantine.includes(`${what}-${number}`)) number++;
  return `${QUARANTINE}/${what}-${number}`;
}

interface Doubtful {
  /** Its path below the volume's mountpoint. */
  path: string;
  /** Its name in quarantine, without the number that follows. */
  what: string;
  why: string;
}

/** Moves something doubtful aside, so that it does no harm and is not lost. */
const quarantine = (opened: MountedVolume, { path, what, why }: Doubtful): Step[] => [
  warn(
    `quarantine-place-${what}`,
    'Doubtful files are kept here and never deleted.',
    lastingFolder(`${opened.at}/${QUARANTINE}`),
  ),
  warn(`quarantine-${what}`, why, {
    kind: 'rename',
    from: `${opened.at}/${path}`,
    to: `${opened.at}/${quarantineName(opened, what)}`,
  }),
];

/** Makes our folder on the volume. */
export const metaFolder = (at: string): Step['action'] => lastingFolder(`${at}/${META}`);

/**
 * Makes our folder on the volume. Anything else of that name is moved aside and not followed: a
 * symlink would lead our notes into a folder of somebody else's.
 */
export const metaSteps = ({ at, stray }: MountedVolume, needed: typeof fatal = fatal): Step[] => [
  ...(stray === undefined
    ? []
    : [
        warn(
          'meta-aside',
          `A ${stray.kind} stands where mountroot's own folder belongs; it is kept beside it.`,
          { kind: 'rename', from: `${at}/${META}`, to: `${at}/${stray.aside}` },
        ),
      ]),
  needed('meta', 'mountroot keeps its notes on the volume in one folder.', metaFolder(at)),
];

/**
 * Stages that use the content of the volume. A board may hang in them, so the first of them counts
 * the start, and a failure does not take the count back.
 */
const COUNTING: readonly Stage[] = ['reset', 'import', 'external-reset', 'external-root', 'root'];

export const isCounted = (earlier: readonly StageResult[]): boolean =>
  earlier.some(({ stage }) => COUNTING.includes(stage));

/**
 * Whether the count is of settings that another program has removed, as fstools' reset does: each
 * start leaves `.fs_state` before it writes the count.
 */
export const isCountStale = ({ state }: MountedVolume): boolean => state === 'fresh';

const startsBefore = (opened: MountedVolume): number =>
  isCountStale(opened) && opened.upper === 'missing' ? 0 : (opened.attempts ?? 0);

/** Marks the volume as in use and not confirmed. */
export const inUse = (at: string, { volume }: Facts): Step =>
  warn('state', `${describe(volume.found[0]!)} is in use, and \`done\` has not confirmed it yet.`, {
    kind: 'link',
    path: `${at}/${STATE_LINK}`,
    target: '1',
  });

export const countStep = (opened: MountedVolume): Step =>
  warn('count', 'Starts that never reach `done` are counted, to get out of a boot loop.', {
    kind: 'write',
    path: `${opened.at}/${ATTEMPTS}`,
    content: `${startsBefore(opened) + 1}\n`,
  });

/**
 * Counts the start on the volume, once, before anything can go wrong with it. A start in failsafe
 * mode never reaches `done`, so it does not count.
 */
export function countSteps(facts: Facts, earlier: readonly StageResult[]): Step[] {
  const { opened, failsafe } = facts;
  if (opened === null || opened.readonly || isCounted(earlier)) return [];
  const mark = opened.state === 'fresh' ? [inUse(opened.at, facts)] : [];
  return failsafe === true ? mark : [...metaSteps(opened, warn), ...mark, countStep(opened)];
}

/** Moves a mark that cannot be read to quarantine, and makes a new one. */
function stateSteps(opened: MountedVolume, facts: Facts): Step[] {
  if (opened.state !== 'damaged') return [];
  return [
    ...quarantine(opened, {
      path: STATE_LINK,
      what: 'fs_state',
      why: 'It is none of the marks there are; it is kept for whoever wants to know what it was.',
    }),
    inUse(opened.at, facts),
  ];
}

const orderSteps = (opened: MountedVolume): Step[] =>
  opened.order === 'damaged'
    ? quarantine(opened, {
        path: ORDER,
        what: 'reset',
        why: 'An order to reset that cannot be read is none: what it would erase is not known.',
      })
    : [];

/** The volume never had settings, and it had no room for any earlier in this start. */
const lacksRoom = ({ upper }: MountedVolume, earlier: readonly StageResult[]): boolean =>
  upper === 'missing' &&
  earlier.some(({ failed, warned }) =>
    [failed?.errno, ...warned].some((errno) => FULL.includes(errno ?? '')),
  );

/** Deals with the copy that an interrupted switch to flash left. */
function halfCopySteps(opened: MountedVolume, earlier: readonly StageResult[]): Step[] {
  const { at, incoming, switched } = opened;
  if (incoming === 'directory' && lacksRoom(opened, earlier))
    return [
      warn(
        'incoming-gone',
        'An interrupted switch to flash left copies that fill the volume, so there is no room ' +
          'for settings.',
        { kind: 'remove-tree', path: `${at}/${INCOMING}` },
      ),
    ];
  if (incoming === 'missing' || switched) return [];
  return quarantine(opened, {
    path: INCOMING,
    what: 'incoming',
    why:
      'A switch to flash was cut off in the middle; ' +
      'what it had copied is kept, and is not the settings.',
  });
}

/** The notes that a start leaves on the volume. A failure to write them never stops a boot. */
export function bookkeeping(facts: Facts, earlier: readonly StageResult[]): Step[] {
  const { opened } = facts;
  if (opened === null || opened.readonly) return [];
  return [
    ...countSteps(facts, earlier),
    ...stateSteps(opened, facts),
    ...orderSteps(opened),
    ...halfCopySteps(opened, earlier),
  ];
}

/**
 * Moves a thing to quarantine that is not a directory and has the name of a directory of the
 * overlay.
 */
const strayLayers = (opened: MountedVolume): Step[] =>
  (['upper', 'work'] as const).flatMap((name) => {
    const kind = opened[name];
    if (kind === 'missing' || kind === 'directory') return [];
    return quarantine(opened, {
      path: name,
      what: name,
      why: `A ${kind} stands where the ${name} directory belongs, and it is not followed.`,
    });
  });

/**
 * Prepares the upper layer, and brings in the files that a firmware upgrade left.
 * @param opened null if nothing is known about the volume.
 * @param at the mountpoint of the volume at that time.
 */
export function upperSteps(opened: MountedVolume | null, at: string): Step[] {
  const upgrade = opened?.upgrade
    ? [
        warn('upgrade', 'A firmware upgrade left it for the new root to unpack.', {
          kind: 'rename',
          from: `${at}/${UPGRADE}`,
          to: `${at}/upper/${UPGRADE}`,
        }),
      ]
    : [];
  return [
    ...(opened === null ? [] : strayLayers({ ...opened, at })),
    fatal(
      'upper',
      'The upper layer: every change to the root is kept in it.',
      mkdir(`${at}/upper`),
    ),
    ...upgrade,
  ];
}
