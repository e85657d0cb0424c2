import { closeSync, readSync } from 'node:fs';
import { plural } from '../text/units.js';
import type { Member } from './member.js';
import {
  TABLE_KINDS,
  TableError,
  parseTableLine,
  type AttributeRow,
  type TableRow,
} from './table-row.js';

const parentOf = (name: string): string =>
  name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '';

/** makedevs works with the umask 0, and as the root of fakeroot. */
const PARENT_MODE = 0o777;
const LINKS_AT_MOST = 40;

/** Bytes of /etc/passwd or /etc/group that are read. */
const NAMES_AT_MOST = 1 << 20;
const NUMBER_AT = 2;

type Properties = Pick<Member, 'mode' | 'uid' | 'gid'>;

/** The properties that a row sets, without those that it keeps. */
function given({ mode, uid, gid }: TableRow): Partial<Properties> {
  return {
    ...(mode !== null && { mode }),
    ...(uid !== null && { uid }),
    ...(gid !== null && { gid }),
  };
}

/** Applies a table to the members of a ramdisk. */
class Applied {
  readonly warnings: string[] = [];
  /** All names of each hard-linked file, by the first one. */
  private readonly linked = new Map<string, Member[]>();
  private readonly numbers = new Map<string, Map<string, number>>();
  private attributes = 0;
  private named = false;

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

  line(text: string, line: number): void {
    const row = parseTableLine(text, line, {
      table: this.table,
      numberOf: (file, name) => this.numbersIn(file).get(name) ?? null,
    });
    if (row === null) return;
    if ('attribute' in row) this.attribute(row);
    else {
      this.named = true;
      this.row(row);
    }
  }

  end(): string[] {
    if (this.attributes > 0)
      this.warnings.push(
        `${this.table} has ${plural(this.attributes, 'line')} of attributes (|xattr), which a ` +
          'ramdisk cannot hold: programs run without these capabilities, unless /init sets them',
      );
    return this.warnings;
  }

  private attribute(row: AttributeRow): void {
    if (!this.named) this.fail(row, '|xattr stands before any file that it could be for');
    this.attributes++;
  }

  private row(row: TableRow): void {
    if (row.type === 'r') return this.below(row);
    const kind = TABLE_KINDS[row.type === 'F' ? 'f' : row.type]!;
    const follows = kind === 'file' || kind === 'directory';
    for (const { path, minor } of numbered(row, kind)) {
      const device = kind === 'character' || kind === 'block' ? { major: row.major, minor } : {};
      const place = this.place(path, follows);
      const there = this.members.get(place);
      if (there === undefined) this.add(row, place, kind, device);
      else if (there.kind === kind) this.change(there, { ...given(row), ...device });
      // makedevs takes any other file for a missing one.
      else if (row.type !== 'F')
        this.fail(row, `/${path} is a ${there.kind} in the tree, and no ${kind}`);
    }
  }

  /**
   * Where a name leads in the tree, as for the tree's own root: with a merged /usr, /bin/su is
   * usr/bin/su.
   */
  private place(path: string, follows: boolean): string {
    const left = path.split('/').reverse();
    let at = '';
    for (let links = 0; left.length > 0;) {
      const part = left.pop()!;
      if (part === '' || part === '.') continue;
      if (part === '..') at = parentOf(at);
      else {
        const next = at === '' ? part : `${at}/${part}`;
        const { kind, target = '' } = this.members.get(next) ?? {};
        if (kind !== 'symlink' || (left.length === 0 && !follows)) at = next;
        else {
          if (++links > LINKS_AT_MOST) return path;
          if (target.startsWith('/')) at = '';
          left.push(...target.split('/').reverse());
        }
      }
    }
    // A symlink to what is missing is itself what is there.
    return at === '' || !this.members.has(at) ? this.unlessLink(path, at) : at;
  }

  private unlessLink(path: string, at: string): string {
    return this.members.get(path)?.kind === 'symlink' ? path : at || '.';
  }

  /**
   * Applies a row to everything below a directory. The mode applies to files and directories. Other
   * than in makedevs, a directory gets execute permission wherever it has read permission, because
   * nobody could use it without.
   */
  private below(row: TableRow): void {
    const name = this.place(row.name, false);
    if (!this.members.has(name) && name !== '.')
      this.fail(row, `/${row.name} is no directory of the tree`);
    const { mode, ...owner } = given(row);
    for (const member of this.members.values())
      if (name === '.' || member.name === name || member.name.startsWith(`${name}/`))
        this.change(member, {
          ...owner,
          ...(mode !== undefined &&
            member.kind !== 'symlink' && {
              mode: member.kind === 'directory' ? mode | ((mode & 0o444) >> 2) : mode,
            }),
        });
  }

  /** A member that is not in the tree. */
  private add(row: TableRow, name: string, kind: Member['kind'], device: Partial<Member>): void {
    if (kind === 'file') {
      if (row.type === 'f')
        this.fail(row, `there is no file /${name} in the tree; use F for one that may be missing`);
      return;
    }
    if (kind === 'directory') this.parents(row, name);
    const above = parentOf(name);
    if (above !== '' && this.members.get(above)?.kind !== 'directory')
      this.fail(
        row,
        `/${name} has no directory to be in; add a line \`/${above} d 755 0 0 - - - - -\` ` +
          'before it',
      );
    if (row.mode === null && kind !== 'directory')
      this.fail(row, `/${name} is new, so it has no mode that could stay`);
    this.make(name, kind, { ...given(row), ...device });
  }

  private make(name: string, kind: Member['kind'], what: Partial<Member>): void {
    const owner = { mode: PARENT_MODE, uid: 0, gid: 0 };
    this.members.set(name, { name, kind, mtime: this.time, size: 0, ...owner, ...what });
  }

  /** Makes the directories that lead to one, as makedevs does: for everybody to write in. */
  private parents({ line }: TableRow, name: string): void {
    const missing: string[] = [];
    for (let at = parentOf(name); at !== '' && !this.members.has(at); at = parentOf(at))
      missing.unshift(at);
    for (const path of missing) {
      this.make(path, 'directory', {});
      this.warnings.push(
        `${this.table}, line ${line}: makes /${path} too, with mode 777 as makedevs does; give ` +
          'it a line of its own before this one',
      );
    }
  }

  /** All names of a file change together: the kernel sets owner and mode again for each. */
  private change(member: Member, what: Partial<Member>): void {
    const names = this.linked.get(member.same ?? member.name) ?? [member];
    for (const each of names) Object.assign(each, what);
  }

  /** The names of users or groups of the tree; none without the file. */
  private numbersIn(file: 'passwd' | 'group'): Map<string, number> {
    const known = this.numbers.get(file);
    if (known !== undefined) return known;
    const found = new Map<string, number>();
    for (const line of this.textOf(this.place(`etc/${file}`, true)).split('\n')) {
      const fields = line.split(':');
      const number = fields[NUMBER_AT] ?? '';
      if (/^\d{1,10}$/.test(number) && !found.has(fields[0]!)) found.set(fields[0]!, +number);
    }
    this.numbers.set(file, found);
    return found;
  }

  private textOf(name: string): string {
    const member = this.members.get(name);
    const { file } = this.members.get(member?.same ?? name) ?? {};
    if (file === undefined) return '';
    const fd = file.open();
    try {
      const bytes = Buffer.alloc(NAMES_AT_MOST);
      return bytes.toString('utf8', 0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  }

  private fail({ line }: { line: number }, why: string): never {
    throw new TableError(`${this.table}, line ${line}: ${why}`);
  }
}

/** The paths of a row, which may be for a series of device nodes. A series of one has no number. */
const numbered = (row: TableRow, kind: Member['kind']): { path: string; minor: number }[] =>
  row.count > 1 && kind !== 'file' && kind !== 'directory'
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
 * @returns warnings, one sentence each.
 * @throws {TableError} that names the line.
 */
export function applyTable(
  text: string,
  table: string,
  members: Map<string, Member>,
  time: number,
): string[] {
  const applied = new Applied(table, members, time);
  text.split('\n').forEach((line, index) => applied.line(line, index + 1));
  return applied.end();
}
