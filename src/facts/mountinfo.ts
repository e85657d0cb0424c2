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

/** The words of a line behind its dash, which thousands of mounts may share. */
type FileSystem = Pick<Mount, 'fstype' | 'source' | 'superOptions'>;

function parseFileSystem(text: string): FileSystem | null {
  const words = text.split(' ');
  const source = words[1];
  if (source === undefined) return null;
  return {
    fstype: decode(words[0]!),
    source: decode(source),
    superOptions: (words[2] ?? '').split(',').map(decode),
  };
}

/** The six fixed fields. Words and a check of each take an interpreter twice as long. */
const FIXED = /^(\d+) (\d+) (\d+:\d+) ([^ ]*) ([^ ]*) ([^ ]*)/;

/** The parser of one table's lines. It gives null for a malformed line. */
function lineParser(): (line: string) => Mount | null {
  // Mounts are never changed, so those of one table may share what they have in common.
  const fileSystems = new Map<string, FileSystem | null>();
  const optionLists = new Map<string, string[]>();
  return (line) => {
    const fixed = FIXED.exec(line);
    if (fixed === null) return null;
    // A lone "-" ends the optional fields. A mountpoint may be named "-" too, so the search starts
    // after the fixed fields.
    const head = fixed[0].length;
    const dash = line.indexOf(' - ', head);
    if (dash < 0) return null;
    const rest = line.slice(dash + 3);
    let fileSystem = fileSystems.get(rest);
    if (fileSystem === undefined) fileSystems.set(rest, (fileSystem = parseFileSystem(rest)));
    if (fileSystem === null) return null;
    let options = optionLists.get(fixed[6]!);
    if (options === undefined) optionLists.set(fixed[6]!, (options = fixed[6]!.split(',')));
    const mount: Mount = {
      id: Number(fixed[1]),
      parent: Number(fixed[2]),
      device: fixed[3]!,
      root: decode(fixed[4]!),
      mountpoint: decode(fixed[5]!),
      options,
      fstype: fileSystem.fstype,
      source: fileSystem.source,
      superOptions: fileSystem.superOptions,
    };
    if (dash > head) addFields(mount, line.slice(head + 1, dash));
    return mount;
  };
}

/** The optional fields, which tell of propagation. */
function addFields(mount: Mount, text: string): void {
  for (const field of text.split(' ')) {
    if (field.startsWith('shared:')) mount.shared = Number(field.slice(7));
    else if (field.startsWith('master:')) mount.master = Number(field.slice(7));
    else if (field === 'unbindable') mount.unbindable = true;
  }
}

/** A table as it was parsed. */
interface Table {
  text: string;
  mounts: Mount[];
  /** The malformed lines. */
  odd: readonly string[];
}

/**
 * The newest table. A start gathers its facts several times, and a mount that is new has its line
 * at the end.
 */
let newest: Table = { text: '', mounts: [], odd: [] };

/** Parses /proc/self/mountinfo. Leaves out malformed lines and reports them in `problems`. */
export function parseMountinfo(text: string, problems: FactsProblem[] = []): Mount[] {
  if (newest.text !== text) newest = parsedAfter(newest, text);
  for (const line of newest.odd)
    problems.push({ code: 'bad-line', file: '/proc/self/mountinfo', line });
  return newest.mounts;
}

/** The table of a text, which may begin with a text that is parsed already. */
function parsedAfter(before: Table, text: string): Table {
  const isLonger = before.text.endsWith('\n') && text.startsWith(before.text);
  const { mounts, odd } = parseTable(isLonger ? text.slice(before.text.length) : text);
  return isLonger
    ? { text, mounts: before.mounts.concat(mounts), odd: [...before.odd, ...odd] }
    : { text, mounts, odd };
}

function parseTable(text: string): Omit<Table, 'text'> {
  const parse = lineParser();
  const mounts: Mount[] = [];
  const odd: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const mount = parse(line);
    if (mount !== null) mounts.push(mount);
    else odd.push(line);
  }
  return { mounts, odd };
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
  visibleAt(parseTable(linesOf(text, mountpoint)).mounts, mountpoint);

/** The mounts on each mountpoint; one alone without a list, because there may be thousands. */
interface Index {
  at: ReadonlyMap<string, Mount | Mount[]>;
  /** Those that share their mountpoint with others. */
  stacks: readonly (readonly Mount[])[];
}

/** A plan asks some thirty times for a mountpoint. */
const indices = new WeakMap<readonly Mount[], Index>();

function indexOf(mounts: readonly Mount[]): Index {
  const known = indices.get(mounts);
  if (known !== undefined) return known;
  const at = new Map<string, Mount | Mount[]>();
  const stacks: Mount[][] = [];
  for (const mount of mounts) {
    const others = at.get(mount.mountpoint);
    if (others === undefined) at.set(mount.mountpoint, mount);
    else if (Array.isArray(others)) others.push(mount);
    else {
      const stack = [others, mount];
      stacks.push(stack);
      at.set(mount.mountpoint, stack);
    }
  }
  const index = { at, stacks };
  indices.set(mounts, index);
  return index;
}

/**
 * Returns the visible mount among those stacked on one mountpoint: the one that is no other's
 * parent there. undefined when nothing is mounted.
 */
export function visibleAt(mounts: readonly Mount[], mountpoint: string): Mount | undefined {
  const found = indexOf(mounts).at.get(mountpoint);
  if (!Array.isArray(found)) return found;
  const hidden = hiddenIn(found);
  return found.find(({ id }) => !hidden.has(id));
}

const hiddenIn = (stacked: readonly Mount[]): Set<number> =>
  new Set(stacked.flatMap(({ id, parent }) => (parent === id ? [] : [parent])));

/** Returns the ids of mounts that another mount on the same mountpoint hides. */
export const hiddenMounts = (mounts: readonly Mount[]): Set<number> =>
  new Set(
    indexOf(mounts).stacks.flatMap((stacked) => {
      const ids = new Set(stacked.map(({ id }) => id));
      return stacked.flatMap(({ id, parent }) =>
        parent !== id && ids.has(parent) ? [parent] : [],
      );
    }),
  );

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
