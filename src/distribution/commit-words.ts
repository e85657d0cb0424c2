/** What `commit` carries below, as a person reads it. */
import type { CommitEntry } from '../tree/commit-tree.js';
import { oneLine } from '../text/columns.js';
import { listed } from '../text/listed.js';
import { plural, size } from '../text/units.js';

const MARKS: Record<CommitEntry['what'], string> = {
  removed: '-',
  directory: '+',
  made: '+',
  replaced: '~',
};

/** One line for each change: `-` removed, `+` new, `~` replaced. */
export const entryLine = ({ path, what }: CommitEntry): string =>
  `${MARKS[what]} ${oneLine(path)}${what === 'directory' ? '/' : ''}\n`;

export const bytesOfEntries = (entries: readonly CommitEntry[]): number =>
  entries.reduce((sum, { bytes }) => sum + bytes, 0);

export const commitHead = (
  entries: readonly CommitEntry[],
  paths: readonly string[],
  below: string,
): string =>
  `${plural(entries.length, 'change')} (${size(bytesOfEntries(entries))}) of ` +
  `${listed(paths)} to ${below} below the overlay`;
