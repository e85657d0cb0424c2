import { posix } from 'node:path';
import type { Member } from './member.js';

/** A line that cannot be used. */
class TableError extends Error {
  override name = 'TableError';
}

const KINDS: Record<string, Member['kind']> = {
  f: 'file',
  d: 'directory',
  c: 'character',
  b: 'block',
  p: 'fifo',
  s: 'socket',
};
/** The most device nodes in one line; more are a typing mistake. */
const MOST = 10_000;

interface TableRow {
  line: number;
  name: string;
  /** `r`: a directory and everything below it. `F`: a file that may be missing. */
  type: string;
  mode: number;
  uid: number;
  gid: number;
  major: number;
  minor: number;
  start: number;
  increment: number;
  count: number;
}

const FORM =
  'a line is `name type mode uid gid major minor start inc count`, with - for what does not matter';

/** Words of a line. Those after the group may be missing. */
interface Words {
  path: string;
  type: string;
  mode: string;
  gid: string;
  rest: readonly string[];
}

/** The reasons why a line is invalid. The first rule that matches counts. */
const REFUSED: readonly { when: (words: Words) => boolean; because: (words: Words) => string }[] = [
  { when: ({ gid }) => gid === '', because: () => 'it has fewer than five words' },
  {
    when: ({ rest }) => rest.length > 5,
    because: ({ rest }) => `it has ${5 + rest.length} words, which is more than ten`,
  },
  {
    when: ({ path }) => !path.startsWith('/') || path.split('/').includes('..'),
    because: ({ path }) => `${JSON.stringify(path)} is no absolute path`,
  },
  { when: ({ mode }) => mode === '-', because: () => 'a mode is needed' },
  {
    when: ({ type }) => !Object.hasOwn(KINDS, type) && type !== 'F' && type !== 'r',
    because: ({ type }) => `${JSON.stringify(type)} is no type; there are f F d r c b p s`,
  },
];

const NEEDS_NUMBERS = 'a device node needs a major and a minor number';

function parseRow(text: string, line: number, table: string): TableRow | null {
  const bare = text.replace(/#.*$/, '').trim();
  if (bare === '') return null;
  const fail = (why: string): never => {
    throw new TableError(`${table}, line ${line}: ${why}; ${FORM}`);
  };
  const [path = '', type = '', mode = '', uid = '', gid = '', ...rest] = bare.split(/\s+/);
  const words = { path, type, mode, gid, rest };
  const rule = REFUSED.find(({ when }) => when(words));
  if (rule !== undefined) fail(rule.because(words));
  const number = (word: string | undefined, what: string, most: number, base = 10): number => {
    if (word === undefined || word === '-') return 0;
    const value = (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(word) ? parseInt(word, base) : NaN;
    return value <= most
      ? value
      : fail(`${what} ${JSON.stringify(word)} is no number up to ${most.toString(base)}`);
  };
  const [major, minor, start, increment, count] = rest;
  const lacks = [major, minor].some((word) => word === undefined || word === '-');
  if ((type === 'c' || type === 'b') && lacks) fail(NEEDS_NUMBERS);
  return {
    line,
    name: posix.normalize(path).replace(/^\/+|\/+$/g, '') || '.',
    type,
    mode: number(mode, 'the mode', 0o7777, 8),
    uid: number(uid, 'the owner', 0xffff_fffe),
    gid: number(gid, 'the group', 0xffff_fffe),
    major: number(major, 'the major number', 0xfff),
    minor: number(minor, 'the minor number', 0xf_ffff),
    start: number(start, 'start', 0xf_ffff),
    increment: number(increment, 'inc', 0xf_ffff),
    count: number(count, 'count', MOST),
  };
}

const parentOf = (name: string): string =>
  name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '';

/** Applies a table to the members of a ramdisk. */
class Applied {
  /** All names of each hard-linked file, by the first one. */
  private readonly linked = new Map<string, Member[]>();

  constructor(
    private readonly table: string,
    private readonly members: Map<string, Member>,
    private readonly time: number,
  ) {
    for (const member of members.values())
      if (member.same !== undefined) {
        const names = this.linked.get(member.same) ?? [members.get(member.same)!];
        this.linked.set(member.same, [...names, member]);
      }
  }

  row(row: TableRow): void {
    if (row.type === 'r') return this.below(row);
    const kind = KINDS[row.type === 'F' ? 'f' : row.type]!;
    for (const { path, minor } of numbered(row, kind)) {
      const device = kind === 'character' || kind === 'block' ? { major: row.major, minor } : {};
      const there = this.members.get(path);
      if (there === undefined) this.add(row, path, kind, device);
      else {
        if (there.kind !== kind)
          this.fail(row, `/${path} is a ${there.kind} in the tree, and no ${kind}`);
        this.change(there, { mode: row.mode, uid: row.uid, gid: row.gid, ...device });
      }
    }
  }

  /**
   * Applies a row to everything below a directory. As in makedevs the mode applies to files and
   * directories, and a directory gets execute permission wherever it has read permission.
   */
  private below(row: TableRow): void {
    const { name, mode, uid, gid } = row;
    if (this.members.get(name)?.kind !== 'directory' && name !== '.')
      this.fail(row, `/${name} is no directory of the tree`);
    const modeOf = (member: Member): number =>
      member.kind === 'directory' ? mode | ((mode & 0o444) >> 2) : mode;
    for (const member of this.members.values())
      if (name === '.' || member.name === name || member.name.startsWith(`${name}/`))
        this.change(member, {
          ...{ uid, gid },
          ...(member.kind !== 'symlink' && { mode: modeOf(member) }),
        });
  }

  /** A member that is not in the tree. */
  private add(row: TableRow, name: string, kind: Member['kind'], device: Partial<Member>): void {
    const { type, mode, uid, gid } = row;
    if (kind === 'file') {
      if (type === 'f')
        this.fail(row, `there is no file /${name} in the tree; use F for one that may be missing`);
      return;
    }
    const above = parentOf(name);
    if (above !== '' && this.members.get(above)?.kind !== 'directory')
      this.fail(
        row,
        `/${name} has no directory to be in; add a line \`/${above} d 755 0 0 - - - - -\` ` +
          'before it',
      );
    const made = { name, kind, mode, uid, gid, mtime: this.time, size: 0, ...device };
    this.members.set(name, made);
  }

  /** All names of a file change together: the kernel sets owner and mode again for each. */
  private change(member: Member, what: Partial<Member>): void {
    const names = this.linked.get(member.same ?? member.name) ?? [member];
    for (const each of names) Object.assign(each, what);
  }

  private fail({ line }: TableRow, why: string): never {
    throw new TableError(`${this.table}, line ${line}: ${why}`);
  }
}

/** The paths of a row, which may be for a series of device nodes. */
const numbered = (row: TableRow, kind: Member['kind']): { path: string; minor: number }[] =>
  row.count > 0 && kind !== 'file'
    ? Array.from({ length: row.count }, (_, index) => ({
        path: `${row.name}${row.start + index}`,
        minor: row.minor + index * row.increment,
      }))
    : [{ path: row.name, minor: row.minor }];

/**
 * Applies a device table in the form of makedevs, genext2fs and Buildroot. It sets owners and modes
 * of a tree's files, and adds missing device nodes and directories. So a ramdisk can be packed
 * without root.
 * @param table the table's name, for errors. @param time of new members, in seconds since 1970.
 * @throws {TableError} that names the line.
 */
export function applyTable(
  text: string,
  table: string,
  members: Map<string, Member>,
  time: number,
): void {
  const applied = new Applied(table, members, time);
  text.split('\n').forEach((line, index) => {
    const row = parseRow(line, index + 1, table);
    if (row !== null) applied.row(row);
  });
}
