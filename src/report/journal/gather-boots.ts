import { BOOT_FILE, BOOTS, DATA, JOURNAL, META, STAGING } from '../../facts/places.js';
import { folderTrouble, recordFile } from '../../facts/own-files.js';
import type { Reader } from '../../system/port.js';
import { JOURNAL_LIMITS } from '../../text/input-limits.js';
import { bootOf, bootsInOrder, type Boot, type BootName } from './boot-runs.js';
import { summarise, type Summaries } from './journal-report.js';

/**
 * The size limit of a journal. A boot writes less, but any user may have put a larger file there.
 */
const MOST = JOURNAL_LIMITS.bytes;

export interface Boots {
  /** Oldest first. */
  boots: Boot[];
  /** The number of journals on the data volume, including those that were not read. */
  kept: number;
  /** The unreadable journals, one sentence each. */
  problems: string[];
}

interface FoundJournal {
  text: string;
  cut: boolean;
}

/** The text of a regular file; null if there is none. It follows no symlink. */
function read(reader: Reader, path: string, problems: string[]): FoundJournal | null {
  try {
    if (reader.kind(path) === 'missing') return null;
    if (reader.kind(path) !== 'file') {
      problems.push(`${path} is a ${reader.kind(path)} and no file, so it was not read`);
      return null;
    }
    const { size } = reader.details(path);
    return {
      text: Buffer.from(reader.readBytes(path, 0, Math.min(size, MOST))).toString('utf8'),
      cut: size > MOST,
    };
  } catch (error) {
    problems.push((error as Error).message);
    return null;
  }
}

/** The journal of this boot, which may be in a place where anybody may write. */
function readMemory(reader: Reader, file: string, problems: string[]): FoundJournal | null {
  const trouble = folderTrouble(reader);
  if (trouble === null) return read(reader, file, problems);
  problems.push(`${trouble}, so ${file} is not believed`);
  return null;
}

/**
 * The folder of boots on the data volume; null if there is none. Where an external overlay is
 * mounted on /overlay, the data volume stays at its first place below /tmp.
 */
function folderOf(reader: Reader, problems: string[]): { path: string; names: string[] } | null {
  for (const at of [STAGING, DATA])
    try {
      const path = `${at}/${BOOTS}`;
      if (reader.kind(`${at}/${META}`) === 'directory' && reader.kind(path) === 'directory')
        return { path, names: reader.list(path).filter((name) => BOOT_FILE.test(name)) };
    } catch (error) {
      problems.push((error as Error).message);
    }
  return null;
}

/** `read` cannot do this: files in /proc have no size. */
function bootId(reader: Reader): string | null {
  try {
    return reader.readText('/proc/sys/kernel/random/boot_id').trim().slice(0, 8) || null;
  } catch {
    return null;
  }
}

/**
 * The boots that have a journal, before the journals are read. For this boot the journal in memory
 * counts, because the one on the volume may be incomplete.
 */
interface KnownBoots {
  /** Oldest first. */
  names: BootName[];
  /** Reads one journal; null if it cannot be read. */
  read: (name: BootName) => Boot | null;
}

function knownBoots(reader: Reader, problems: string[]): KnownBoots {
  const here = bootId(reader);
  const folder = folderOf(reader, problems);
  const file = recordFile(reader, JOURNAL);
  const memory = readMemory(reader, file, problems);
  const kept = (folder?.names ?? []).map((name): BootName => {
    const [, digits, id] = BOOT_FILE.exec(name)!;
    return {
      number: Number(digits),
      id: id!,
      current: id === here,
      file: `${folder!.path}/${name}`,
    };
  });
  const number = kept.findLast(({ current }) => current)?.number ?? null;
  const names =
    memory === null
      ? kept
      : [...kept.filter(({ current }) => !current), { number, id: here, current: true, file }];
  return {
    names: bootsInOrder(names),
    read(name) {
      const found = name.file === file ? memory : read(reader, name.file, problems);
      if (found === null) return null;
      const boot = bootOf(name, found.text);
      // The beginning of a journal that is too long is still shown.
      if (found.cut)
        boot.damage.unshift({
          line: 0,
          what: `it is longer than ${MOST >> 20} MiB, and only its beginning was read`,
        });
      return boot;
    },
  };
}

/**
 * The choice of journals to read. A volume may keep a thousand, and a board needs ten milliseconds
 * for each.
 */
export interface BootChoice {
  /** Only this many, the newest ones. */
  newest?: number;
  /** Only the boot of this number; without such a boot, all that `newest` allows. */
  number?: number;
}

/** The boots whose journals are kept: those on the data volume, and this one from memory. */
export function gatherBoots(reader: Reader, { newest = Infinity, number }: BootChoice = {}): Boots {
  const problems: string[] = [];
  const { names, read: readOne } = knownBoots(reader, problems);
  const asked = names.filter((name) => number !== undefined && name.number === number);
  const chosen = asked.length > 0 ? asked : names.slice(-newest);
  return {
    boots: chosen.flatMap((name) => readOne(name) ?? []),
    kept: names.filter((name) => name.number !== null).length,
    problems,
  };
}

/**
 * Summaries of the boots, read one after the other: a thousand whole boots would not fit into a
 * board's memory.
 */
export function gatherSummaries(reader: Reader, newest = Infinity): Summaries {
  const problems: string[] = [];
  const { names, read: readOne } = knownBoots(reader, problems);
  const boots = names.slice(-newest).flatMap((name) => {
    const boot = readOne(name);
    return boot === null ? [] : [summarise(boot)];
  });
  return { boots, problems };
}

/** This boot and those before it; each journal is read only when it is needed. */
export function* newestFirst(reader: Reader): Generator<Boot, void> {
  const { names, read: readOne } = knownBoots(reader, []);
  for (const name of names.toReversed()) {
    const boot = readOne(name);
    if (boot !== null) yield boot;
  }
}
