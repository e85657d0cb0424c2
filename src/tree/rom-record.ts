/**
 * Notes on the data volume what the image's files are, and what they were when those of the upper
 * layer were written (see facts/rom-manifest.ts).
 */
import { identityOf } from '../facts/rom-identity.js';
import {
  LONGEST_READ,
  crcOf,
  decodeBaseline,
  decodeCursor,
  decodeManifest,
  encodeBaseline,
  encodeCursor,
  encodeManifest,
  headOf,
  notedFor,
  type Baseline,
  type Cursor,
  type Fingerprint,
  type RomManifest,
  type Moment,
} from '../facts/rom-manifest.js';
import { JOURNAL_FOLDER, ROM_BASELINE, ROM_CURSOR, ROM_MANIFEST } from '../facts/places.js';
import type { Details, System } from '../system/port.js';
import { isBefore, quiet, walk } from './rom-walk.js';

/** What one `done` may take. What it leaves of an image, or of an upper layer, is for the next. */
export const BUDGET = {
  manifestMs: 400,
  upperMs: 400,
  upperFiles: 5000,
  manifestFiles: 6000,
  leastFiles: 200,
  leastUpper: 200,
} as const;

/** A record is worth a small part of what is free, and never the last of it. */
const SHARE = 8;

const LONGEST_RECORD = 4 << 20;
const LEAST_RECORD = 16 << 10;

/**
 * Where checksums are made: here is what people change, and small; to read all of an image would
 * take seconds on a board.
 */
const READ_WHOLE = 'etc';

const SECOND = 1_000_000_000n;

const textOf = (system: System, path: string): string | null =>
  quiet(null, () =>
    system.kind(path) === 'file'
      ? Buffer.from(system.readBytes(path, 0, LONGEST_RECORD)).toString('utf8')
      : null,
  );

/** @param read whether the content is looked at too. */
function fingerprintOf(
  system: Pick<System, 'readBytes'>,
  path: string,
  { size, mtime }: Pick<Details, 'size' | 'mtime'>,
  read: boolean,
): Fingerprint {
  return {
    size,
    mtime: Number(mtime / SECOND),
    crc: read && size <= LONGEST_READ ? crcOf(system.readBytes(path, 0, LONGEST_READ)) : null,
  };
}

/** Where an image, its upper layer and the records of both are. Absolute paths. */
export interface RomToRecord {
  /** The data volume, for the records. */
  at: string;
  upper: string;
  rom: string;
  /** What is mounted at `rom`. */
  fstype: string;
  device: string;
}

interface Clocks {
  /** Milliseconds that only ever grow. */
  ms: () => number;
  moment: Moment;
}

/**
 * Goes on where the last one stopped, and from the end to the beginning again, as far as it comes.
 */
function nextBaseline(
  system: System,
  { upper, rom }: RomToRecord,
  old: Baseline,
  cursor: Cursor,
  sameImage: boolean,
  manifest: RomManifest | null,
  { ms, moment }: Clocks,
): { baseline: Baseline; cursor: Cursor } {
  const next: Baseline = new Map();
  const end = ms() + BUDGET.upperMs;
  const within = (path: string): boolean =>
    quiet(false, () => system.kind(`${rom}/${path}`) === 'directory');
  const before = sameImage ? null : manifest;
  const note = (path: string, is: Details): void => {
    if (is.kind !== 'file') return;
    const noted = old.get(path);
    const state = { size: is.size, mtime: String(is.mtime) };
    // So it is in most boots, and the image need not be looked at.
    if (
      sameImage &&
      noted !== undefined &&
      noted.size === state.size &&
      noted.mtime === state.mtime
    )
      return void next.set(path, noted);
    quiet(undefined, () => {
      const file = `${rom}/${path}`;
      if (system.kind(file) !== 'file') return;
      next.set(
        path,
        notedFor(path, state, noted, { before, moment }, () =>
          fingerprintOf(system, file, system.details(file), true),
        ),
      );
    });
  };
  let seen = 0;
  const goOn = (from: string, until: string | null): string | null => {
    for (const { path, is } of walk(system, upper, within, from)) {
      if (until !== null && !isBefore(path, until)) return null;
      // Where flash is so slow that the time is over at once, some is done all the same.
      if (++seen > BUDGET.upperFiles || (seen > BUDGET.leastUpper && ms() > end)) return path;
      note(path, is);
    }
    return null;
  };
  const { from } = cursor;
  let stopped = goOn(from, null);
  const whole = cursor.whole || stopped === null;
  const turned = stopped === null && from !== '';
  if (turned) stopped = goOn('', from);
  // What was not come to is as it was, for all that is known.
  const wasCome = (path: string): boolean => {
    if (stopped === null) return true;
    const behind = from === '' || !isBefore(path, from);
    return turned ? behind || isBefore(path, stopped) : behind && isBefore(path, stopped);
  };
  for (const [path, noted] of old) if (!next.has(path) && !wasCome(path)) next.set(path, noted);
  return { baseline: next, cursor: { from: stopped ?? '', whole } };
}

/**
 * /etc with checksums comes first, then all else by size and time alone; what is in the manifest
 * already is not looked at again.
 */
function fillManifest(
  system: System,
  rom: string,
  manifest: RomManifest,
  ms: () => number,
): RomManifest {
  const end = ms() + BUDGET.manifestMs;
  const { files } = manifest;
  // Where flash is so slow that the time is over before anything new is come to, some is done all
  // the same.
  const least = files.size + BUDGET.leastFiles;
  const over = (): boolean => files.size >= BUDGET.manifestFiles;
  const note = (path: string, is: Details, read: boolean): void => {
    if (is.kind === 'file' && !files.has(path))
      quiet(
        undefined,
        () => void files.set(path, fingerprintOf(system, `${rom}/${path}`, is, read)),
      );
  };
  const whole: [top: string, read: boolean][] = [
    [`${rom}/${READ_WHOLE}`, true],
    [rom, false],
  ];
  for (const [top, read] of whole) {
    if (quiet(true, () => system.kind(top) !== 'directory')) continue;
    for (const { path, is } of walk(system, top, (inner) => read || inner !== READ_WHOLE)) {
      if (over()) return { ...manifest, complete: true };
      if (ms() > end && files.size >= least) return { ...manifest, complete: false };
      note(read ? `${READ_WHOLE}/${path}` : path, is, read);
    }
  }
  return { ...manifest, complete: true };
}

const momentOf = (system: System): Moment => ({
  // A start writes it first of all.
  start: quiet(null, () => Number(system.details(`${JOURNAL_FOLDER}/facts.json`).mtime / SECOND)),
  now: Math.floor(Date.now() / 1000),
  uptime: Number(process.hrtime.bigint() / SECOND),
});

/**
 * Brings both records up to date. In most boots that is a look at the first line of the one and a
 * walk through the upper layer, and nothing is written. The baseline goes first, because it may
 * rest on the manifest of the image before, which is replaced then.
 * @returns whether anything was written, and what is to be said.
 * @throws {SystemError} when it cannot be written.
 */
export function recordRom(
  system: System,
  action: RomToRecord,
  clocks: Clocks = { ms: () => performance.now(), moment: momentOf(system) },
): { changed: boolean; warnings: string[] } {
  const { at, rom, fstype, device } = action;
  const warnings: string[] = [];
  const [manifestFile, baselineFile] = [`${at}/${ROM_MANIFEST}`, `${at}/${ROM_BASELINE}`];
  const identity = identityOf(system, { path: rom, fstype, device });
  const manifestText = textOf(system, manifestFile);
  const head = manifestText === null ? null : headOf(manifestText);
  const sameImage = head?.identity === identity;
  const upToDate = sameImage && head.complete;
  const decoded = manifestText === null || upToDate ? null : decodeManifest(manifestText);
  if (decoded === 'damaged') warnings.push(`${manifestFile} is damaged and is made anew`);
  const manifest = decoded === 'damaged' ? null : decoded;

  const baselineText = textOf(system, baselineFile);
  const baseline = baselineText === null ? new Map() : decodeBaseline(baselineText);
  if (baseline === 'damaged')
    warnings.push(
      `${baselineFile} is damaged and begins anew: which settings were written before an upgrade of the image cannot be told`,
    );
  const cursorFile = `${at}/${ROM_CURSOR}`;
  const cursorText = textOf(system, cursorFile);
  const begun = baselineText !== null && baseline !== 'damaged' && sameImage;
  const stand = !begun
    ? { from: '', whole: false }
    : cursorText === null
      ? { from: '', whole: true }
      : decodeCursor(cursorText);
  const { baseline: noted, cursor } = nextBaseline(
    system,
    action,
    baseline === 'damaged' ? new Map() : baseline,
    stand,
    sameImage,
    manifest,
    clocks,
  );
  const next = encodeBaseline(noted);

  let changed = false;
  const hasRoom = (bytes: number): boolean =>
    bytes <= LONGEST_RECORD && bytes * SHARE <= quiet(0, () => system.space(at).free);
  const replace = (path: string, text: string): void => {
    system.replace(path, text, 0o644);
    changed = true;
  };
  const kept = next === baselineText || hasRoom(next.length);
  if (kept && next !== baselineText) replace(baselineFile, next);
  // Behind the baseline: what a power cut takes between them is done again.
  if (kept && (cursor.from !== '' || !cursor.whole)) {
    if (encodeCursor(cursor) !== cursorText) replace(cursorFile, encodeCursor(cursor));
  } else if (kept && cursorText !== null) {
    system.unlink(cursorFile);
    changed = true;
  }
  if (upToDate) return { changed, warnings };
  // A full volume is not worth the time. What is noted there of another image would be taken for
  // that before this one for ever.
  const filled = hasRoom(LEAST_RECORD)
    ? encodeManifest(
        fillManifest(
          system,
          rom,
          sameImage && manifest !== null
            ? manifest
            : { identity, complete: false, files: new Map() },
          clocks.ms,
        ),
      )
    : null;
  if (filled !== null && hasRoom(filled.length)) replace(manifestFile, filled);
  else if (manifestText !== null && !sameImage) {
    system.unlink(manifestFile);
    changed = true;
  }
  return { changed, warnings };
}
