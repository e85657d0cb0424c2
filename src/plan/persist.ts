/**
 * A root in memory on which the paths of the setting `persist` last. Each path has an overlay of
 * its own, whose upper layer is on the data volume: files that are replaced by renaming last too,
 * and what an upgrade of the image brings shows where nothing was changed.
 */
import type { Facts, PersistPlace } from '../facts/facts.js';
import { persistMounts, persistName } from '../facts/persist-paths.js';
import { PERSIST, PERSIST_SOURCE, RAM } from '../facts/places.js';
import { FULL } from '../system/errno.js';
import { listed } from '../text/listed.js';
import { describe } from '../volumes/device.js';
import type { Step } from '../steps/step.js';
import { bookkeeping } from './bookkeeping.js';
import { imageMountpoint, mountNotes, newRootOf } from './mountpoints.js';
import { remountStep } from './open.js';
import { overlayOptions } from './overlay-options.js';
import { isLegacy, makeRootPrivate, placeData, ramOverlay } from './overlay-root.js';
import { pivotTo } from './pivot.js';
import type { Plan, StageResult } from './plan.js';
import { failures, planOf } from './plan-of.js';
import { REASONS, troubleOf, type Trouble } from './reasons.js';
import { rootTrouble } from './root-trouble.js';
import { fatal, lastingFolder, mkdir, mount, warn } from './steps.js';

export const isPersistAsked = ({ configuration }: Pick<Facts, 'configuration'>): boolean =>
  configuration.settings.persist.length > 0;

/** Whether the root of this boot has paths that last, or was to have them and uses the volume. */
export const isPersistRoot = ({ opened, mounts, state }: Facts): boolean =>
  opened !== null &&
  !opened.readonly &&
  (persistMounts(mounts).length > 0 ||
    state?.reason === 'persist' ||
    state?.reason === 'persist-failed');

/** A step of one path: its number in the setting, from 1 on. */
const PATH_STEP = /^persist-(\d{1,3})-/;

const numberOf = ({ failed }: StageResult): number | null => {
  const [, number] = PATH_STEP.exec(failed?.step ?? '') ?? [];
  return number === undefined ? null : Number(number);
};

/** The volume takes no writes, so no path can last. On a full one overlay comes up read-only. */
const isWide = ({ failed }: StageResult): boolean =>
  failed !== null &&
  (failed.errno === null || failed.errno === 'EROFS' || FULL.includes(failed.errno));

/** So many plans may fail; a volume on which more goes wrong is left out. */
const MOST_FAILURES = 6;

const failed = (earlier: readonly StageResult[]): StageResult[] => failures(earlier, 'root');

/** Why the paths cannot be mounted at all; null if it may be tried. */
export function persistTrouble(facts: Facts, earlier: readonly StageResult[]): Trouble | null {
  if (isLegacy(facts))
    return troubleOf(
      'overlay-failed',
      'this kernel has only the out-of-tree overlayfs, over which no single path can last',
      'use a kernel with overlay (from 3.18 on), or take `persist` out of /etc/mountroot.json',
    );
  const all = failed(earlier);
  const other = all.find((each) => numberOf(each) === null);
  if (other !== undefined) return rootTrouble(other);
  return all.length < MOST_FAILURES ? null : rootTrouble(all.at(-1));
}

/** `kept`: what was saved shows, and changes are in memory. */
type Form = 'lasting' | 'kept' | 'left out';

interface PlacedPath {
  number: number;
  place: PersistPlace;
  form: Form;
  /** Why it does not last; null if it does, or if no path does. */
  because: string | null;
}

const isBelow = (path: string, top: string): boolean => path === top || path.startsWith(`${top}/`);

/** Why the image has no place for a path; null if it has one. */
export function persistObstacle(
  { mounts, ...facts }: Pick<Facts, 'mounts' | 'handover'>,
  { path, at, kind }: PersistPlace,
): string | null {
  const image = imageMountpoint(facts as Facts) ?? '';
  const inTheWay = mounts
    .filter(({ mountpoint, source }) => mountpoint !== '/' && source !== PERSIST_SOURCE)
    .find(({ mountpoint }) =>
      image === ''
        ? isBelow(mountpoint, path) || isBelow(path, mountpoint)
        : mountpoint !== image &&
          (isBelow(mountpoint, image + path) || isBelow(image + path, mountpoint)) &&
          !isBelow(image, mountpoint),
    );
  if (inTheWay !== undefined)
    return `${inTheWay.fstype} ${inTheWay.source} is mounted on ${inTheWay.mountpoint}`;
  if (kind === 'directory' || kind === 'missing') return null;
  if (kind === 'symlink') return `${at} is a symlink in the image; name where it leads`;
  return kind === 'file'
    ? `${at} is a file, which programs replace by renaming, and a mount on it would forbid that; ` +
        'name its directory'
    : `${at} is no directory in the image`;
}

const hasSaved = ({ opened }: Facts, path: string): boolean =>
  opened!.persist?.some((each) => each.path === path && each.upper === 'directory') === true;

/** What has failed so far, and whether the whole volume takes no writes. */
interface Failures {
  all: readonly StageResult[];
  /** Behind the failure that showed it; null while the volume takes writes. */
  since: readonly StageResult[] | null;
}

function failuresOf({ opened }: Facts, earlier: readonly StageResult[]): Failures {
  const all = failed(earlier);
  if (opened!.readonly) return { all, since: all };
  const wide = all.findIndex(isWide);
  return { all, since: wide < 0 ? null : all.slice(wide + 1) };
}

/** What a path can be, after what has failed. */
function placedPath(facts: Facts, { all, since }: Failures, number: number): PlacedPath {
  const place = facts.persist![number - 1]!;
  const mine = (some: readonly StageResult[]): StageResult[] =>
    some.filter((each) => numberOf(each) === number);
  const because = persistObstacle(facts, place);
  if (because !== null) return { number, place, form: 'left out', because };
  const counted = mine(since ?? all);
  const level = counted.length + (since === null ? 0 : 1);
  const placed = { number, place, because: counted.at(-1)?.failed?.error ?? null };
  if (level === 0) return { ...placed, form: 'lasting' };
  const isKept = level === 1 && hasSaved(facts, place.path);
  return { ...placed, form: isKept ? 'kept' : 'left out' };
}

function placedPaths(facts: Facts, earlier: readonly StageResult[]): PlacedPath[] {
  const before = failuresOf(facts, earlier);
  return facts.persist!.map((_, index) => placedPath(facts, before, index + 1));
}

/** Makes the directories that the image does not have, in memory. */
function missingFolders(newRoot: string, { number, place }: PlacedPath): Step[] {
  if (place.kind !== 'missing') return [];
  const rest = place.path.slice(place.at.length).split('/').filter(Boolean);
  return [place.at, ...rest.map((_, i) => `${place.at}/${rest.slice(0, i + 1).join('/')}`)].map(
    (path) =>
      fatal(
        `persist-${number}-place`,
        'The image does not have this directory.',
        mkdir(`${newRoot}${path}`),
      ),
  );
}

interface Layer {
  newRoot: string;
  /** The mountpoint of the image, '' for `/`. */
  image: string;
  /** The path's own directory on the volume. */
  saved: string;
}

const EMPTY = `${RAM}/empty`;

const folder = (path: string): Step['action'] => lastingFolder(path);

function overlayOn(
  placed: PlacedPath,
  { newRoot }: Layer,
  layers: { lower: string[]; at: string; like: string | null },
): Step[] {
  const { number, place } = placed;
  const { lower, at, like } = layers;
  const id = (name: string): string => `persist-${number}-${name}`;
  return [
    fatal(
      id('upper'),
      `What is changed below ${place.path} is kept here; it belongs to whom the image's does.`,
      like === null ? folder(`${at}/upper`) : { kind: 'make-like', path: `${at}/upper`, like },
    ),
    fatal(id('work'), 'overlay prepares changes here before they appear.', folder(`${at}/work`)),
    ...missingFolders(newRoot, placed),
    fatal(
      id('overlay'),
      placed.form === 'lasting'
        ? `${place.path} lasts, although the rest of the root is in memory.`
        : `${place.path} is as it was saved; changes to it are in memory.`,
      mount(PERSIST_SOURCE, `${newRoot}${place.path}`, 'overlay', {
        data: overlayOptions({ lower, upper: `${at}/upper`, work: `${at}/work` }),
      }),
    ),
  ];
}

function lastingSteps(placed: PlacedPath, layer: Layer): Step[] {
  const { number, place } = placed;
  const { saved, image, newRoot } = layer;
  const id = (name: string): string => `persist-${number}-${name}`;
  const there = place.kind === 'directory' ? `${image}${place.path}` : null;
  const probe = `${newRoot}${place.path}/.mountroot-probe`;
  return [
    fatal(id('folder'), `The layers of ${place.path} on the volume.`, folder(saved)),
    ...overlayOn(placed, layer, { lower: [there ?? EMPTY], at: saved, like: there }),
    fatal(id('writable'), 'Only a write shows that the volume takes writes.', {
      kind: 'write-probe',
      path: probe,
    }),
    fatal(id('probe-gone'), 'The probe was only there to test whether writing works.', {
      kind: 'remove-tree',
      path: probe,
    }),
  ];
}

function keptSteps(placed: PlacedPath, layer: Layer): Step[] {
  const { number, place } = placed;
  const at = `${RAM}/${PERSIST}-${number}`;
  const below = place.kind === 'directory' ? [`${layer.image}${place.path}`] : [];
  const saved = `${layer.saved}/upper`;
  return [
    fatal(`persist-${number}-folder`, `The layers of ${place.path} in memory.`, folder(at)),
    ...overlayOn(placed, layer, { lower: [saved, ...below], at, like: saved }),
  ];
}

const pathList = (paths: readonly PlacedPath[]): string =>
  listed(paths.map(({ place }) => place.path));

/** Why the root is not all that was asked for; without a cause, that it is what was asked for. */
function persistReason(
  facts: Facts,
  earlier: readonly StageResult[],
  paths: readonly PlacedPath[],
): Trouble {
  const volume = describe(facts.volume.found[0]!);
  const [lasting, others] = [
    paths.filter(({ form }) => form === 'lasting'),
    paths.filter(({ form }) => form !== 'lasting'),
  ];
  if (others.length === 0)
    return troubleOf('persist', `only ${pathList(lasting)} is kept, on ${volume}`, null);
  if (facts.opened!.readonly)
    return troubleOf('write-protected', `${volume} can only be mounted read-only`);
  const wide = failed(earlier).find(isWide);
  if (wide !== undefined) return rootTrouble(wide)!;
  const found = others.map(
    ({ place, form, because }) =>
      `${place.path} does not last${form === 'kept' ? ', and shows what was saved' : ''}` +
      (because === null ? '' : ` (${because})`),
  );
  return troubleOf('persist-failed', found.join('; '), REASONS['persist-failed'].cure);
}

/** The layers of the paths, between the root in memory and the pivot. */
function pathSteps(facts: Facts, at: string, paths: readonly PlacedPath[]): Step[] {
  const newRoot = newRootOf(facts);
  const image = imageMountpoint(facts) ?? '';
  const isOnNothing = ({ form, place: { kind } }: PlacedPath): boolean =>
    form === 'lasting' && kind === 'missing';
  return [
    ...(paths.some(isOnNothing)
      ? [fatal('persist-empty', 'Where the image has nothing, this is below.', folder(EMPTY))]
      : []),
    ...paths.flatMap((each) => {
      const saved = `${at}/${PERSIST}/${persistName(each.place.path)}`;
      if (each.form === 'left out') return [];
      const steps = each.form === 'lasting' ? lastingSteps : keptSteps;
      return steps(each, { newRoot, image, saved });
    }),
  ];
}

/** What happens to the volume before anything is laid over it. */
function volumeSteps({ opened }: Facts, at: string, paths: readonly PlacedPath[]): Step[] {
  if (paths.some(({ form }) => form === 'lasting'))
    return [fatal('persist-folder', 'What lasts is kept here.', folder(`${at}/${PERSIST}`))];
  if (opened!.readonly || paths.every(({ form }) => form === 'left out')) return [];
  return [
    warn(
      'protect',
      'It is a lower layer now, and must not change under the overlay.',
      remountStep(at, 'read-only', { undone: true }),
    ),
  ];
}

const IN_MEMORY = 'an overlay root in memory, whose changes are lost at power-off';

/** @param trouble a failure that somebody should know; null if there was none. */
export function persistRoot(
  facts: Facts,
  earlier: readonly StageResult[],
  trouble: Trouble | null,
): Plan {
  const paths = placedPaths(facts, earlier);
  const { at, steps: place } = placeData(facts, facts.opened!.at);
  const lasting = paths.filter(({ form }) => form === 'lasting');
  const isKeptOnly = lasting.length === 0 && paths.some(({ form }) => form === 'kept');
  const reason = persistReason(facts, earlier, paths);
  return planOf('start', facts, {
    stage: 'root',
    rung: isKeptOnly ? 'kept-read-only' : 'volatile',
    summary:
      lasting.length === 0
        ? IN_MEMORY
        : `${IN_MEMORY}, except for ${pathList(lasting)} on ${describe(facts.volume.found[0]!)}`,
    steps: [
      ...bookkeeping(facts, earlier),
      makeRootPrivate(facts),
      ...place,
      ...volumeSteps(facts, at, paths),
      ...ramOverlay(facts, null),
      ...pathSteps(facts, at, paths),
      ...pivotTo(facts, at),
    ],
    trouble: reason.reason === 'persist' ? (trouble ?? reason) : reason,
    notes: [...mountNotes(facts), ...persistNotes(facts)],
    last: true,
  });
}

function persistNotes({ opened, external }: Facts): string[] {
  return [
    ...(opened!.upper === 'directory'
      ? ['settings of a root that kept all changes are on the volume too; they stay unused']
      : []),
    ...(external === null ? [] : ['`extroot` is not used, because `persist` is set']),
  ];
}
