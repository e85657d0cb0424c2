import type { JournalRecord, ScriptResult } from '../../execute/journal.js';
import type { Facts, Mount, Rung } from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { isLasting, persistMounts } from '../../facts/persist-paths.js';
import { isInMemory, isLoop, isReadOnly } from '../root/mount-kinds.js';
import { scriptOf } from '../journal/boot-runs.js';

export interface Status {
  schema: 'mountroot.status/1';
  root: { fstype: string; source: string; writable: boolean } | null;
  /** Whether changes on / are known to survive a power cycle. */
  persistent: boolean;
  /** The rung that the last verb recorded; null if no verb of this boot recorded one. */
  rung: RecordedRung | null;
  /** A description of /, one sentence. */
  summary: string;
  /** The read-only image below the overlay. */
  image: { mountpoint: string; fstype: string; source: string } | null;
  /** The place of the overlay's changes; sizes in bytes, from statfs(2). */
  data: {
    mountpoint: string;
    fstype: string;
    source: string;
    space: { total: number; free: number } | null;
  } | null;
  /**
   * The paths of the setting `persist` that have a mount of their own, and whether their changes
   * are kept; left out without any.
   */
  lasting?: { path: string; kept: boolean }[];
  /** The last start in the journal, times in milliseconds since the kernel started. */
  start: {
    summary: string;
    at: number;
    ms: number | null;
    ok: boolean | null;
    error?: string;
    steps: StatusStep[];
    script?: ScriptResult;
  } | null;
}

interface RecordedRung {
  rung: Rung;
  reason: string | null;
  because: string | null;
}

export interface StatusStep {
  number: number;
  id: string;
  result: string;
  at: number;
  ms: number;
  error?: string;
}

export interface StatusInput {
  mounts: Mount[];
  journal: JournalRecord[];
  rung: RecordedRung | null;
  space: (path: string) => { total: number; free: number } | null;
  /** Why the mounts are not known, as a clause; left out if they are. */
  unread?: string;
  /** The space behind the image, which a loop device may show. */
  rootdisk?: Facts['rootdisk'];
}

/** What becomes of changes on / at power-off. `unknown`: the mounts do not show where they are. */
export type Fate = 'kept' | 'lost' | 'unchangeable' | 'unknown';

const writable = (mount: Mount): boolean => !isReadOnly(mount);

/** The present root, from mountinfo, and its making, from the journal. */
export function status(input: StatusInput): Status {
  const { mounts, journal, rung, space } = input;
  const root = visibleAt(mounts, '/');
  const overlaid = root !== undefined && isOverlay(root);
  const upper = overlaid ? upperOf(mounts, root) : undefined;
  const image = overlaid ? visibleAt(mounts, '/rom') : undefined;
  const fate = fateOfChanges(input);
  return {
    schema: 'mountroot.status/1',
    root: root ? { fstype: root.fstype, source: root.source, writable: writable(root) } : null,
    persistent: fate === 'kept',
    rung,
    summary:
      root === undefined
        ? `what / is cannot be told: ${input.unread ?? 'no mount on / is seen'}`
        : `${layersWords(root, upper)}; ${FATES[fate]}`,
    image: image
      ? { mountpoint: image.mountpoint, fstype: image.fstype, source: image.source }
      : null,
    data: upper
      ? {
          mountpoint: upper.mountpoint,
          fstype: upper.fstype,
          source: upper.source,
          space: space(upper.mountpoint),
        }
      : null,
    ...lastingOf(mounts),
    start: startOf(journal),
  };
}

function lastingOf(mounts: readonly Mount[]): Pick<Status, 'lasting'> {
  const lasting = persistMounts(mounts).map((mount) => ({
    path: mount.mountpoint,
    kept: isLasting(mount),
  }));
  return lasting.length === 0 ? {} : { lasting };
}

const isOverlay = ({ fstype }: Mount): boolean => fstype.startsWith('overlay');

/** What becomes of the changes on / at power-off, as far as the mounts show. */
export function fateOfChanges({
  mounts,
  rootdisk,
  rung,
}: Pick<StatusInput, 'mounts' | 'rootdisk' | 'rung'>): Fate {
  const root = visibleAt(mounts, '/');
  if (root === undefined) return 'unknown';
  const holder = isOverlay(root) ? upperOf(mounts, root) : root;
  if (!writable(root)) return 'unchangeable';
  if (holder === undefined) return 'unknown';
  if (isInMemory(holder)) return 'lost';
  if (!writable(holder)) return 'unchangeable';
  // A start was told to keep its changes there, or a disk keeps what the loop device shows of it.
  const isKept = rung?.rung === 'persistent' || rootdisk?.loop?.number === holder.device;
  return isLoop(holder) && !isKept ? 'unknown' : 'kept';
}

/**
 * The mount that holds the changes. OpenWrt and mountroot name the data volume's mountpoint in the
 * overlay's source, `overlayfs:PATH`; that comes first. The kernel shows upperdir= as it was given
 * to mount(2), and the mount it named may have moved since: out of an initramfs, or because the
 * image has no /overlay.
 */
function upperOf(mounts: readonly Mount[], { source, superOptions }: Mount): Mount | undefined {
  const told = /^overlayfs:(\/.+)$/.exec(source)?.[1];
  const upperdir = superOptions
    .find((option) => option.startsWith('upperdir='))
    ?.slice('upperdir='.length);
  return (told === undefined ? undefined : visibleAt(mounts, told)) ?? holderOf(mounts, upperdir);
}

/** The mount that holds a path: the one with the longest mountpoint above it. */
function holderOf(mounts: readonly Mount[], path: string | undefined): Mount | undefined {
  if (path === undefined) return undefined;
  const above = mounts.filter(
    ({ mountpoint }) =>
      mountpoint !== '/' && (path === mountpoint || path.startsWith(`${mountpoint}/`)),
  );
  const longest = above.map(({ mountpoint }) => mountpoint).sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : visibleAt(mounts, longest);
}

const layersWords = (root: Mount, upper: Mount | undefined): string =>
  upper
    ? `an overlay, its changes on ${upper.fstype} ${upper.source}`
    : `${root.fstype} ${root.source}`;

const FATES: Record<Fate, string> = {
  kept: 'what is changed on it is kept',
  lost: 'what is changed on it is lost at power-off',
  unchangeable: 'nothing on it can be changed',
  unknown: 'whether what is changed on it is kept does not show',
};

function startOf(journal: readonly JournalRecord[]): Status['start'] {
  const begin = journal.find((record) => record.type === 'begin');
  if (begin === undefined) return null;
  const decision = journal.findLast((record) => record.type === 'decision');
  const end = journal.findLast((record) => record.type === 'end');
  const script = journal.findLast((record) => record.type === 'script');
  // Each stage of a start numbers its own steps; here they are one list.
  let count = 0;
  const steps = journal.flatMap((record) =>
    record.type === 'step'
      ? [
          {
            number: ++count,
            id: record.id,
            result: record.result,
            at: record.at,
            ms: record.ms,
            ...(record.error !== undefined && { error: record.error }),
          },
        ]
      : [],
  );
  return {
    summary: decision?.summary ?? 'cut off before it was planned',
    at: begin.at,
    ms: end?.ms ?? null,
    ok: end?.ok ?? null,
    ...(end?.error !== undefined && { error: end.error }),
    steps,
    ...(script !== undefined && { script: scriptOf(script) }),
  };
}
