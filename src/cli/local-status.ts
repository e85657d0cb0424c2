/** The status of this machine, as `status`, `explain` and `bundle` need it. */
import type { Facts } from '../facts/facts.js';
import { parseState } from '../facts/gather.js';
import { folderTrouble, ownText, recordFile } from '../facts/own-files.js';
import { HEAP_REFUSED } from '../facts/installation.js';
import { MOUNTS } from '../facts/kernel-sources.js';
import { parseMountinfo } from '../facts/mountinfo.js';
import { JOURNAL, NOTICE, STATE } from '../facts/places.js';
import { lastStart } from '../report/journal/last-start.js';
import type { FullStatus } from '../report/status/full-status.js';
import { status, type Status, type StatusInput } from '../report/status/root-status.js';
import { reader } from '../system/files.js';
import { sourceOf } from '../system/kernel-file.js';
import type { Reader } from '../system/port.js';
import { orElse } from '../system/or-else.js';
import { JSON_LIMITS } from '../text/input-limits.js';
import { readObject } from '../text/read-json.js';
import { localFacts } from './local-facts.js';

function rungOf(text: string): StatusInput['rung'] {
  const { rung, reason } = parseState(text) ?? {};
  const { because } = readObject(text, JSON_LIMITS.state) ?? {};
  return rung === undefined || reason === undefined
    ? null
    : { rung, reason, because: typeof because === 'string' ? because : null };
}

/** The mounts, or why they are not known. */
function mountsOf(from: Reader): Pick<StatusInput, 'mounts' | 'unread'> {
  const source = sourceOf(() => from.readText(MOUNTS));
  return source.is === 'there'
    ? { mounts: parseMountinfo(source.value) }
    : { mounts: [], unread: (source.error as Error).message };
}

/** The present root of a machine, and the result of the last start. */
export const localStatus = (from: Reader = reader, rootdisk?: Facts['rootdisk']): Status =>
  status({
    ...mountsOf(from),
    // A missing journal shows that this boot had no start.
    journal: lastStart(orElse('', () => ownText(from, JOURNAL))),
    rung: orElse(null, () => rungOf(ownText(from, STATE))),
    space: (path) => orElse(null, () => from.space(path)),
    ...(rootdisk !== undefined && { rootdisk }),
  });

/** Why the record of this boot cannot be read; null if it can, or if there is none. */
function recordTrouble(from: Reader): string | null {
  const distrust = folderTrouble(from);
  if (distrust !== null) return `${distrust}, so the record there is not believed`;
  const file = recordFile(from, STATE);
  const source = sourceOf(() => from.readText(file));
  if (source.is === 'unreadable') return (source.error as Error).message;
  return source.is === 'there' && rungOf(source.value) === null ? `${file} records no rung` : null;
}

const recordedAt = (text: string): number | null => {
  const { at } = readObject(text, JSON_LIMITS.state) ?? {};
  return typeof at === 'number' && Number.isFinite(at) && at >= 0 ? at : null;
};

/** The heap that the launcher could not use for this report. */
function ownRefusal(): { refusedHeap?: string } {
  const refused = process.env[HEAP_REFUSED];
  return refused === undefined ? {} : { refusedHeap: refused };
}

/**
 * The number of journals that a status reads. It compares this boot with the previous one, and
 * names damaged journals among the newest; `journal` reads all of them.
 */
const NEWEST = 16;

/**
 * The status with space, health, earlier boots and pending work. A boot has no time to gather all
 * of this.
 */
export async function localFullStatus(
  from: Reader = reader,
  facts: Facts = localFacts(),
): Promise<FullStatus> {
  const { dataMount, fullStatus, spaceMount } = await import('../report/status/full-status.js');
  const { gatherBoots } = await import('../report/journal/gather-boots.js');
  const { knownTime } = await import('../report/journal/boot-runs.js');
  const { spaceOf } = await import('../report/status/space.js');
  const { gatherHealth } = await import('../report/status/flash-health.js');
  const { todaysRoot } = await import('../report/root/todays-root.js');
  const { rootdisk } = facts;
  const now = localStatus(from, rootdisk);
  const [mount, writable] = [dataMount(now, facts), spaceMount(now, facts)];
  const { boots, kept, problems } = gatherBoots(from, { newest: NEWEST });
  return fullStatus(now, {
    mounts: facts.mounts,
    ...(rootdisk !== undefined && { rootdisk }),
    madeBy: todaysRoot(facts),
    recordTrouble: recordTrouble(from),
    now: { at: Number(process.hrtime.bigint()) / 1e6, time: knownTime(Date.now()) },
    recordedAt: orElse(null, () => recordedAt(ownText(from, STATE))),
    space:
      writable === undefined
        ? null
        : orElse(null, () => spaceOf(writable, from.space(writable.mountpoint), facts.mtd)),
    health: mount === undefined ? null : orElse(null, () => gatherHealth(from, mount, facts.mtd)),
    boots,
    kept,
    opened: facts.opened,
    content: facts.volume.content?.kind ?? null,
    ...ownRefusal(),
    notice: orElse(null, () => ownText(from, NOTICE).trim() || null),
    problems,
  });
}
