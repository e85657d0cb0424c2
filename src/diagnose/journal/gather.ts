import { JOURNAL_FILE } from '../../execute/journal.js';
import { BOOTS, DATA, META, STAGING } from '../../facts/places.js';
import type { Reader } from '../../system/port.js';
import { bootOf, inOrder, type Boot } from './boot.js';

/** The form of a name in the folder of boots (see execute/boots.ts). */
const NAME = /^(\d{8})-([\w-]{8})\.ndjson$/;
/** More than a boot ever writes: what stands there may have been made by anybody. */
const MOST = 4 << 20;

export interface Boots {
  /** Oldest first. */
  boots: Boot[];
  /** What could not be read, a sentence each. */
  problems: string[];
}

interface Found {
  text: string;
  cut: boolean;
}

/** A file's text; null where there is no such file. No symlink is followed. */
function read(reader: Reader, path: string, problems: string[]): Found | null {
  try {
    if (reader.kind(path) === 'missing') return null;
    if (reader.kind(path) !== 'file') {
      problems.push(`${path} is a ${reader.kind(path)} and no file, so it was not read`);
      return null;
    }
    const { size } = reader.details(path);
    return { text: Buffer.from(reader.readBytes(path, 0, Math.min(size, MOST))).toString('utf8'), cut: size > MOST };
  } catch (error) {
    problems.push((error as Error).message);
    return null;
  }
}

/** The folder of boots on a volume, which may stand on its first place where an external overlay has the second; null where there is none. */
function folderOf(reader: Reader, problems: string[]): { path: string; names: string[] } | null {
  for (const at of [STAGING, DATA])
    try {
      const path = `${at}/${BOOTS}`;
      if (reader.kind(`${at}/${META}`) === 'directory' && reader.kind(path) === 'directory') return { path, names: reader.list(path).filter((name) => NAME.test(name)) };
    } catch (error) {
      problems.push((error as Error).message);
    }
  return null;
}

/** The files of /proc have no size that could be asked for, so this is not for `read`. */
function bootId(reader: Reader): string | null {
  try {
    return reader.readText('/proc/sys/kernel/random/boot_id').trim().slice(0, 8) || null;
  } catch {
    return null;
  }
}

/** A journal that is too long is shown as far as it was read. */
function named(file: string, found: Found, name: { number: number | null; id: string | null; current: boolean }): Boot {
  const boot = bootOf({ ...name, file }, found.text);
  if (found.cut) boot.damage.unshift({ line: 0, what: `it is longer than ${MOST >> 20} MiB, and only its beginning was read` });
  return boot;
}

/** The boots that are still known of: those kept on the data volume, and this one from memory, where its journal is complete. */
export function gatherBoots(reader: Reader): Boots {
  const problems: string[] = [];
  const here = bootId(reader);
  const folder = folderOf(reader, problems);
  const boots: Boot[] = [];
  let number: number | null = null;
  const memory = read(reader, JOURNAL_FILE, problems);
  for (const name of folder?.names ?? []) {
    const [, digits, id] = NAME.exec(name)!;
    if (id === here) number = Number(digits);
    if (id === here && memory !== null) continue;
    const path = `${folder!.path}/${name}`;
    const found = read(reader, path, problems);
    if (found !== null) boots.push(named(path, found, { number: Number(digits), id: id!, current: id === here }));
  }
  if (memory !== null) boots.push(named(JOURNAL_FILE, memory, { number, id: here, current: true }));
  return { boots: inOrder(boots), problems };
}
