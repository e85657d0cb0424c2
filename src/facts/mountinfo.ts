import type { FactsProblem } from '../text/problem-text.js';
import { nameOf, pathOf } from '../system/names.js';
import type { Mount } from './facts.js';

/**
 * The kernel writes blanks, backslashes and a few other characters as \ooo (fs/seq_file.c:
 * mangle_path). This decodes any three octal digits.
 */
function decode(text: string): string {
  if (!text.includes('\\')) return text;
  // A path is bytes, and several \ooo in a row may form one UTF-8 character, or none at all. So we
  // decode to bytes first and to a name afterwards.
  const bytes = Buffer.from(pathOf(text)).toString('latin1');
  const plain = bytes.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
  return nameOf(Buffer.from(plain, 'latin1'));
}

function parseLine(line: string): Mount | null {
  const words = line.split(' ');
  // A lone "-" ends the optional fields. A mountpoint may be named "-" too, so the search starts
  // after the six fixed fields.
  const dash = words.indexOf('-', 6);
  const [id, parent, device, root, mountpoint, options] = words;
  const [fstype, source, superOptions] = words.slice(dash + 1);
  if (
    dash < 0 ||
    root === undefined ||
    mountpoint === undefined ||
    fstype === undefined ||
    source === undefined
  )
    return null;
  if (!/^\d+$/.test(id!) || !/^\d+$/.test(parent!) || !/^\d+:\d+$/.test(device!)) return null;
  const mount: Mount = {
    id: Number(id),
    parent: Number(parent),
    device: device!,
    root: decode(root),
    mountpoint: decode(mountpoint),
    options: options!.split(','),
    fstype: decode(fstype),
    source: decode(source),
    superOptions: (superOptions ?? '').split(',').map(decode),
  };
  for (const field of words.slice(6, dash)) {
    if (field.startsWith('shared:')) mount.shared = Number(field.slice(7));
    else if (field.startsWith('master:')) mount.master = Number(field.slice(7));
    else if (field === 'unbindable') mount.unbindable = true;
  }
  return mount;
}

/** Parses /proc/self/mountinfo. Leaves out malformed lines and reports them in `problems`. */
export function parseMountinfo(text: string, problems: FactsProblem[] = []): Mount[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const mount = parseLine(line);
    if (mount !== null) return [mount];
    problems.push({ code: 'bad-line', file: '/proc/self/mountinfo', line });
    return [];
  });
}

/**
 * Returns the visible mount among those stacked on one mountpoint: the one that is no other's
 * parent there. undefined when nothing is mounted.
 */
export function visibleAt(mounts: readonly Mount[], mountpoint: string): Mount | undefined {
  const stacked = mounts.filter((mount) => mount.mountpoint === mountpoint);
  return stacked.find(
    (mount) => !stacked.some((other) => other.parent === mount.id && other !== mount),
  );
}

/**
 * Returns the ids of mounts that another mount on the same mountpoint hides. It takes one pass,
 * because there may be thousands of mounts.
 */
export function hiddenMounts(mounts: readonly Mount[]): Set<number> {
  const byId = new Map(mounts.map((mount) => [mount.id, mount]));
  return new Set(
    mounts.flatMap(({ parent, mountpoint, id }) =>
      parent !== id && byId.get(parent)?.mountpoint === mountpoint ? [parent] : [],
    ),
  );
}

/**
 * Returns the mountpoints directly on the given mount, each once. A mount takes its own submounts
 * along when it moves, so they are not listed. Stacked mounts share one entry, because only the
 * visible one moves.
 */
export function childrenOf(mounts: readonly Mount[], parent: Mount): string[] {
  const points = mounts
    .filter((mount) => mount.parent === parent.id && mount.mountpoint !== parent.mountpoint)
    .map(({ mountpoint }) => mountpoint);
  return [...new Set(points)];
}
