/** The things that need attention, besides the reason that a start gave. */
import type { Mount, MountedVolume } from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import type { Boot } from '../journal/boot-runs.js';
import { KEEP_HEAP_CURE, refusedHeaps, refusedWords } from '../journal/refused-heaps.js';
import { plural } from '../../text/units.js';
import { healthTroubles, type Health, type HealthTrouble } from './flash-health.js';
import { healthTroubleWords } from './health-words.js';
import type { Status } from './root-status.js';
import { spaceTroubleWords } from './space-words.js';
import { spaceTrouble, type Space, type SpaceTrouble } from './space.js';

export type Attention =
  | { code: 'space'; trouble: SpaceTrouble; space: Space }
  | { code: 'health'; trouble: HealthTrouble; health: Health }
  | { code: 'quarantine'; count: number; volume: string }
  | { code: 'damaged-order' }
  | { code: 'went-read-only' }
  /** The file system below the overlay can be written, and its mount cannot. */
  | { code: 'open-below'; source: string }
  | { code: 'damaged-journals'; count: number }
  | { code: 'heaps-refused'; heaps: readonly string[] }
  /** A verb's warning, or an error of looking: it is a sentence already. */
  | { code: 'said'; sentence: string };

export interface AttentionInputs {
  mounts: readonly Mount[];
  status: Status;
  space: Space | null;
  health: Health | null;
  opened: MountedVolume | null;
  boots: readonly Boot[];
  /** The boot that is running now, where its journal is known. */
  current: Boot | undefined;
  /** The heap of this report, if it was refused. */
  refusedHeap?: string;
  /** Errors of gathering, a sentence each. */
  problems: readonly string[];
}

type Look = (inputs: AttentionInputs) => Attention[];

const spaceShort: Look = ({ space }) => {
  const short = space === null ? null : spaceTrouble(space);
  return short === null ? [] : [{ code: 'space', trouble: short.trouble, space: space! }];
};

const flashWorn: Look = ({ health }) =>
  health === null
    ? []
    : healthTroubles(health).map((trouble) => ({ code: 'health', trouble, health }));

const quarantined: Look = ({ opened }) =>
  opened === null || opened.quarantine.length === 0
    ? []
    : [{ code: 'quarantine', count: opened.quarantine.length, volume: opened.at }];

const orderDamaged: Look = ({ opened }) =>
  opened?.order === 'damaged' ? [{ code: 'damaged-order' }] : [];

const wentReadOnly: Look = ({ status }) =>
  status.rung?.rung === 'persistent' && !status.persistent ? [{ code: 'went-read-only' }] : [];

const openBelow: Look = ({ mounts, status }) => {
  const image = status.image === null ? undefined : visibleAt(mounts, status.image.mountpoint);
  const isWrittenElsewhere = mounts.some(
    ({ device, options }) => device === image?.device && options.includes('rw'),
  );
  return !isWrittenElsewhere &&
    image?.options.includes('ro') === true &&
    image.superOptions.includes('rw')
    ? [{ code: 'open-below', source: image.source }]
    : [];
};

const journalsDamaged: Look = ({ boots }) => {
  const count = boots.filter(({ damage }) => damage.length > 0).length;
  return count === 0 ? [] : [{ code: 'damaged-journals', count }];
};

const heapsRefused: Look = ({ current, refusedHeap }) => {
  const heaps = refusedHeaps(current, refusedHeap);
  return heaps.length === 0 ? [] : [{ code: 'heaps-refused', heaps }];
};

const said = (sentences: Iterable<string>): Attention[] =>
  [...sentences].map((sentence) => ({ code: 'said', sentence }));

/** In the order in which they are shown. */
const LOOKS: readonly Look[] = [
  spaceShort,
  flashWorn,
  quarantined,
  orderDamaged,
  wentReadOnly,
  openBelow,
  journalsDamaged,
  heapsRefused,
  ({ current }) => said(new Set(current?.runs.flatMap(({ warnings }) => warnings) ?? [])),
  ({ problems }) => said(problems),
];

export const attentionOf = (inputs: AttentionInputs): Attention[] =>
  LOOKS.flatMap((look) => look(inputs));

export function attentionWords(each: Attention): string {
  switch (each.code) {
    case 'space':
      return spaceTroubleWords(each.trouble, each.space);
    case 'health':
      return healthTroubleWords(each.trouble, each.health);
    case 'quarantine':
      return (
        `${plural(each.count, 'thing')} that was doubtful lies in ` +
        `${each.volume}/.mountroot/quarantine; look at it, and delete it if it is not needed`
      );
    case 'damaged-order':
      return (
        'an order to reset on the volume is damaged, so it is not carried out; ' + 'order it again'
      );
    case 'went-read-only':
      return (
        'the start ended with a root that keeps its changes, but by now this one does not: ' +
        'its data volume has gone read-only, or another root was mounted; see the kernel log'
      );
    case 'open-below':
      return (
        `${each.source} below the overlay is open for writing: \`mountroot maintain\` is at ` +
        'work, or files that it replaced are still in use; then reboot'
      );
    case 'damaged-journals':
      return (
        `${plural(each.count, 'journal')} cannot be read in full; ` +
        '`mountroot journal` says where'
      );
    case 'heaps-refused':
      return `${refusedWords(each.heaps)}; ${KEEP_HEAP_CURE}`;
    case 'said':
      return each.sentence;
  }
}
