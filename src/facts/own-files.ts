/** The files that verbs of this boot leave for each other. */
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { whyNotRoots } from '../system/trust.js';
import { MOUNTS } from './kernel-sources.js';
import { visibleIn } from './mountinfo.js';
import { JOURNAL, RUN_RECORDS, SCRIPT_LOG, TMP_RECORDS } from './places.js';

type Looks = Pick<Reader, 'details' | 'kind' | 'readText'>;

const isThere = (reader: Looks, path: string): boolean =>
  orElse(false, () => reader.kind(path) !== 'missing');

const MEMORY: readonly string[] = ['tmpfs', 'ramfs'];

function isRunInMemory(reader: Looks): boolean {
  const text = orElse('', () => reader.readText(MOUNTS));
  return MEMORY.includes(visibleIn(text, '/run')?.fstype ?? '');
}

/** Whether a start, or the script before it, has left its files in /tmp. */
const isInTmp = (reader: Looks): boolean =>
  [`${TMP_RECORDS}/${JOURNAL}`, SCRIPT_LOG].some((path) => isThere(reader, path)) &&
  orElse('not known', () => whyNotRoots(reader, TMP_RECORDS)) === null;

/**
 * The folder of the files of this boot. It is in /run where that is a file system in memory: only
 * root writes there, no program has a /run of its own, and nothing is removed there by its age. It
 * is in /tmp elsewhere: OpenWrt has no other place in memory. An init may mount /run later, so a
 * folder in /tmp that a start has made stays the one of this boot.
 */
export function recordFolder(reader: Looks): string {
  if (isThere(reader, RUN_RECORDS)) return RUN_RECORDS;
  return isInTmp(reader) || !isRunInMemory(reader) ? TMP_RECORDS : RUN_RECORDS;
}

/** The path of a file in that folder. */
export const recordFile = (reader: Looks, name: string): string =>
  `${recordFolder(reader)}/${name}`;

/**
 * The reason why our folder is not believed, as a clause; null if only root can have made it and
 * what is in it, or if there is none.
 */
export const folderTrouble = (reader: Looks, folder = recordFolder(reader)): string | null =>
  whyNotRoots(reader, folder);

/** The text of one of our files. @throws {Error} if it cannot be read, or is not believed. */
export function ownText(reader: Looks, name: string): string {
  const folder = recordFolder(reader);
  const trouble = folderTrouble(reader, folder);
  if (trouble !== null) throw new Error(`${trouble}, so ${folder}/${name} is not believed`);
  return reader.readText(`${folder}/${name}`);
}
