import { dirname } from 'node:path';
import type { Mount } from '../facts/facts.js';
import { parseFilesystems } from '../facts/filesystems.js';
import { childrenOf, parseMountinfo, visibleAt, visibleIn } from '../facts/mountinfo.js';
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { remaining } from '../tree/clear-tree.js';
import { isWithin } from './mount-table.js';

/** The input of a check. */
interface Look {
  reader: Reader;
  mounts: () => Mount[];
  /** The visible mount on a mountpoint. */
  visible: (mountpoint: string) => Mount | undefined;
}

interface AtPath {
  path: string;
}

const kindComplaint =
  (wanted: 'directory' | 'missing') =>
  ({ path }: AtPath, { reader }: Look): string | null => {
    const kind = reader.kind(path);
    const should = wanted === 'missing' ? 'gone' : 'a directory';
    const is = kind === 'missing' ? 'missing' : `a ${kind}`;
    return kind === wanted ? null : `${path} should be ${should} and is ${is}`;
  };

/**
 * Whether a directory is certainly a mountpoint, as mountpoint(1) finds out: its file system is not
 * that of the directory above it. mountinfo says more, but the kernel writes a line for each of
 * maybe thousands of mounts. btrfs shows subvolumes as file systems of their own.
 */
function isMountpoint(reader: Reader, path: string): boolean {
  return orElse(false, () => {
    const parent = dirname(path);
    const [mounted, above] = [reader.details(path), reader.details(parent)];
    return (
      mounted.kind === 'directory' &&
      above.kind === 'directory' &&
      mounted.device !== above.device &&
      reader.space(parent).type !== BTRFS
    );
  });
}

/** BTRFS_SUPER_MAGIC of include/uapi/linux/magic.h. */
const BTRFS = 0x9123683e;

const isReadonly = ({ options, superOptions }: Mount): boolean =>
  options.includes('ro') || superOptions.includes('ro');

/**
 * One row for each kind of condition that may hold after a step: its data, and its check. The check
 * gives null if the condition holds, else one sentence that names the fault.
 */
const CONDITIONS = {
  nothing: (): string | null => null,

  directory: kindComplaint('directory'),

  missing: kindComplaint('missing'),

  present: ({ path }: AtPath, { reader }: Look): string | null =>
    reader.kind(path) === 'missing' ? `${path} should be there and is missing` : null,

  /** A file has exactly this content, or is missing if that means the same. */
  reads: (
    { path, content, orMissing }: AtPath & { content: string; orMissing?: true },
    { reader }: Look,
  ): string | null => {
    const kind = reader.kind(path);
    if (orMissing && kind === 'missing') return null;
    return kind === 'file' && reader.readText(path) === content
      ? null
      : `${path} does not hold what was written to it`;
  },

  /** A symlink has exactly this target. */
  links: ({ path, target }: AtPath & { target: string }, { reader }: Look): string | null =>
    reader.kind(path) === 'symlink' && reader.readLink(path) === target
      ? null
      : `${path} is not the symlink to ${target} that was made`,

  /** Nothing is left in a directory apart from what `keep` names. */
  cleared: ({ path, keep }: AtPath & { keep: string[] }, { reader }: Look): string | null => {
    const left = remaining(reader, path, keep);
    return left.length === 0
      ? null
      : `${path} should be empty except for what is kept, and still holds ${left.join(', ')}`;
  },

  /**
   * The visible mount at `path` has this type (null: any), and is writable if `writable` is set.
   */
  mounted: (
    { path, fstype, writable }: AtPath & { fstype: string | null; writable: boolean },
    { reader, visible }: Look,
  ): string | null => {
    if (fstype === null && !writable && isMountpoint(reader, path)) return null;
    const mount = visible(path);
    if (mount === undefined)
      return `the kernel reported success, but nothing is mounted on ${path}`;
    if (fstype !== null && mount.fstype !== fstype)
      return `${path} has ${mount.fstype} mounted on it instead of ${fstype}`;
    if (writable && isReadonly(mount))
      return (
        `the kernel reported success, but mounted ${mount.fstype} on ${path} read-only; ` +
        'the kernel log has the reason'
      );
    return null;
  },

  /** The visible mount at `path`, if there is one, is not of this type. */
  'not-mounted': (
    { path, fstype }: AtPath & { fstype: string | null },
    { visible }: Look,
  ): string | null => {
    const mount = visible(path);
    return mount === undefined || mount.fstype !== fstype
      ? null
      : `${path} still has ${mount.fstype} ${mount.source} mounted on it`;
  },

  /** /proc/filesystems lists this type. */
  'file-system-known': ({ fstype }: { fstype: string }, { reader }: Look): string | null =>
    parseFilesystems(reader.readText('/proc/filesystems')).includes(fstype)
      ? null
      : `${fstype} should be in /proc/filesystems and is not`,

  /** Neither the mount at `path` nor one below it is shared. */
  'not-shared': ({ path }: AtPath, { mounts }: Look): string | null => {
    const shared = mounts().find(
      (each) => each.shared !== undefined && isWithin(each.mountpoint, path),
    );
    return shared === undefined
      ? null
      : `${shared.mountpoint} is still shared (peer group ${shared.shared})`;
  },

  /** The file system of the visible mount at `path` is read-only, or is not. */
  readonly: ({ path, readonly }: AtPath & { readonly: boolean }, { visible }: Look) => {
    const now = visible(path)?.superOptions.includes('ro') === true;
    return now === readonly
      ? null
      : `${path} should be ${readonly ? 'read-only' : 'writable'} and is not`;
  },

  /** The new root and the paths in `known` are the only mounts on the root. */
  'mounts-known': (
    { newRoot, known }: { newRoot: string; known: string[] },
    { mounts }: Look,
  ): string | null => {
    const table = mounts();
    const root = visibleAt(table, '/');
    if (root === undefined) return null;
    const late = childrenOf(table, root).find(
      (point) => point !== newRoot && !known.includes(point),
    );
    return late === undefined
      ? null
      : `something was mounted on ${late} meanwhile, and would be lost`;
  },
};

type Rows = typeof CONDITIONS;
type DataOf<Row> = Row extends (data: infer Data, look: Look) => string | null ? Data : never;

/** A condition that holds after a step. */
export type Condition = { [K in keyof Rows]: { kind: K } & DataOf<Rows[K]> }[keyof Rows];

/**
 * Checks a condition. Returns the fault as a sentence; null if the condition holds.
 * @param proc the present path of /proc, which moves into the new root before the pivot.
 * @throws {SystemError} if the check itself fails.
 */
export function complaint(condition: Condition, reader: Reader, proc: string): string | null {
  // TypeScript cannot see that the kind and the data go together; each row is checked by itself.
  const look = CONDITIONS[condition.kind] as (data: Condition, look: Look) => string | null;
  const table = (): string => reader.readText(`${proc}/self/mountinfo`);
  return look(condition, {
    reader,
    mounts: () => parseMountinfo(table()),
    visible: (mountpoint) => visibleIn(table(), mountpoint),
  });
}
