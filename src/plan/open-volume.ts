/** The stage of a start that mounts the data volume, and what its failures mean. */
import type { Facts } from '../facts/facts.js';
import { describe } from '../volumes/device.js';
import { FILE_SYSTEMS } from '../volumes/file-systems.js';
import { fstypeOf } from '../volumes/mountable.js';
import { emptySteps, openSteps } from './open.js';
import type { Plan, StageResult } from './plan.js';
import { failures, planOf } from './plan-of.js';

interface Opening {
  facts: Facts;
  earlier: readonly StageResult[];
}

/** The errors of mount(2) for a write-protected device (mount(2), EACCES and EROFS). */
const WRITE_PROTECTED = ['EROFS', 'EACCES'];

/**
 * The failure with the options that the caller gave; undefined if they were not refused.
 */
function refusedOptions({ facts, earlier }: Opening): StageResult | undefined {
  const [first] = failures(earlier, 'open');
  return facts.mountOptions !== undefined && first?.failed?.errno === 'EINVAL' ? first : undefined;
}

/** The failures that are not about the given options. */
export const openFailures = (climb: Opening): StageResult[] =>
  failures(climb.earlier, 'open').filter((each) => each !== refusedOptions(climb));

/** The given options were refused, and the volume was not yet mounted without them. */
export const mayLackOptions = (climb: Opening): boolean =>
  refusedOptions(climb) !== undefined && failures(climb.earlier, 'open').length === 1;

/** Mounting for writing was refused, and mounting read-only was not tried yet. */
export function refusesWrites(climb: Opening): boolean {
  const [first, ...more] = openFailures(climb);
  return more.length === 0 && WRITE_PROTECTED.includes(first?.failed?.errno ?? '');
}

/** UBIFS finds no superblock or no master node (EINVAL), or a damaged one (EUCLEAN). */
const UNFINISHED = ['EINVAL', 'EUCLEAN'];

/**
 * UBIFS refused a volume on which it had never made itself to the end, and emptying it was not
 * tried yet.
 */
export function wasNeverFinished(climb: Opening): boolean {
  const [first, ...more] = openFailures(climb);
  const failed = first?.failed;
  return (
    climb.facts.volume.content?.unfinished === true &&
    more.length === 0 &&
    failed?.step === 'data' &&
    UNFINISHED.includes(failed.errno ?? '')
  );
}

function openNotes({ volume }: Facts): string[] {
  const { content } = volume;
  const device = volume.found[0]!;
  if (content?.kind === 'blank')
    return [
      `the data volume is blank: ${FILE_SYSTEMS[fstypeOf(device, volume)!]!.title} ` +
        'makes it its own',
    ];
  if (content?.kind === 'unreadable')
    return [
      `what the data volume holds could not be looked at (${content.evidence}); ` +
        'mounting it will tell',
    ];
  return content?.behind === undefined
    ? []
    : [`${describe(device)} has a damaged beginning: ${content.evidence}`];
}

export const openVolume =
  (readonly: boolean) =>
  (climb: Opening): Plan => {
    const { facts } = climb;
    const { volume } = facts;
    const device = volume.found[0]!;
    const without = refusedOptions(climb) !== undefined;
    return planOf('start', facts, {
      stage: 'open',
      summary:
        `opening ${describe(device)} ` +
        `(${fstypeOf(device, volume)}${readonly ? ', read-only' : ''})`,
      steps: without ? openSteps(facts, readonly, null) : openSteps(facts, readonly),
      notes: [
        ...openNotes(facts),
        ...(without
          ? [
              `the mount options that the caller gave (${facts.mountOptions}) were refused, ` +
                `so ${describe(device)} is mounted without them`,
            ]
          : []),
      ],
    });
  };

/** UBIFS makes itself only on a volume on which nothing is mapped. */
export const openEmptied = ({ facts }: Opening): Plan => {
  const device = facts.volume.found[0]!;
  const { evidence } = facts.volume.content!;
  return planOf('start', facts, {
    stage: 'open',
    summary: `emptying ${describe(device)}, and opening it`,
    steps: [...emptySteps(device), ...openSteps(facts, false)],
    notes: [
      `a power cut stopped UBIFS while it made itself on ${describe(device)} (${evidence}): ` +
        'no file was on it yet, so it is emptied and made again',
    ],
  });
};
