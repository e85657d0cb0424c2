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

/**
 * A start gathers its facts several times, and most lines stay as they are. A board parses a line
 * in 50 µs, and finds a known one in a tenth of that. Only long tables are worth it.
 */
const LONG_TABLE = 200;
const knownLines = new Map<string, Mount>();

/** The same as parseLine. Mounts are never changed, so a line has one for all tables. */
function parseKnown(line: string): Mount | null {
  const known = knownLines.get(line);
  if (known !== undefined) return known;
  const mount = parseLine(line);
  if (mount !== null) knownLines.set(line, mount);
  return mount;
}

/** Parses /proc/self/mountinfo. Leaves out malformed lines and reports them in `problems`. */
export function parseMountinfo(text: string, problems: FactsProblem[] = []): Mount[] {
  const lines = text.split('\n');
  const isLong = lines.length > LONG_TABLE;
  // There are two tables: before and after a mount has moved, with all that is below it.
  if (isLong && knownLines.size > 3 * lines.length) knownLines.clear();
  const parse = isLong ? parseKnown : parseLine;
  const mounts: Mount[] = [];
  for (const line of lines) {
    if (line === '') continue;
    const mount = parse(line);
    if (mount !== null) mounts.push(mount);
    else problems.push({ code: 'bad-line', file: '/proc/self/mountinfo', line });
  }
  return mounts;
}

/** Characters that the kernel writes as \ooo. */
const MANGLED = /[\s\\#]/;

/**
 * The lines of the mounts on a mountpoint, as text. It looks for them without parsing the others: a
 * step looks at one mountpoint of maybe thousands. A path with characters that the kernel writes in
 * another way gets the whole text.
 */
function linesOf(text: string, mountpoint: string): string {
  if (MANGLED.test(mountpoint)) return text;
  const found: string[] = [];
  const word = ` ${mountpoint} `;
  for (let at = text.indexOf(word); at >= 0;) {
    const end = text.indexOf('\n', at);
    found.push(text.slice(text.lastIndexOf('\n', at) + 1, end < 0 ? text.length : end));
    at = end < 0 ? -1 : text.indexOf(word, end);
  }
  return found.join('\n');
}

/** The same as visibleAt, of the text of mountinfo. */
export const visibleIn = (text: string, mountpoint: string): Mount | undefined =>
  visibleAt(parseMountinfo(linesOf(text, mountpoint)), mountpoint);

/** The mounts on each mountpoint, of tables that are long. */
const indices = new WeakMap<readonly Mount[], Map<string, Mount[]>>();

function indexOf(mounts: readonly Mount[]): Map<string, Mount[]> {
  const known = indices.get(mounts);
  if (known !== undefined) return known;
  const index = new Map<string, Mount[]>();
  for (const mount of mounts) {
    const stacked = index.get(mount.mountpoint);
    if (stacked === undefined) index.set(mount.mountpoint, [mount]);
    else stacked.push(mount);
  }
  indices.set(mounts, index);
  return index;
}

/**
 * Returns the visible mount among those stacked on one mountpoint: the one that is no other's
 * parent there. undefined when nothing is mounted.
 */
export function visibleAt(mounts: readonly Mount[], mountpoint: string): Mount | undefined {
  const stacked =
    mounts.length > LONG_TABLE
      ? (indexOf(mounts).get(mountpoint) ?? [])
      : mounts.filter((mount) => mount.mountpoint === mountpoint);
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
