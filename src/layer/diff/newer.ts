/**
 * Finds files of the upper layer that hide a newer file of the image, with the record that `done`
 * keeps on the data volume.
 */
import * as fs from 'node:fs';
import {
  LONGEST_READ,
  LONGEST_RECORD,
  decodeBaseline,
  decodeCursor,
  decodeManifest,
  isSame,
  notedFor,
  type Baseline,
  type Fingerprint,
  type RomManifest,
  type Moment,
} from '../../facts/rom-manifest.js';
import { crcOf } from '../../text/crc.js';
import { ROM_BASELINE, ROM_CURSOR, ROM_MANIFEST } from '../../facts/places.js';
import { SECOND } from '../../system/file-time.js';
import { firstBytes, isGone } from './lower-files.js';
import type { Side } from './metadata.js';
import type { NewerThan } from './walk.js';

export interface Record {
  baseline: Baseline;
  manifest: RomManifest | null;
}

export interface NewerFile {
  record: Record | null;
  /** The faults of the record, one sentence each. */
  complaints: string[];
}

/** A longer record than `done` ever writes is damaged where it is cut. */
const textOf = (path: string): string | null => {
  try {
    const stat = fs.lstatSync(path);
    if (!stat.isFile()) return null;
    return firstBytes(path, Math.min(stat.size, LONGEST_RECORD)).toString('utf8');
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
};

const UNKNOWN = 'so which files of it stand before newer ones of the image cannot be told';

/** The content of the record's files; null for a missing one. */
interface RecordState {
  top: string;
  baseline: Baseline | 'damaged' | null;
  manifest: RomManifest | 'damaged' | null;
  /** False if `done` has not reached the end of the upper layer yet. */
  whole: boolean;
}

/** The possible faults of a record. Each rule that matches gives a complaint. */
const COMPLAINTS: readonly {
  when: (state: RecordState) => boolean;
  says: (top: string) => string;
}[] = [
  {
    when: ({ baseline, manifest }) => baseline === null && manifest === null,
    says: (top) =>
      `there is no record of the image in ${top}, ${UNKNOWN}; \`mountroot done\` makes one at ` +
      'each boot',
  },
  {
    when: ({ baseline }) => baseline === 'damaged',
    says: (top) =>
      `${top}/${ROM_BASELINE} is damaged, ${UNKNOWN}; the next \`mountroot done\` begins it anew`,
  },
  {
    when: ({ manifest }) => manifest === 'damaged',
    says: (top) =>
      `${top}/${ROM_MANIFEST} is damaged, and the next \`mountroot done\` makes it anew`,
  },
  {
    when: ({ baseline, whole }) => !whole && baseline !== null && baseline !== 'damaged',
    says: () =>
      'not all of the upper layer is in the record so far, for it is more than one boot has time ' +
      'for: of files that are not, it cannot be told whether they stand before newer ones of the ' +
      'image; each `mountroot done` goes on with it',
  },
];

function readRecord(top: string): RecordState {
  const [baseline, manifest, cursor] = [ROM_BASELINE, ROM_MANIFEST, ROM_CURSOR].map((name) =>
    textOf(`${top}/${name}`),
  ) as [string | null, string | null, string | null];
  return {
    top,
    baseline: baseline === null ? null : decodeBaseline(baseline),
    manifest: manifest === null ? null : decodeManifest(manifest),
    whole: cursor === null || decodeCursor(cursor).whole,
  };
}

/**
 * The record below the top of a data volume. Never throws: without a record, the only loss is that
 * newer files of the image are not found.
 */
export function findRecord(top: string): NewerFile {
  try {
    const state = readRecord(top);
    const baseline = state.baseline === 'damaged' ? null : state.baseline;
    const manifest = state.manifest === 'damaged' ? null : state.manifest;
    const empty = manifest === null && (baseline === null || baseline.size === 0);
    return {
      record: empty ? null : { baseline: baseline ?? (new Map() as Baseline), manifest },
      complaints: COMPLAINTS.filter(({ when }) => when(state)).map(({ says }) => says(top)),
    };
  } catch (error) {
    const why = (error as Error).message;
    return {
      record: null,
      complaints: [`the record of the image in ${top} cannot be read (${why}), ${UNKNOWN}`],
    };
  }
}

const known = ({ path, stat: { size, seconds } }: Side): Fingerprint => ({
  size,
  mtime: seconds,
  crc: size <= LONGEST_READ ? crcOf(firstBytes(path, LONGEST_READ)) : null,
});

/** Nanoseconds since 1970. */
const nanoseconds = ({ stat }: Side): string =>
  String(BigInt(stat.seconds) * SECOND + BigInt(stat.nanoseconds));

/** @param identity of the image now; `done` may not have run since the image changed. */
export function newerThan(
  { baseline, manifest }: Record,
  identity: string,
  moment: Moment,
): NewerThan {
  const before = manifest !== null && manifest.identity !== identity ? manifest : null;
  return (path, upper, lower) => {
    // The record holds only names that are UTF-8.
    const name = Buffer.from(path, 'latin1').toString('utf8');
    let now: Fingerprint | undefined;
    const is = (): Fingerprint => (now ??= known(lower));
    try {
      const { rom: was, sure } = notedFor(
        { path: name, size: upper.stat.size, mtime: nanoseconds(upper) },
        baseline.get(name),
        { before, moment },
        is,
      );
      return isSame(was, is()) ? undefined : { was, now: is(), sure };
    } catch {
      // The walk itself reports unreadable files.
      return undefined;
    }
  };
}
