import type { FileStat } from '../../system/tree-pairs.js';
import type { Attributes } from './attributes.js';
import type { DiffEntry } from './diff-entry.js';
import { whatOf } from './lower-files.js';

type Differs = NonNullable<DiffEntry['differs']>;

export interface Side {
  path: string;
  stat: FileStat;
  /** Whether it may have extended attributes. */
  marked: boolean;
}

const octal = ({ mode }: FileStat): string => (mode & 0o7777).toString(8).padStart(4, '0');
const owner = ({ uid, gid }: FileStat): string => `${uid}:${gid}`;

/** The texts of the last times: many files of an image have the same. */
const texts = new Map<number, string>();
const MOST_TEXTS = 64;

/** Without what says that it is UTC. */
function secondsText(seconds: number): string {
  let text = texts.get(seconds);
  if (text === undefined) {
    text = new Date(seconds * 1000).toISOString().replace(/\.000Z$/, '');
    if (texts.size >= MOST_TEXTS) texts.clear();
    texts.set(seconds, text);
  }
  return text;
}

/** A time, with the fraction of its second or without. */
function timeOf({ seconds, nanoseconds }: FileStat, isExact: boolean): string {
  if (Math.abs(seconds) >= 8.64e12) return `${seconds}`;
  const text = secondsText(seconds);
  return isExact ? `${text}.${String(nanoseconds).padStart(9, '0')}Z` : `${text}Z`;
}

/** Two times in whole seconds, as images have them, or with fractions if only those differ. */
function times(theirs: FileStat, ours: FileStat): Differs[0] {
  const isExact = theirs.seconds === ours.seconds;
  return { what: 'time', rom: timeOf(theirs, isExact), upper: timeOf(ours, isExact) };
}

/** All attributes except overlay's own, which are not metadata of the file. */
const others = (names: readonly string[]): string[] =>
  names.filter((name) => !name.startsWith('trusted.overlay.')).sort();

function attributesDiffer(
  attributes: Attributes,
  { path: upper }: Side,
  names: readonly string[],
  { path: lower, marked }: Side,
): Differs {
  const [ours, theirs] = [others(names), others(marked ? attributes.names(lower) : [])];
  const alike =
    ours.length === theirs.length &&
    ours.every(
      (name, index) =>
        name === theirs[index] &&
        (attributes.value(upper, name) ?? Buffer.alloc(0)).equals(
          attributes.value(lower, name) ?? Buffer.alloc(0),
        ),
    );
  return alike ? [] : [{ what: 'attributes', rom: theirs.join(' '), upper: ours.join(' ') }];
}

/**
 * The metadata in which two files of one kind differ. We ignore a directory's time, because it
 * changes with every name in it, and a symlink's mode, which has no meaning.
 * @param names of the upper one's attributes, if they are already known.
 */
export function metadataOf(
  attributes: Attributes | null,
  upper: Side,
  lower: Side,
  names: readonly string[] | null = null,
): Differs {
  const [ours, theirs] = [upper.stat, lower.stat];
  const differs: Differs = [];
  const what = whatOf(ours);
  if (what !== 'symlink' && ((ours.mode ^ theirs.mode) & 0o7777) !== 0)
    differs.push({ what: 'mode', rom: octal(theirs), upper: octal(ours) });
  if (ours.uid !== theirs.uid || ours.gid !== theirs.gid)
    differs.push({ what: 'owner', rom: owner(theirs), upper: owner(ours) });
  const isOtherTime = ours.seconds !== theirs.seconds || ours.nanoseconds !== theirs.nanoseconds;
  if (what !== 'directory' && isOtherTime) differs.push(times(theirs, ours));
  if (attributes === null) return differs;
  const named = names ?? (upper.marked ? attributes.names(upper.path) : []);
  return [...differs, ...attributesDiffer(attributes, upper, named, lower)];
}
