import { childrenOf, parseMountinfo, visibleAt } from '../facts/mountinfo.js';
import type { Condition } from './step.js';
import type { Reader } from '../system/port.js';
import { remaining } from '../tree/clear-tree.js';

/**
 * What is wrong with a condition, as a sentence, or null when it holds.
 * @param proc where /proc is at this moment: it moves into the new root before the pivot.
 */
export function complaint(condition: Condition, reader: Reader, proc: string): string | null {
  switch (condition.kind) {
    case 'nothing':
      return null;
    case 'directory':
    case 'missing': {
      const kind = reader.kind(condition.path);
      return kind === condition.kind
        ? null
        : `${condition.path} should be ${condition.kind === 'missing' ? 'gone' : 'a directory'} and is ${kind === 'missing' ? 'missing' : `a ${kind}`}`;
    }
    case 'present':
      return reader.kind(condition.path) === 'missing'
        ? `${condition.path} should be there and is missing`
        : null;
    case 'reads':
      return reader.kind(condition.path) === 'file' &&
        reader.readText(condition.path) === condition.content
        ? null
        : `${condition.path} does not hold what was written to it`;
    case 'links':
      return reader.kind(condition.path) === 'symlink' &&
        reader.readLink(condition.path) === condition.target
        ? null
        : `${condition.path} is not the symlink to ${condition.target} that was made`;
    case 'cleared': {
      const left = remaining(reader, condition.path, condition.keep);
      return left.length === 0
        ? null
        : `${condition.path} should be empty but for what is kept, and still holds ${left.join(', ')}`;
    }
    default:
      return mountComplaint(condition, reader, proc);
  }
}

const isUnder = (path: string, top: string): boolean =>
  path === top || path.startsWith(top === '/' ? top : `${top}/`);

type MountCondition = Extract<
  Condition,
  { kind: 'mounted' | 'not-mounted' | 'not-shared' | 'readonly' | 'mounts-known' }
>;

function mountComplaint(condition: MountCondition, reader: Reader, proc: string): string | null {
  const mounts = parseMountinfo(reader.readText(`${proc}/self/mountinfo`));
  if (condition.kind === 'mounts-known') {
    const root = visibleAt(mounts, '/');
    const known = [condition.newRoot, ...condition.known];
    const late =
      root === undefined
        ? undefined
        : childrenOf(mounts, root).find((point) => !known.includes(point));
    return late === undefined
      ? null
      : `something was mounted on ${late} meanwhile, and would be lost`;
  }
  const { path } = condition;
  const mount = visibleAt(mounts, path);
  switch (condition.kind) {
    case 'not-shared': {
      const shared = mounts.find(
        (other) => other.shared !== undefined && isUnder(other.mountpoint, path),
      );
      return shared === undefined
        ? null
        : `${shared.mountpoint} is still shared (peer group ${shared.shared})`;
    }
    case 'not-mounted':
      return mount === undefined || mount.fstype !== condition.fstype
        ? null
        : `${path} still has ${mount.fstype} ${mount.source} mounted on it`;
    case 'readonly': {
      const now = mount !== undefined && mount.superOptions.includes('ro');
      return now === condition.readonly
        ? null
        : `${path} should be ${condition.readonly ? 'read-only' : 'writable'} and is not`;
    }
    case 'mounted':
      if (mount === undefined)
        return `the kernel reported success, but nothing is mounted on ${path}`;
      if (condition.fstype !== null && mount.fstype !== condition.fstype)
        return `${path} has ${mount.fstype} mounted on it instead of ${condition.fstype}`;
      if (condition.writable && (mount.options.includes('ro') || mount.superOptions.includes('ro')))
        return `the kernel reported success, but mounted ${mount.fstype} on ${path} read-only; the kernel log has the reason`;
      return null;
  }
}
