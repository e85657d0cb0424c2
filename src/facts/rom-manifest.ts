/**
 * mountroot's record of the image on the data volume. It later shows whether a file of the upper
 * layer hides a newer file of the image. The manifest lists the image's files and is made once for
 * each image. The baseline lists each file of the upper layer, and the state of the image's file
 * when the upper one was last written.
 *
 * Both begin with a line of JSON that describes the rest and has its checksum. A line of JSON for
 * each file follows. So damage is detected, and a damaged record counts as missing.
 */
import { crcOf } from '../text/crc.js';
import { JSON_LIMITS } from '../text/input-limits.js';
import { readJson } from '../text/read-json.js';

/**
 * Identifies the content of an image's file. A reproducible build gives all files the same time, so
 * small files have a checksum too.
 */
export interface Fingerprint {
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  /** CRC-32 of the content; null when it was not read. */
  crc: string | null;
}

export interface RomManifest {
  /** Identifies the image; see rom-identity.ts. */
  identity: string;
  /** True when the manifest lists every file of the image. */
  complete: boolean;
  /** Keys are paths without a leading slash. */
  files: Map<string, Fingerprint>;
}

/**
 * The state of an upper layer's file when it was recorded, and of the image's file when the upper
 * one was written.
 */
export interface Noted {
  size: number;
  /** Nanoseconds since 1970, as decimal digits. */
  mtime: string;
  rom: Fingerprint;
  /**
   * false: the file was written in the first boot of an image, so its writer may have seen the file
   * of this image or of the former one.
   */
  sure: boolean;
}
export type Baseline = Map<string, Noted>;

const MANIFEST_SCHEMA = 'mountroot.rom-manifest/1';
const BASELINE_SCHEMA = 'mountroot.rom-baseline/1';

/** Larger files are identified by size and time alone. */
export const LONGEST_READ = 65_536;

/** The most bytes of a record. A longer one is not written, and counts as damaged. */
export const LONGEST_RECORD = 4 << 20;

/** Compares checksums if both files have one, else sizes and times. */
export const isSame = (one: Fingerprint, other: Fingerprint): boolean =>
  one.size === other.size &&
  (one.crc !== null && other.crc !== null ? one.crc === other.crc : one.mtime === other.mtime);

type ManifestHeader = { schema: string; check: string } & Record<string, unknown>;

const withHeader = (header: Record<string, unknown>, lines: readonly unknown[]): string => {
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  return `${JSON.stringify({ ...header, check: crcOf(Buffer.from(body)) })}\n${body}`;
};

const lineOf = (text: string): unknown => readJson(text, JSON_LIMITS.romLine);

/** @throws {Error} if the text is not exactly one that withHeader() returned. */
function opened(text: string, schema: string): { header: ManifestHeader; lines: unknown[] } {
  const end = text.indexOf('\n');
  const header = lineOf(text.slice(0, end)) as ManifestHeader;
  const body = text.slice(end + 1);
  if (header.schema !== schema || header.check !== crcOf(Buffer.from(body)))
    throw new Error('damaged');
  return {
    header,
    lines: body.split('\n').slice(0, -1).map(lineOf),
  };
}

const orDamaged = <T>(read: () => T): T | 'damaged' => {
  try {
    return read();
  } catch {
    return 'damaged';
  }
};

const slash = (path: string): number => path.lastIndexOf('/');
const folderOf = (path: string): string => path.slice(0, Math.max(0, slash(path)));

/**
 * Each directory is named once, before its files. The first line has the time that most files
 * share.
 */
export function encodeManifest({ identity, complete, files }: RomManifest): string {
  const times = new Map<number, number>();
  for (const { mtime } of files.values()) times.set(mtime, (times.get(mtime) ?? 0) + 1);
  const time = [...times].reduce((most, each) => (each[1] > most[1] ? each : most), [0, 0])[0];
  const lines: unknown[] = [];
  let folder: string | null = null;
  for (const [path, { size, mtime, crc }] of files) {
    if (folderOf(path) !== folder) lines.push((folder = folderOf(path)));
    lines.push([path.slice(slash(path) + 1), size, crc ?? 0, ...(mtime === time ? [] : [mtime])]);
  }
  return withHeader({ schema: MANIFEST_SCHEMA, identity, complete, time }, lines);
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value);

function fingerprint(size: unknown, mtime: unknown, crc: unknown): Fingerprint {
  if (
    !isCount(size) ||
    !isCount(mtime) ||
    !(crc === 0 || (typeof crc === 'string' && /^[0-9a-f]{8}$/.test(crc)))
  )
    throw new Error('damaged');
  return { size, mtime, crc: crc === 0 ? null : crc };
}

export function decodeManifest(text: string): RomManifest | 'damaged' {
  return orDamaged(() => {
    const { header, lines } = opened(text, MANIFEST_SCHEMA);
    const { identity, complete, time } = header;
    if (typeof identity !== 'string' || typeof complete !== 'boolean') throw new Error('damaged');
    const files = new Map<string, Fingerprint>();
    let folder = '';
    for (const line of lines) {
      if (typeof line === 'string') folder = line === '' ? '' : `${line}/`;
      else {
        const [name, size, crc, mtime = time] = line as unknown[];
        files.set(`${folder}${String(name)}`, fingerprint(size, mtime, crc));
      }
    }
    return { identity, complete, files };
  });
}

/**
 * The content of the first line alone. In most boots it is enough to see that there is nothing to
 * do.
 */
export function headOf(text: string): Pick<RomManifest, 'identity' | 'complete'> | null {
  const head = orDamaged(
    () => lineOf(text.slice(0, text.indexOf('\n'))) as ManifestHeader & RomManifest,
  );
  return head !== 'damaged' && head.schema === MANIFEST_SCHEMA && typeof head.identity === 'string'
    ? { identity: head.identity, complete: head.complete === true }
    : null;
}

export const encodeBaseline = (baseline: Baseline): string =>
  withHeader(
    { schema: BASELINE_SCHEMA },
    [...baseline]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, { size, mtime, rom, sure }]) => [
        path,
        size,
        mtime,
        rom.size,
        rom.mtime,
        rom.crc ?? 0,
        ...(sure ? [] : [0]),
      ]),
  );

export function decodeBaseline(text: string): Baseline | 'damaged' {
  return orDamaged(() => {
    const { lines } = opened(text, BASELINE_SCHEMA);
    return new Map(
      lines.map((line) => {
        const [path, size, mtime, romSize, romTime, crc, unsure] = line as unknown[];
        if (typeof path !== 'string' || !isCount(size) || typeof mtime !== 'string')
          throw new Error('damaged');
        return [
          path,
          { size, mtime, rom: fingerprint(romSize, romTime, crc), sure: unsure === undefined },
        ];
      }),
    );
  });
}

/**
 * The path in the upper layer from which the next `done` continues, if the last one ran out of
 * time.
 */
export interface Cursor {
  /** A path; '' is the beginning. */
  from: string;
  /**
   * True when every file has been visited since the record was begun, or since the image changed.
   */
  whole: boolean;
}

const CURSOR_SCHEMA = 'mountroot.rom-cursor/1';
export const encodeCursor = ({ from, whole }: Cursor): string =>
  `${JSON.stringify({ schema: CURSOR_SCHEMA, from, whole })}\n`;

/** Reads a cursor. A damaged one becomes the beginning. */
export function decodeCursor(text: string): Cursor {
  const cursor = orDamaged(() => lineOf(text) as Partial<Cursor> & { schema?: unknown });
  return cursor !== 'damaged' &&
    cursor?.schema === CURSOR_SCHEMA &&
    typeof cursor.from === 'string' &&
    typeof cursor.whole === 'boolean'
    ? { from: cursor.from, whole: cursor.whole }
    : { from: '', whole: false };
}

/**
 * The time of this boot on the board's clock, which may have been set during the boot. `start`
 * (null: unknown) and `now` are seconds since 1970, `uptime` is seconds since the kernel started.
 */
export interface Moment {
  start: number | null;
  now: number;
  uptime: number;
}

/** File times come from a coarse clock, and some file systems keep whole seconds only. */
const LAG = 2;

/** Whether a file may have been written in this boot, before or after the clock was set. */
export function inThisBoot(mtime: string, { start, now, uptime }: Moment): boolean {
  const at = Number(BigInt(mtime) / 1_000_000_000n);
  const within = (from: number): boolean => at >= from - LAG && at <= from + uptime + LAG;
  return within(now - uptime) || (start !== null && within(start));
}

export interface Circumstances {
  /**
   * The manifest of the image before this one. null: the image is the same, or the files of the
   * former one are unknown.
   */
  before: RomManifest | null;
  moment: Moment;
}

/**
 * Returns the state of the image's file when a file of the upper layer was last written. A file
 * that has not changed since it was recorded keeps its record. A file that has changed was written
 * while this image was mounted. If the image is new, it was most probably written while the former
 * one was.
 * @param now returns the current state of the image's file; called only when needed.
 */
export function notedFor(
  { path, size, mtime }: { path: string } & Pick<Noted, 'size' | 'mtime'>,
  noted: Noted | undefined,
  { before, moment }: Circumstances,
  now: () => Fingerprint,
): Noted {
  if (noted !== undefined && noted.size === size && noted.mtime === mtime) return noted;
  const was = before?.files.get(path);
  return was === undefined
    ? { size, mtime, rom: now(), sure: true }
    : { size, mtime, rom: was, sure: !inThisBoot(mtime, moment) };
}
