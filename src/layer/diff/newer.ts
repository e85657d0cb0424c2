/**
 * Whether a file of the upper layer stands before a newer one of the image, by what `done` noted on
 * the data volume.
 */
import * as fs from 'node:fs';
import {
  LONGEST_READ,
  crcOf,
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
import { ROM_BASELINE, ROM_CURSOR, ROM_MANIFEST } from '../../facts/places.js';
import { firstBytes, pathBytes, isGone } from './lower-files.js';
import type { WalkOptions } from './walk.js';

export interface Record {
  baseline: Baseline;
  manifest: RomManifest | null;
}

/** What a record is not: sentences for a person. */
export interface NewerFile {
  record: Record | null;
  complaints: string[];
}

const textOf = (path: string): string | null => {
  try {
    return fs.lstatSync(path).isFile() ? fs.readFileSync(path, 'utf8') : null;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
};

/**
 * The records below the top of a data volume. Never throws: without them only this cannot be told.
 */
export function findRecord(top: string): NewerFile {
  const nothing = 'so which files of it stand before newer ones of the image cannot be told';
  try {
    const [baselineText, manifestText] = [
      textOf(`${top}/${ROM_BASELINE}`),
      textOf(`${top}/${ROM_MANIFEST}`),
    ];
    const baseline = baselineText === null ? null : decodeBaseline(baselineText);
    const manifest = manifestText === null ? null : decodeManifest(manifestText);
    const complaints = [];
    if (baseline === null && manifest === null)
      complaints.push(
        `there is no record of the image in ${top}, ${nothing}; \`mountroot done\` makes one at each boot`,
      );
    if (baseline === 'damaged')
      complaints.push(
        `${top}/${ROM_BASELINE} is damaged, ${nothing}; the next \`mountroot done\` begins it anew`,
      );
    if (manifest === 'damaged')
      complaints.push(
        `${top}/${ROM_MANIFEST} is damaged, and the next \`mountroot done\` makes it anew`,
      );
    const cursor = textOf(`${top}/${ROM_CURSOR}`);
    if (
      cursor !== null &&
      baseline !== null &&
      baseline !== 'damaged' &&
      !decodeCursor(cursor).whole
    )
      complaints.push(
        `not all of the upper layer is in the record so far, for it is more than one boot has time for: of files that are not, it cannot be told whether they stand before newer ones of the image; each \`mountroot done\` goes on with it`,
      );
    const usable = {
      baseline: baseline === null || baseline === 'damaged' ? new Map() : baseline,
      manifest: manifest === 'damaged' ? null : manifest,
    };
    return {
      record: usable.baseline.size > 0 || usable.manifest !== null ? usable : null,
      complaints,
    };
  } catch (error) {
    return {
      record: null,
      complaints: [
        `the record of the image in ${top} cannot be read (${(error as Error).message}), ${nothing}`,
      ],
    };
  }
}

const known = (path: string, { size, mtimeMs }: fs.Stats): Fingerprint => ({
  size,
  mtime: Math.floor(mtimeMs / 1000),
  crc: size <= LONGEST_READ ? crcOf(firstBytes(path, LONGEST_READ)) : null,
});

/** @param identity of the image as it is now; `done` may not have run since it changed. */
export function newerThan(
  { baseline, manifest }: Record,
  identity: string,
  moment: Moment,
): NonNullable<WalkOptions['newer']> {
  const before = manifest !== null && manifest.identity !== identity ? manifest : null;
  return (path, upper, lower, stat) => {
    // Names that are no text are not in the records.
    const name = Buffer.from(path, 'latin1').toString('utf8');
    const { size, mtimeNs } = fs.lstatSync(pathBytes(upper), { bigint: true });
    let now: Fingerprint | undefined;
    const is = (): Fingerprint => (now ??= known(lower, stat));
    try {
      const { rom: was, sure } = notedFor(
        name,
        { size: Number(size), mtime: String(mtimeNs) },
        baseline.get(name),
        { before, moment },
        is,
      );
      return isSame(was, is()) ? undefined : { was, now: is(), sure };
    } catch {
      // What cannot be read is told by the walk itself.
      return undefined;
    }
  };
}
