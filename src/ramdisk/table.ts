import { posix } from 'node:path';
import type { Member } from './member.js';

/** A line of a table that cannot be used. */
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
/** More device nodes in one line than anybody wants are a slip of the keyboard. */
const MOST = 10_000;

interface TableRow {
  line: number;
  name: string;
  /** `r`: all below a directory too. `F`: a file that may be missing. */
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

function parseRow(text: string, line: number, table: string): TableRow | null {
  const bare = text.replace(/#.*$/, '').trim();
  if (bare === '') return null;
  const fail = (why: string): never => {
    throw new TableError(
      `${table}, line ${line}: ${why}; a line is \`name type mode uid gid major minor start inc count\`, with - for what does not matter`,
    );
  };
  const [path = '', type = '', mode = '', uid = '', gid = '', ...rest] = bare.split(/\s+/);
  if (gid === '') fail('it has fewer than five words');
  if (rest.length > 5) fail(`it has ${5 + rest.length} words, which is more than ten`);
  if (!path.startsWith('/') || path.split('/').includes('..'))
    fail(`${JSON.stringify(path)} is no absolute path`);
  if (mode === '-') fail('a mode is needed');
  if (!Object.hasOwn(KINDS, type) && type !== 'F' && type !== 'r')
    fail(`${JSON.stringify(type)} is no type; there are f F d r c b p s`);
  const number = (word: string | undefined, what: string, most: number, base = 10): number => {
    if (word === undefined || word === '-') return 0;
    const value = (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(word) ? parseInt(word, base) : NaN;
    return value <= most
      ? value
      : fail(
          `${what} ${JSON.stringify(word)} is no number up to ${base === 8 ? most.toString(8) : most}`,
        );
  };
  const [major, minor, start, increment, count] = rest;
  if (
    (type === 'c' || type === 'b') &&
    [major, minor].some((word) => word === undefined || word === '-')
  )
    fail('a device node needs a major and a minor number');
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

/**
 * What one row makes or changes. `named` gives all members that are one file: the kernel sets owner
 * and mode anew for each, so they must not differ.
 */
function apply(
  row: TableRow,
  table: string,
  members: Map<string, Member>,
  named: (member: Member) => readonly Member[],
  time: number,
): void {
  const { name, type, mode, uid, gid, line } = row;
  const fail = (why: string): never => {
    throw new TableError(`${table}, line ${line}: ${why}`);
  };
  const change = (member: Member, what: Partial<Member>): void =>
    named(member).forEach((one) => Object.assign(one, what));
  if (type === 'r') {
    if (members.get(name)?.kind !== 'directory' && name !== '.')
      fail(`/${name} is no directory of the tree`);
    // As makedevs: the mode is for files and directories alike, and a directory that may be read
    // may be entered.
    for (const member of members.values())
      if (name === '.' || member.name === name || member.name.startsWith(`${name}/`))
        change(member, {
          uid,
          gid,
          ...(member.kind !== 'symlink' && {
            mode: member.kind === 'directory' ? mode | ((mode & 0o444) >> 2) : mode,
          }),
        });
    return;
  }
  const kind = KINDS[type === 'F' ? 'f' : type]!;
  const numbered =
    row.count > 0 && kind !== 'file'
      ? Array.from({ length: row.count }, (_, index) => ({
          path: `${name}${row.start + index}`,
          minor: row.minor + index * row.increment,
        }))
      : [{ path: name, minor: row.minor }];
  for (const { path, minor } of numbered) {
    const device = kind === 'character' || kind === 'block' ? { major: row.major, minor } : {};
    const there = members.get(path);
    if (there !== undefined) {
      if (there.kind !== kind) fail(`/${path} is a ${there.kind} in the tree, and no ${kind}`);
      change(there, { mode, uid, gid, ...device });
    } else if (kind === 'file') {
      if (type === 'f')
        fail(`there is no file /${path} in the tree; use F for one that may be missing`);
    } else {
      const above = parentOf(path);
      if (above !== '' && members.get(above)?.kind !== 'directory')
        fail(
          `/${path} has no directory to be in; add a line \`/${above} d 755 0 0 - - - - -\` before it`,
        );
      members.set(path, { name: path, kind, mode, uid, gid, mtime: time, size: 0, ...device });
    }
  }
}

/**
 * Applies a device table, in the form that makedevs, genext2fs and Buildroot have: owners and modes
 * of what is in a tree, and device nodes and directories that are not. So a ramdisk can be packed
 * without being root.
 * @param table the table's name, for errors. @param time of what is new, in seconds.
 * @throws {TableError} that names the line.
 */
export function applyTable(
  text: string,
  table: string,
  members: Map<string, Member>,
  time: number,
): void {
  const linked = new Map<string, Member[]>();
  for (const member of members.values())
    if (member.same !== undefined)
      linked.set(member.same, [
        ...(linked.get(member.same) ?? [members.get(member.same)!]),
        member,
      ]);
  const named = (member: Member): readonly Member[] =>
    linked.get(member.same ?? member.name) ?? [member];
  text.split('\n').forEach((line, index) => {
    const row = parseRow(line, index + 1, table);
    if (row !== null) apply(row, table, members, named, time);
  });
}
