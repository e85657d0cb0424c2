import type { Facts, Mount, MountedVolume, ResetOrder } from '../../facts/facts.js';
import type { Reason } from '../../plan/plan.js';
import { isDegraded } from '../../plan/reasons.js';
import { compareBoots, type Difference } from '../journal/compare-boots.js';
import { attentionOf, attentionWords } from './attention.js';
import type { Health } from './flash-health.js';
import {
  doneOf,
  epochOf,
  isConfirmed,
  rungOf,
  startRunOf,
  type Boot,
} from '../journal/boot-runs.js';
import type { Space } from './space.js';
import type { TodaysRoot } from '../root/todays-root.js';
import { fateOfChanges, type Fate, type Status } from './root-status.js';
import { whatToDo } from './what-to-do.js';
import { isoDate } from '../../text/units.js';

/** All data of `status`. Times in milliseconds since the kernel started, dates in ISO 8601. */
export interface FullStatus extends Status {
  /** What becomes of changes on / at power-off. */
  changes: Fate;
  /** Who made the root; null if a start of this boot recorded it. */
  madeBy: TodaysRoot | null;
  /** Why the record of this boot is not known; null if it was read, or there is none. */
  recordTrouble: string | null;
  /** null if nothing was recorded in this boot. */
  degraded: boolean | null;
  /** The time when the root got its present state; `when` is null while the clock is unknown. */
  since: { at: number; when: string | null; ago: number } | null;
  /** The cure of the reason. */
  todo: string | null;
  space: Space | null;
  health: Health | null;
  boot: ThisBoot | null;
  /** The last boot before this one whose journal is kept. */
  before: {
    boot: number | null;
    rung: string | null;
    reason: string | null;
    ms: number | null;
    confirmed: boolean;
  } | null;
  /** How this boot differs from it. */
  differences: Difference[];
  pending: Pending;
  /** The text that a login shows. */
  notice: string | null;
  /** Other things that need attention, one sentence each. */
  attention: string[];
}

interface ThisBoot {
  /** Counted on the data volume; null if this boot is not kept on it. */
  number: number | null;
  /** Boots whose journals are kept. */
  kept: number;
  confirmed: boolean;
  /**
   * Starts since the last that was confirmed, as the volume counts them; null if it is not
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

/** The pending work of the next start or the next `done`. */
export interface Pending {
  reset: ResetOrder | 'damaged' | 'unreadable' | null;
  /** The volume is marked to be erased. */
  erase: boolean;
  /** An import waits. */
  import: boolean;
  /** A switch to flash was cut off; the next `done` goes on with it. */
  switch: boolean;
  /** The data volume is mounted, so it was looked for a reset, an import and a switch. */
  looked: boolean;
}

export interface Gathered {
  mounts: readonly Mount[];
  rootdisk?: Facts['rootdisk'];
  /** See FullStatus; left out if it is not asked for. */
  madeBy?: TodaysRoot;
  recordTrouble?: string | null;
  /** Milliseconds since the kernel started, and since 1970; null while the clock is not set. */
  now: { at: number; time: number | null };
  /** When the last verb recorded the rung, in milliseconds since the kernel started. */
  recordedAt: number | null;
  space: Space | null;
  health: Health | null;
  /** The newest boots, oldest first. */
  boots: Boot[];
  /** How many journals of boots the data volume keeps. */
  kept: number;
  opened: MountedVolume | null;
  content: string | null;
  notice: string | null;
  /** The heap of this report, if it was refused. */
  refusedHeap?: string;
  /** The failures to gather data, one sentence each. */
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

type BootBefore = NonNullable<FullStatus['before']>;

function bootBefore(boot: Boot): BootBefore {
  const { rung, reason } = rungOf(boot);
  return {
    boot: boot.number,
    rung,
    reason,
    ms: startRunOf(boot)?.ms ?? null,
    confirmed: isConfirmed(boot),
  };
}

/**
 * When this boot's kernel started. A clock that is set by now dates all of this boot, also what
 * happened before it was set.
 */
function epochNow({ now }: Gathered, current: Boot | undefined): number | null {
  if (now.time !== null) return now.time - now.at;
  return current === undefined ? null : epochOf(current);
}

const pendingOf = ({ opened, content }: Gathered): Pending => ({
  reset: opened?.order ?? null,
  erase: content === 'erase-marker',
  import: opened?.imported?.ordered ?? false,
  switch: opened?.incoming === 'directory',
  looked: opened !== null,
});

const degradedBy = ({ rung, reason }: NonNullable<Status['rung']>): boolean =>
  isDegraded({ rung, reason: reason as Reason | null });

/** The root, with everything that is known about its state. */
export function fullStatus(status: Status, gathered: Gathered): FullStatus {
  const { now, recordedAt, space, health, boots, kept, opened, notice } = gathered;
  const current = boots.find((boot) => boot.current);
  const before = boots.findLast((boot) => !boot.current);
  const epoch = epochNow(gathered, current);
  const { rung } = status;
  const { madeBy = null, recordTrouble = null } = gathered;
  return {
    ...status,
    changes: fateOfChanges({ mounts: [...gathered.mounts], rootdisk: gathered.rootdisk, rung }),
    madeBy: rung === null ? madeBy : null,
    recordTrouble,
    degraded: rung && degradedBy(rung),
    since:
      recordedAt === null
        ? null
        : { at: recordedAt, when: date(epoch, recordedAt), ago: now.at - recordedAt },
    todo: whatToDo(rung?.reason ?? null),
    space,
    health,
    boot: current === undefined ? null : thisBoot(current, kept, opened?.attempts ?? null, epoch),
    before: before === undefined ? null : bootBefore(before),
    differences: current === undefined || before === undefined ? [] : compareBoots(current, before),
    pending: pendingOf(gathered),
    notice,
    attention: attentionOf({ status, current, ...gathered }).map(attentionWords),
  };
}

/** The mount that a status calls its data volume; without an overlay, the root itself. */
export const dataMount = ({ data }: Status, { mounts }: Pick<Facts, 'mounts'>): Mount | undefined =>
  mounts.findLast(({ mountpoint, fstype, source }) =>
    data === null
      ? mountpoint === '/'
      : mountpoint === data.mountpoint && fstype === data.fstype && source === data.source,
  );

/**
 * The mount whose room counts. A read-only root has none: it is always full, and nobody can delete
 * anything on it.
 */
export const spaceMount = (status: Status, facts: Pick<Facts, 'mounts'>): Mount | undefined =>
  status.data === null && status.root?.writable !== true ? undefined : dataMount(status, facts);
