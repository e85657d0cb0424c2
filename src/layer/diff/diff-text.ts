import {
  DIFF_SCHEMA,
  KINDS,
  type Biggest,
  type DiffEntry,
  type Kind,
  type KnownFile,
  type DiffProblem,
  type Totals,
  type What,
} from './diff-entry.js';
import { BOOT_REASON_CURE, BOOT_REASON_WORDS } from './boot-reason.js';
import type { LoneFiles } from '../../system/tree-pairs.js';
import { inOctal, printable, utf8 } from '../../text/printable.js';
import { plural } from '../../text/units.js';
import { wrap } from '../../text/columns.js';

/** The compared layers, and notes about them. */
export interface About {
  upper: string;
  lower: string;
  /** The limits of the report and their reasons, one sentence each. */
  notes: string[];
}

/** Most paths are shown as they are. */
const isPlain = (path: string): boolean => /^[\x20-\x5b\x5d-\x7e]+$/.test(path);

/** For a terminal. A path holds one byte per character, and '' is the top of the layer. */
export function shown(path: string): string {
  if (isPlain(path)) return path;
  return path === '' ? '.' : printable(Buffer.from(path, 'latin1'));
}

/** For programs: a name that is not UTF-8 is shown in octal, and `raw` is its bytes in base64. */
export const named = (path: string): { path: string; raw?: string } => {
  if (isPlain(path)) return { path };
  const bytes = Buffer.from(path, 'latin1');
  const read = utf8(bytes);
  return read === null
    ? { path: inOctal(bytes), raw: bytes.toString('base64') }
    : { path: read === '' ? '.' : read };
};

export function amount(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  while (value >= 1023.95 && units.length > 1) {
    value /= 1024;
    units.shift();
  }
  return `${value.toFixed(1)} ${units[0]}`;
}

const day = (mtime: number): string =>
  Math.abs(mtime) < 8.64e12
    ? new Date(mtime * 1000).toISOString().slice(0, 16).replace('T', ' ')
    : String(mtime);
/** Describes two files in the fewest words that distinguish them. */
function told(one: KnownFile, other: KnownFile): [string, string] {
  const words = ({ size, mtime, crc }: KnownFile): string => {
    const what = [
      ...(one.size === other.size ? [] : [`${size} bytes`]),
      ...(one.mtime === other.mtime ? [] : [day(mtime)]),
    ].join(' of ');
    return what !== '' ? what : `checksum ${crc ?? 'unknown'}`;
  };
  return [words(one), words(other)];
}

const WHAT: Record<What, string> = {
  file: 'a file',
  directory: 'a directory',
  symlink: 'a symlink',
  character: 'a character device',
  block: 'a block device',
  fifo: 'a FIFO',
  socket: 'a socket',
  other: 'something else',
};

/** The meaning of an entry's kind, if its name is not clear. */
const KIND_REMARKS: Partial<Record<Kind, (entry: DiffEntry) => string | null>> = {
  replaced: ({ of, rom }) => rom && `${WHAT[of]}; in rom it is ${WHAT[rom.of]}`,
  opaque: () => "a replaced directory: nothing of rom's shows through",
  redirected: ({ from }) => `a renamed directory: it shows rom's ${shown(from ?? '')}/`,
  metacopy: ({ from }) =>
    `metadata only: the content is that of rom's ${from === undefined ? 'file' : shown(from)}`,
  same: () => 'copied up, and no different from rom',
  stale: () => 'a deletion of what rom does not have',
  unread: () => "as long as rom's; whether the content is the same cannot be read",
};

function metadataRemark({ kind, differs = [] }: DiffEntry): string | null {
  // We leave out the time, because every changed file has another one.
  const telling = differs.filter(
    ({ what }) => what !== 'time' || (kind !== 'changed' && kind !== 'unread'),
  );
  const words = telling.map(({ what, rom, upper }) =>
    rom === upper ? what : `${what} ${rom || 'none'} to ${upper || 'none'}`,
  );
  return words.length > 0 ? words.join(', ') : null;
}

function shadowRemark({ shadows }: DiffEntry): string | null {
  if (!shadows) return null;
  const [was, now] = told(shadows.was, shadows.now);
  const [verb, since] = shadows.sure
    ? ['shadows', 'since you changed yours']
    : ['may shadow', 'about when yours was changed'];
  return `${verb} a newer rom file: rom's changed from ${was} to ${now} ${since}`;
}

const remarks = (entry: DiffEntry): string[] =>
  [
    KIND_REMARKS[entry.kind]?.(entry) ?? null,
    metadataRemark(entry),
    shadowRemark(entry),
    entry.reason === undefined ? null : BOOT_REASON_WORDS[entry.reason],
  ].filter((remark) => remark !== null);

const INDENT = 23;

const headOf = (kind: string): string => `${kind.padEnd(10)} `;
const restOf = (amount: string, rest: string): string => `${amount.padStart(10)}  ${rest}`;
const row = (kind: string, amount: string, rest: string): string =>
  headOf(kind) + restOf(amount, rest);

/** Whether an entry is told in one line. Most are. */
const isBare = ({ kind, differs, shadows, reason }: DiffEntry): boolean =>
  KIND_REMARKS[kind] === undefined &&
  differs === undefined &&
  shadows === undefined &&
  reason === undefined;

/** The lines of files that only the upper layer has: renderEntry() of each, but sooner. */
export function renderAdded({ folder, names, numbers }: LoneFiles): string {
  const head = headOf('added');
  const isShown = isPlain(folder + names);
  let [lines, at] = ['', 0];
  for (const name of names.split('/')) {
    const path = isShown ? folder + name : shown(folder + name);
    lines += `${head}${restOf(amount(numbers[at]!), path)}\n`;
    at += 2;
  }
  return lines;
}

/** One line for an entry, and further lines for details. */
export function renderEntry(entry: DiffEntry): string {
  const { kind, path, of, size } = entry;
  const long = of === 'file' && kind !== 'deleted' && kind !== 'stale' ? amount(size) : '-';
  const name = shown(path) + (of === 'directory' && path !== '' ? '/' : '');
  const head = row(kind, long, name);
  if (isBare(entry)) return head;
  return [head, ...remarks(entry).map((each) => wrap(each, INDENT))].join('\n');
}

export const renderProblem = ({ path, error }: DiffProblem): string =>
  wrap(`${'not seen'.padEnd(21)}  ${shown(path)}: ${error}`, 0).replace(
    /\n/g,
    `\n${' '.repeat(INDENT)}`,
  );

export const renderHead = ({ upper, lower, notes }: About): string =>
  [
    wrap(`What ${upper} changes against ${lower}`, 0),
    ...notes.map((note) => wrap(`Note: ${note}.`, 0)),
    '',
    '',
  ].join('\n');

export function renderTotals(totals: Totals, biggest: Biggest | null): string {
  const { all, shadows, problems, kinds, beforeBoot } = totals;
  const out: string[] = [''];
  if (biggest !== null && biggest.entries.length > 0)
    out.push(
      'What takes most:',
      ...biggest.entries.map(
        (entry) => `${amount(entry.takes).padStart(21)}  ${shown(entry.path)}`,
      ),
      '',
    );
  if (all.count === 0) out.push('Nothing is changed.');
  for (const kind of KINDS) {
    const { count, size, takes } = kinds[kind];
    if (count > 0) out.push(row(kind, String(count), `${amount(size)}, taking ${amount(takes)}`));
  }
  if (all.count > 0)
    out.push(row('in all', String(all.count), `${amount(all.size)}, taking ${amount(all.takes)}`));
  if (shadows > 0)
    out.push(
      '',
      wrap(
        `${plural(shadows, 'file of the upper layer stands', 'files of the upper layer stand')} ` +
          'before a newer one of rom: compare, take over what is new, or remove yours.',
        0,
      ),
    );
  if (beforeBoot > 0)
    out.push(
      '',
      wrap(
        `${plural(beforeBoot, 'change comes', 'changes come')} too late for the boot: ` +
          `${BOOT_REASON_CURE}.`,
        0,
      ),
    );
  if (problems > 0) out.push('', wrap(`${plural(problems, 'name')} could not be looked at.`, 0));
  return `${out.join('\n')}\n`;
}

export const entryData = ({
  path,
  from,
  kind,
  of,
  size,
  takes,
  rom,
  differs,
  reason,
  shadows,
}: DiffEntry): object => ({
  kind,
  ...named(path),
  of,
  size,
  takes,
  rom,
  ...(differs && { differs }),
  ...(from !== undefined && { from: named(from) }),
  ...(reason !== undefined && { reason }),
  ...(shadows && { shadows }),
});

export const diffProblemData = ({ path, error }: DiffProblem): object => ({
  ...named(path),
  error,
});
export const aboutData = (about: About): object => ({ schema: DIFF_SCHEMA, ...about });
export const totalsData = (
  { kinds, all, looked, shadows, problems, different }: Totals,
  biggest: Biggest | null,
): object => ({
  different,
  kinds,
  all,
  looked,
  shadows,
  problems,
  ...(biggest && {
    biggest: biggest.entries.map(({ path, takes, size }) => ({ ...named(path), takes, size })),
  }),
});
