/** The files that verbs of this boot leave for each other below /tmp, where anybody may write. */
import type { Reader } from '../system/port.js';
import { whyNotRoots } from '../system/trust.js';
import { JOURNAL_FOLDER } from './places.js';

/**
 * The reason why our folder is not believed, as a clause; null if only root can have made it and
 * what is in it, or if there is none.
 */
export const folderTrouble = (reader: Pick<Reader, 'details'>): string | null =>
  whyNotRoots(reader, JOURNAL_FOLDER);

/** The text of one of our files. @throws {Error} if it cannot be read, or is not believed. */
export function ownText(reader: Reader, path: string): string {
  const trouble = folderTrouble(reader);
  if (trouble !== null) throw new Error(`${trouble}, so ${path} is not believed`);
  return reader.readText(path);
}
