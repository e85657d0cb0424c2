import type { FactsProblem } from '../text/problem-text.js';
import type { Mount } from './facts.js';

/**
 * The kernel writes blanks, backslashes and a few others as \ooo (fs/seq_file.c: mangle_path); any
 * three octal digits are taken.
 */
function decode(text: string): string {
  if (!text.includes('\\')) return text;
  // A path is bytes; several \ooo in a row may be one character of UTF-8, so bytes are put together
  // first.
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const plain = bytes.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
  return Buffer.from(plain, 'latin1').toString('utf8');
}

function parseLine(line: string): Mount | null {
  const words = line.split(' ');
  // Optional fields end at a lone "-"; a mountpoint named "-" is why the search starts behind the
  // six fixed fields.
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

/** /proc/self/mountinfo; lines that are not of its form go to `problems` and are left out. */
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
 * Of the mounts stacked on one point the visible one, which is nobody's parent there; undefined
 * where nothing is mounted.
 */
export function visibleAt(mounts: readonly Mount[], mountpoint: string): Mount | undefined {
  const stacked = mounts.filter((mount) => mount.mountpoint === mountpoint);
  return stacked.find(
    (mount) => !stacked.some((other) => other.parent === mount.id && other !== mount),
  );
}

/**
 * Ids of the mounts that another one on the same mountpoint hides; in one pass, for there may be
 * thousands.
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
 * The mountpoints that stand directly on the given mount, each once. What lies under a mount
 * travels along when it moves; of several stacked on one point only the visible one does.
 */
export function childrenOf(mounts: readonly Mount[], parent: Mount): string[] {
  const points = mounts
    .filter((mount) => mount.parent === parent.id && mount.mountpoint !== parent.mountpoint)
    .map(({ mountpoint }) => mountpoint);
  return [...new Set(points)];
}
