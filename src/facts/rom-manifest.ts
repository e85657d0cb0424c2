/**
 * What mountroot notes of the image on the data volume, so that later it can be told that a file of
 * the upper layer stands before a newer one of the image: a manifest of the image's files, made
 * once for each image, and a baseline, which has for each file of the upper layer what the image's
 * was when that was last written.
 *
 * Both are a line of JSON that says what follows, with its checksum, and a line of JSON for each
 * file: a damaged one is known for what it is, and is as good as none.
 */

/**
 * What a file of the image is known by. Images that are built to be reproducible have one time for
 * all files, so small ones have a checksum too.
 */
export interface Fingerprint {
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  /** CRC-32 of the content; null where it was not read. */
  crc: string | null;
}

export interface RomManifest {
  /** Which image; see rom-identity.ts. */
  identity: string;
  /** All that is to be in it is. */
  complete: boolean;
  /** By path without a leading slash. */
  files: Map<string, Fingerprint>;
}

/**
 * A file of the upper layer, as it was when it was noted, and what the image's was when it was
 * written.
 */
export interface Noted {
  size: number;
  /** Nanoseconds since 1970, in digits. */
  mtime: string;
  rom: Fingerprint;
  /**
   * false: it was written in the first boot of an image, and may have been written with that one's
   * file in view.
   */
  sure: boolean;
}
export type Baseline = Map<string, Noted>;

const MANIFEST_SCHEMA = 'mountroot.rom-manifest/1';
const BASELINE_SCHEMA = 'mountroot.rom-baseline/1';

/** Bigger files are known by size and time alone. */
export const LONGEST_READ = 65_536;

/** zlib is loaded when it is needed: a start is not to pay for it. */
export const crcOf = (bytes: Uint8Array): string =>
  process.getBuiltinModule('node:zlib').crc32(bytes).toString(16).padStart(8, '0');

/** Checksums decide where both have one; else size and time must do. */
export const isSame = (one: Fingerprint, other: Fingerprint): boolean =>
  one.size === other.size &&
  (one.crc !== null && other.crc !== null ? one.crc === other.crc : one.mtime === other.mtime);

type ManifestHeader = { schema: string; check: string } & Record<string, unknown>;

const withHeader = (header: Record<string, unknown>, lines: readonly unknown[]): string => {
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  return `${JSON.stringify({ ...header, check: crcOf(Buffer.from(body)) })}\n${body}`;
};

/** @throws for whatever is not what was written. */
function opened(text: string, schema: string): { header: ManifestHeader; lines: unknown[] } {
  const end = text.indexOf('\n');
  const header = JSON.parse(text.slice(0, end)) as ManifestHeader;
  const body = text.slice(end + 1);
  if (header.schema !== schema || header.check !== crcOf(Buffer.from(body)))
    throw new Error('damaged');
  return {
    header,
    lines: body
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown),
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

/** A directory is named once, before its files; a time that most have is in the first line. */
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

/** What the first line alone says: enough to see in most boots that there is nothing to do. */
export function headOf(text: string): Pick<RomManifest, 'identity' | 'complete'> | null {
  const head = orDamaged(
    () => JSON.parse(text.slice(0, text.indexOf('\n'))) as ManifestHeader & RomManifest,
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
 * Where in the upper layer the next `done` goes on, when the last one had not the time for all of
 * it.
 */
export interface Cursor {
  /** A path; '' is the beginning. */
  from: string;
  /** All of it was come to since the record was begun, or since the image is another one. */
  whole: boolean;
}

const CURSOR_SCHEMA = 'mountroot.rom-cursor/1';
export const encodeCursor = ({ from, whole }: Cursor): string =>
  `${JSON.stringify({ schema: CURSOR_SCHEMA, from, whole })}\n`;

/** One that is damaged stands at the beginning. */
export function decodeCursor(text: string): Cursor {
  const cursor = orDamaged(() => JSON.parse(text) as Partial<Cursor> & { schema?: unknown });
  return cursor !== 'damaged' &&
    cursor?.schema === CURSOR_SCHEMA &&
    typeof cursor.from === 'string' &&
    typeof cursor.whole === 'boolean'
    ? { from: cursor.from, whole: cursor.whole }
    : { from: '', whole: false };
}

/**
 * When this boot was, in terms of the board's clock, which may have been set in the middle of it:
 * seconds since 1970 at the start (null: not known) and now, and since the kernel started.
 */
export interface Moment {
  start: number | null;
  now: number;
  uptime: number;
}

/** File times come from a coarse clock, and some file systems keep whole seconds. */
const LAG = 2;

/** Whether a file may have been written in this boot, before or after the clock was set. */
export function inThisBoot(mtime: string, { start, now, uptime }: Moment): boolean {
  const at = Number(BigInt(mtime) / 1_000_000_000n);
  const within = (from: number): boolean => at >= from - LAG && at <= from + uptime + LAG;
  return within(now - uptime) || (start !== null && within(start));
}

export interface Circumstances {
  /**
   * The manifest of the image before this one; null: the image is the same, or what it held is not
   * known.
   */
  before: RomManifest | null;
  moment: Moment;
}

/**
 * What the image's file was when a file of the upper layer was last written. A file that has not
 * changed since it was noted keeps its note. One that has changed was written while this image was
 * in view; if the image is new, it was most probably written while the former one was.
 * @param now what the image's file is. It is called only if it is needed.
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
