/** The lines of a device table, in the form of makedevs in Buildroot (package/makedevs). */
import { posix } from 'node:path';
import type { Member } from './member.js';
import { keyed } from '../text/keyed.js';

/** A line that cannot be used. */
export class TableError extends Error {
  override name = 'TableError';
}

export const TABLE_KINDS: Record<string, Member['kind']> = keyed({
  f: 'file',
  d: 'directory',
  c: 'character',
  b: 'block',
  p: 'fifo',
  s: 'socket',
});
/** The most device nodes in one line; more are a typing mistake. */
const MOST = 10_000;
const MINOR_MOST = 0xf_ffff;

/** One line for a file. */
export interface TableRow {
  line: number;
  name: string;
  /** `r`: a file and everything below it. `F`: a file that may be missing. */
  type: string;
  /** null keeps the mode (-1), and so do the next two. */
  mode: number | null;
  uid: number | null;
  gid: number | null;
  major: number;
  minor: number;
  start: number;
  increment: number;
  count: number;
}

/** A line for attributes of the file that the line before it names. */
export interface AttributeRow {
  line: number;
  attribute: string;
}

/** What a table's words mean in the tree. */
export interface TableNames {
  /** For errors. */
  table: string;
  /** The number of a name in /etc/passwd or /etc/group of the tree; null if it has none. */
  numberOf: (file: 'passwd' | 'group', name: string) => number | null;
}

const FORM =
  'a line is `name type mode uid gid major minor start inc count`, with - for what does not ' +
  'matter and -1 for what stays';

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
    when: ({ type }) => !Object.hasOwn(TABLE_KINDS, type) && type !== 'F' && type !== 'r',
    because: ({ type }) => `${JSON.stringify(type)} is no type; there are f F d r c b p s`,
  },
];

const NEEDS_NUMBERS = 'a device node needs a major and a minor number';

/** Reads the words of one line. */
class LineReader {
  constructor(
    private readonly line: number,
    private readonly names: TableNames,
  ) {}

  fail(why: string): never {
    throw new TableError(`${this.names.table}, line ${this.line}: ${why}; ${FORM}`);
  }

  number(word: string | undefined, what: string, most: number, base = 10): number {
    if (word === undefined || word === '-') return 0;
    const value = valueOf(word, base);
    return value <= most ? value : this.fail(`${noNumber(word, what, most, base)}`);
  }

  mode = (word: string): number | null =>
    word === KEEP ? null : this.number(word, 'the mode', 0o7777, 8);

  /** A number, or a name that the tree's own files give one. */
  owner(word: string, what: 'owner' | 'group'): number | null {
    if (word === KEEP) return null;
    const value = valueOf(word, 10);
    if (value <= LARGEST_ID) return value;
    const file = what === 'owner' ? 'passwd' : 'group';
    const known = /^[+-]?\d/.test(word) || word === '-' ? null : this.names.numberOf(file, word);
    return (
      known ??
      this.fail(
        `${noNumber(word, `the ${what}`, LARGEST_ID, 10)}, and no name in /etc/${file} of the tree`,
      )
    );
  }
}

const KEEP = '-1';
/** (uid_t)-1 means no user to chown(2). */
const LARGEST_ID = 0xffff_fffe;

const valueOf = (word: string, base: number): number =>
  (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(word) ? parseInt(word, base) : NaN;

const noNumber = (word: string, what: string, most: number, base: number): string =>
  `${what} ${JSON.stringify(word)} is no number up to ${most.toString(base)}`;

/**
 * A line of a table; null for a blank line and for a remark. A remark begins with `#` before or
 * after the words; a name may have one inside.
 */
export function parseTableLine(
  text: string,
  line: number,
  names: TableNames,
): TableRow | AttributeRow | null {
  const bare = text.replace(/(?:^|\s)#.*$/, '').trim();
  if (bare === '') return null;
  const reader = new LineReader(line, names);
  const [first = '', ...others] = bare.split(/\s+/);
  if (first === '|xattr')
    return others.length === 1
      ? { line, attribute: others[0]! }
      : reader.fail('|xattr has one word behind it, such as cap_net_raw+ep');
  return fileRow(first, others, line, reader);
}

function fileRow(path: string, others: string[], line: number, reader: LineReader): TableRow {
  const [type = '', mode = '', uid = '', gid = '', ...rest] = others;
  const words = { path, type, mode, gid, rest };
  const rule = REFUSED.find(({ when }) => when(words));
  if (rule !== undefined) reader.fail(rule.because(words));
  const [major, minor, start, increment, count] = rest;
  const lacks = [major, minor].some((word) => word === undefined || word === '-');
  if ((type === 'c' || type === 'b') && lacks) reader.fail(NEEDS_NUMBERS);
  const row = {
    line,
    name: posix.normalize(path).replace(/^\/+|\/+$/g, '') || '.',
    type,
    mode: reader.mode(mode),
    uid: reader.owner(uid, 'owner'),
    gid: reader.owner(gid, 'group'),
    major: reader.number(major, 'the major number', 0xfff),
    minor: reader.number(minor, 'the minor number', MINOR_MOST),
    start: reader.number(start, 'start', MINOR_MOST),
    increment: reader.number(increment, 'inc', MINOR_MOST),
    count: reader.number(count, 'count', MOST),
  };
  if (row.minor + Math.max(0, row.count - 1) * row.increment > MINOR_MOST)
    reader.fail(`its last minor number is more than ${MINOR_MOST}`);
  return row;
}
