import type { Stats } from 'node:fs';
import type { Attributes } from './attributes.js';
import type { DiffEntry } from './diff-entry.js';

type Differs = NonNullable<DiffEntry['differs']>;

export interface Side {
  path: string;
  stat: Stats;
}

const octal = ({ mode }: Stats): string => (mode & 0o7777).toString(8).padStart(4, '0');
const owner = ({ uid, gid }: Stats): string => `${uid}:${gid}`;

/** Two times in whole seconds, as images have them, or with fractions if only those differ. */
function times(theirs: Stats, ours: Stats): { rom: string; upper: string } {
  const text = ({ mtimeMs }: Stats): string =>
    Math.abs(mtimeMs) < 8.64e15 ? new Date(mtimeMs).toISOString() : String(mtimeMs);
  const whole = (each: string): string => each.replace(/\.\d+Z$/, 'Z');
  const [rom, upper] = [text(theirs), text(ours)];
  return whole(rom) === whole(upper) ? { rom, upper } : { rom: whole(rom), upper: whole(upper) };
}

/** All attributes except overlay's own, which are not metadata of the file. */
const others = (names: readonly string[]): string[] =>
  names.filter((name) => !name.startsWith('trusted.overlay.')).sort();

function attributesDiffer(
  attributes: Attributes,
  upper: string,
  names: readonly string[],
  lower: string,
): Differs {
  const [ours, theirs] = [others(names), others(attributes.names(lower))];
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
  if (!ours.isSymbolicLink() && octal(ours) !== octal(theirs))
    differs.push({ what: 'mode', rom: octal(theirs), upper: octal(ours) });
  if (owner(ours) !== owner(theirs))
    differs.push({ what: 'owner', rom: owner(theirs), upper: owner(ours) });
  if (!ours.isDirectory() && ours.mtimeMs !== theirs.mtimeMs)
    differs.push({ what: 'time', ...times(theirs, ours) });
  return attributes === null
    ? differs
    : [
        ...differs,
        ...attributesDiffer(
          attributes,
          upper.path,
          names ?? attributes.names(upper.path),
          lower.path,
        ),
      ];
}
