/** The status of this machine, as `status`, `explain` and `bundle` need it. */
import { STATE_FILE, parseState } from '../facts/gather.js';
import { ownText } from '../facts/own-files.js';
import { parseMountinfo } from '../facts/mountinfo.js';
import { JOURNAL_FILE, JOURNAL_FOLDER } from '../facts/places.js';
import { lastStart } from '../report/journal/last-start.js';
import type { FullStatus } from '../report/status/full-status.js';
import { status, type Status, type StatusInput } from '../report/status/root-status.js';
import { reader } from '../system/files.js';
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

/** The present root of this machine, and the result of the last start. */
export const localStatus = (): Status =>
  status({
    mounts: parseMountinfo(reader.readText('/proc/self/mountinfo')),
    // A missing journal shows that this boot had no start.
    journal: lastStart(orElse('', () => ownText(reader, JOURNAL_FILE))),
    rung: orElse(null, () => rungOf(ownText(reader, STATE_FILE))),
    space: (path) => orElse(null, () => reader.space(path)),
  });

const recordedAt = (text: string): number | null => {
  const { at } = readObject(text, JSON_LIMITS.state) ?? {};
  return typeof at === 'number' && Number.isFinite(at) && at >= 0 ? at : null;
};

/**
 * The number of journals that a status reads. It compares this boot with the previous one, and
 * names damaged journals among the newest; `journal` reads all of them.
 */
const NEWEST = 16;

/**
 * The status with space, health, earlier boots and pending work. A boot has no time to gather all
 * of this.
 */
export async function localFullStatus(): Promise<FullStatus> {
  const { dataMount, fullStatus, spaceMount } = await import('../report/status/full-status.js');
  const { gatherBoots } = await import('../report/journal/gather-boots.js');
  const { knownTime } = await import('../report/journal/boot-runs.js');
  const { spaceOf } = await import('../report/status/space.js');
  const { gatherHealth } = await import('../report/status/flash-health.js');
  const now = localStatus();
  const facts = localFacts();
  const [mount, writable] = [dataMount(now, facts), spaceMount(now, facts)];
  const { boots, kept, problems } = gatherBoots(reader, { newest: NEWEST });
  return fullStatus(now, {
    now: { at: Number(process.hrtime.bigint()) / 1e6, time: knownTime(Date.now()) },
    recordedAt: orElse(null, () => recordedAt(ownText(reader, STATE_FILE))),
    space:
      writable === undefined
        ? null
        : orElse(null, () => spaceOf(writable, reader.space(writable.mountpoint), facts.mtd)),
    health: mount === undefined ? null : orElse(null, () => gatherHealth(reader, mount, facts.mtd)),
    boots,
    kept,
    opened: facts.opened,
    content: facts.volume.content?.kind ?? null,
    notice: orElse(null, () => ownText(reader, `${JOURNAL_FOLDER}/notice`).trim() || null),
    problems,
  });
}
