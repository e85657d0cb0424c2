import type { Facts, Mount, MountedVolume, ResetOrder } from '../../facts/facts.js';
import type { Reason } from '../../plan/plan.js';
import { isDegraded } from '../../plan/start.js';
import { compareBoots, type Difference } from '../journal/compare-boots.js';
import { healthTroubles, type Health } from './health.js';
import {
  doneOf,
  epochOf,
  isConfirmed,
  rungOf,
  startRunOf,
  type Boot,
} from '../journal/boot-runs.js';
import { spaceTrouble, type Space } from './space.js';
import type { Status } from './root-status.js';
import { whatToDo } from './what-to-do.js';
import { isoDate, plural } from '../../text/units.js';

/** All that `status` tells. Moments in milliseconds since the kernel started, dates as ISO 8601. */
export interface FullStatus extends Status {
  /** null where nothing was recorded in this boot. */
  degraded: boolean | null;
  /** When the root became what it is; `when` is null while the clock is not known. */
  since: { at: number; when: string | null; ago: number } | null;
  /** What to do about the reason. */
  todo: string | null;
  space: Space | null;
  health: Health | null;
  boot: ThisBoot | null;
  /** The boot before this one that is still known of, and what this one has that it had not. */
  before: {
    boot: number | null;
    rung: string | null;
    reason: string | null;
    ms: number | null;
    confirmed: boolean;
  } | null;
  differences: Difference[];
  pending: Pending;
  /** The line that whoever logs in is shown. */
  notice: string | null;
  /** What somebody should look at besides the reason, a sentence each. */
  attention: string[];
}

interface ThisBoot {
  /** Counted on the data volume; null where this boot is not kept on it. */
  number: number | null;
  /** Boots whose journals are kept. */
  kept: number;
  confirmed: boolean;
  /**
   * Starts since the last that was confirmed, as the volume counts them; null where it is not
   * mounted.
   */
  attempts: number | null;
  start: {
    at: number;
    when: string | null;
    ms: number | null;
    exit: number | null;
    ok: boolean | null;
  } | null;
  done: { at: number; ms: number | null; exit: number | null; ok: boolean | null } | null;
  mountroot: string | null;
  node: string | null;
  kernel: string | null;
  warnings: string[];
}

/** What the next start, or the next `done`, is going to do. */
export interface Pending {
  reset: ResetOrder | 'damaged' | 'unreadable' | null;
  /** The volume is marked to be erased. */
  erase: boolean;
  /** An import waits. */
  import: boolean;
  /** A switch to flash was cut off, and is taken up again. */
  switch: boolean;
}

export interface Gathered {
  /** Milliseconds since the kernel started, and what the clock shows. */
  now: { at: number; time: number | null };
  /** When the last verb recorded what the root is. */
  recordedAt: number | null;
  space: Space | null;
  health: Health | null;
  /** The newest ones, oldest first. */
  boots: Boot[];
  /** How many the data volume has the journals of. */
  kept: number;
  opened: MountedVolume | null;
  content: string | null;
  notice: string | null;
  /** What could not be gathered. */
  problems: string[];
}

function thisBoot(
  boot: Boot,
  kept: number,
  attempts: number | null,
  epoch: number | null,
): ThisBoot {
  const [start, done] = [startRunOf(boot), doneOf(boot)];
  return {
    number: boot.number,
    kept,
    confirmed: isConfirmed(boot),
    attempts,
    start: start && {
      at: start.at,
      when: date(epoch, start.at),
      ms: start.ms,
      exit: start.exit,
      ok: start.ok,
    },
    done: done && { at: done.at, ms: done.ms, exit: done.exit, ok: done.ok },
    mountroot: start?.version ?? null,
    node: start?.node ?? null,
    kernel: start?.kernel ?? null,
    warnings: [...new Set(boot.runs.flatMap(({ warnings }) => warnings))],
  };
}

const date = (epoch: number | null, at: number): string | null =>
  epoch === null ? null : isoDate(epoch + at);

function attentionOf(
  status: Status,
  { space, health, opened, problems, boots }: Gathered,
  boot: Boot | undefined,
): string[] {
  const out: string[] = [];
  const full = space === null ? null : spaceTrouble(space);
  if (full !== null) out.push(full);
  if (health !== null) out.push(...healthTroubles(health));
  if (opened !== null && opened.quarantine.length > 0)
    out.push(
      `${plural(opened.quarantine.length, 'thing')} that was doubtful lies in ${opened.at}/.mountroot/quarantine; look at it, and delete it if it is not needed`,
    );
  if (opened?.order === 'damaged')
    out.push(
      'an order to reset is on the volume that cannot be read, so it is not carried out; order it again',
    );
  if (status.rung?.rung === 'persistent' && !status.persistent)
    out.push(
      'the start ended with a root that keeps its changes, but by now this one does not: its data volume has gone read-only, or another root was mounted; see the kernel log',
    );
  const damaged = boots.filter(({ damage }) => damage.length > 0).length;
  if (damaged > 0)
    out.push(
      `${plural(damaged, 'journal')} cannot be read in full; \`mountroot journal\` says where`,
    );
  for (const warning of new Set(boot?.runs.flatMap(({ warnings }) => warnings) ?? []))
    out.push(warning);
  return [...out, ...problems];
}

/** What the root is, with all that is known of how it fares. */
export function fullStatus(status: Status, gathered: Gathered): FullStatus {
  const { now, recordedAt, space, health, boots, kept, opened, content, notice } = gathered;
  const current = boots.find((boot) => boot.current);
  const before = boots.findLast((boot) => !boot.current);
  // The clock that is known by now tells all of this boot, also what was before it was set.
  const epoch =
    now.time !== null ? now.time - now.at : current === undefined ? null : epochOf(current);
  const { rung } = status;
  const was = before === undefined ? undefined : startRunOf(before);
  return {
    ...status,
    degraded:
      rung === null ? null : isDegraded({ rung: rung.rung, reason: rung.reason as Reason | null }),
    since:
      recordedAt === null
        ? null
        : { at: recordedAt, when: date(epoch, recordedAt), ago: now.at - recordedAt },
    todo: whatToDo(rung?.reason ?? null),
    space,
    health,
    boot: current === undefined ? null : thisBoot(current, kept, opened?.attempts ?? null, epoch),
    before:
      before === undefined
        ? null
        : {
            boot: before.number,
            rung: rungOf(before).rung,
            reason: rungOf(before).reason,
            ms: was?.ms ?? null,
            confirmed: isConfirmed(before),
          },
    differences: current === undefined || before === undefined ? [] : compareBoots(current, before),
    pending: {
      reset: opened?.order ?? null,
      erase: content === 'erase-marker',
      import: opened?.imported?.ordered ?? false,
      switch: opened?.incoming === 'directory',
    },
    notice,
    attention: attentionOf(status, gathered, current),
  };
}

/**
 * The mount that a status calls its data volume, or the root itself where there is none below it.
 */
export const dataMount = ({ data }: Status, { mounts }: Pick<Facts, 'mounts'>): Mount | undefined =>
  mounts.findLast(({ mountpoint, fstype, source }) =>
    data === null
      ? mountpoint === '/'
      : mountpoint === data.mountpoint && fstype === data.fstype && source === data.source,
  );

/**
 * The mount that something can be written to. An image without room is no full volume, and nothing
 * can be deleted on it: of a read-only root there is no space to tell.
 */
export const spaceMount = (status: Status, facts: Pick<Facts, 'mounts'>): Mount | undefined =>
  status.data === null && status.root?.writable !== true ? undefined : dataMount(status, facts);
