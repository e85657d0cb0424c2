import { JOURNAL_FILE, BOOTS, DATA, META, STAGING } from '../../facts/places.js';
import type { Reader } from '../../system/port.js';
import { bootOf, bootsInOrder, type Boot, type BootName } from './boot-runs.js';
import { summarise, type Summaries } from './journal-report.js';

/** The form of a name in the folder of boots (see execute/boots.ts). */
const NAME = /^(\d{8})-([\w-]{8})\.ndjson$/;
/** More than a boot ever writes: what stands there may have been made by anybody. */
const MOST = 4 << 20;

export interface Boots {
  /** Oldest first. */
  boots: Boot[];
  /** How many the data volume has, also of those that were not read. */
  kept: number;
  /** What could not be read, a sentence each. */
  problems: string[];
}

interface FoundJournal {
  text: string;
  cut: boolean;
}

/** A file's text; null where there is no such file. No symlink is followed. */
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

/**
 * The folder of boots on a volume, which may stand on its first place where an external overlay has
 * the second; null where there is none.
 */
function folderOf(reader: Reader, problems: string[]): { path: string; names: string[] } | null {
  for (const at of [STAGING, DATA])
    try {
      const path = `${at}/${BOOTS}`;
      if (reader.kind(`${at}/${META}`) === 'directory' && reader.kind(path) === 'directory')
        return { path, names: reader.list(path).filter((name) => NAME.test(name)) };
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

/**
 * The boots that are known of, before their journals are read: the numbers on the volume, and of
 * this boot the journal in memory, where it is complete.
 */
interface KnownBoot {
  /** Oldest first. */
  names: BootName[];
  /** Of a name; null for what cannot be read. */
  read(name: BootName): Boot | null;
}

function known(reader: Reader, problems: string[]): KnownBoot {
  const here = bootId(reader);
  const folder = folderOf(reader, problems);
  const memory = read(reader, JOURNAL_FILE, problems);
  const kept = (folder?.names ?? []).map((name): BootName => {
    const [, digits, id] = NAME.exec(name)!;
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
      : [
          ...kept.filter(({ current }) => !current),
          { number, id: here, current: true, file: JOURNAL_FILE },
        ];
  return {
    names: bootsInOrder(names),
    read(name) {
      const found = name.file === JOURNAL_FILE ? memory : read(reader, name.file, problems);
      if (found === null) return null;
      const boot = bootOf(name, found.text);
      // A journal that is too long is shown as far as it was read.
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
 * Which journals to read: a volume may keep those of a thousand boots, and a board's processor
 * takes ten milliseconds for each.
 */
export interface Which {
  /** The last so many. */
  newest?: number;
  /** The one of this number, if there is one; else all. */
  number?: number;
}

/** The boots that are still known of: those kept on the data volume, and this one from memory. */
export function gatherBoots(reader: Reader, { newest = Infinity, number }: Which = {}): Boots {
  const problems: string[] = [];
  const { names, read: readOne } = known(reader, problems);
  const asked = names.filter((name) => number !== undefined && name.number === number);
  const chosen = asked.length > 0 ? asked : names.slice(-newest);
  return {
    boots: chosen.flatMap((name) => readOne(name) ?? []),
    kept: names.filter((name) => name.number !== null).length,
    problems,
  };
}

/**
 * The same in short, one boot after the other: of a thousand whole boots a board would have no
 * memory left.
 */
export function gatherSummaries(reader: Reader, newest = Infinity): Summaries {
  const problems: string[] = [];
  const { names, read: readOne } = known(reader, problems);
  const boots = names.slice(-newest).flatMap((name) => {
    const boot = readOne(name);
    return boot === null ? [] : [summarise(boot)];
  });
  return { boots, problems };
}

/** This boot and those before it, each read only when it is asked for. */
export function* newestFirst(reader: Reader): Generator<Boot, void> {
  const { names, read: readOne } = known(reader, []);
  for (const name of names.toReversed()) {
    const boot = readOne(name);
    if (boot !== null) yield boot;
  }
}
