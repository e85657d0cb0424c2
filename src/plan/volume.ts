import type { Facts, Volume } from '../facts/facts.js';
import { mayAppear } from '../facts/devices.js';
import { DISKS, PARTITIONS, lackWords, lacksType, unreadWords } from '../facts/kernel-sources.js';
import { visibleAt } from '../facts/mountinfo.js';
import { WAIT_AT_MOST_S } from '../facts/installation.js';
import { setWith } from '../facts/setting-rows.js';
import { describe } from '../volumes/device.js';
import { behindTrouble, isBehindImage } from './behind.js';
import { fstypeOf, whyUnmountable } from '../volumes/mountable.js';
import type { Stage, StageResult } from './plan.js';
import { failures } from './plan-of.js';
import { troubleOf, type Trouble } from './reasons.js';

/** The setting that names the volume, as a clause; '' for the default name. */
export function askedBy(origin: Facts['configuration']['origins']['volume']): string {
  const by = setWith('volume', origin);
  return by === null ? '' : `, which ${by} asks for`;
}

/**
 * The obstacle to finding or mounting a volume, as far as the facts show it; null if there is none.
 * @param waited what waiting for it came to (`waitedFor`).
 */
export function volumeTrouble(
  facts: Facts,
  volume: Volume,
  origin: Facts['configuration']['origins']['volume'],
  waited = '',
): Trouble | null {
  const { wanted, found, content, attach } = volume;
  if (attach !== null) return null;
  if (volume === facts.volume && isBehindImage(facts)) return behindTrouble(facts);
  const [device] = found;
  if (device === undefined) return missing(facts, wanted, askedBy(origin), waited);
  if (found.length > 1)
    return troubleOf(
      'ambiguous-volume',
      `${found.length} devices are called "${wanted}" ` +
        `(${found.map(({ name }) => name).join(', ')}), and guessing could mount the wrong one`,
    );
  const fstype = fstypeOf(device, volume);
  if (fstype === undefined) {
    const { reason, because, cure } = whyUnmountable(device, content!);
    return troubleOf(reason, because, cure);
  }
  if (lacksType(facts, fstype))
    return troubleOf(
      'no-filesystem',
      `${describe(device)} needs ${fstype}, which this kernel does not have: ${fstype} ` +
        lackWords(facts, fstype),
    );
  return null;
}

/**
 * Whether a missing volume may still appear. A plain name in the settings may be the label of a
 * partition of a disk. If the image itself is on a disk (not on mtdblock, major 31, and not on a
 * mount without a device), a disk may appear late.
 */
export function mayCome({ mounts, handover, configuration }: Facts, wanted: string): boolean {
  if (mayAppear(wanted)) return true;
  if (configuration.origins.volume === undefined) return false;
  const [major] = visibleAt(mounts, handover?.at ?? '/')?.device.split(':') ?? [];
  return (
    /^(?!mtd(\d+$|:))[^/]/.test(wanted) && major !== undefined && major !== '31' && major !== '0'
  );
}

/** Seconds for which a start waits. @param asked by the settings, or by another file. */
export const secondsToWait = (
  { configuration }: Facts,
  asked = configuration.settings.wait,
): number => Math.min(asked, WAIT_AT_MOST_S);

/**
 * How long a stage of this run waited for a volume in vain, as a clause; '' if none did, or the
 * volume came.
 */
export function waitedFor(
  facts: Facts,
  earlier: readonly StageResult[],
  stage: Stage,
  seconds = secondsToWait(facts),
): string {
  return failures(earlier, stage).length === 0 ? '' : `, after ${seconds} s of waiting`;
}

/** The list of disks, if it was to be searched and could not be, as a clause. */
function unsearched(facts: Facts): string {
  const words = unreadWords(facts, DISKS);
  return words === null ? '' : `, and ${words}`;
}

function missing(facts: Facts, wanted: string, asked: string, waited: string): Trouble {
  const { mtd } = facts;
  if (mayCome(facts, wanted))
    return troubleOf(
      'no-volume',
      `there is no volume ${wanted}${asked}${waited}${unsearched(facts)}`,
      'check that its driver and device are there, or correct the name',
    );
  const unread = unreadWords(facts, PARTITIONS);
  const names = mtd.map((partition) => partition.name).join(', ') || 'none at all';
  return troubleOf(
    'no-volume',
    `there is no mtd partition named "${wanted}"${asked}; ${unread ?? `this kernel has ${names}`}`,
    'correct the partition table (mtdparts= or the device tree), ' +
      'or name the data partition with fstools_overlay_name=',
  );
}
