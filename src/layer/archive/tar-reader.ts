/**
 * Reads a tar strictly, because it may come from anywhere and root reads it: ustar with pax headers
 * (POSIX.1-2008), and GNU's long names. tar-stream is too lenient for that: it accepts archives
 * without an end and damaged pax records, and it damages attributes that are no text.
 */
import { ArchiveError, refuseArchive } from './archive-error.js';
import { ARCHIVE_LIMITS as LIMITS } from '../../text/input-limits.js';
import { attributeOf, decodeRecords, parseTime, type Records } from './pax.js';
import { keyed } from '../../text/keyed.js';
import type { TarSource } from './tar-window.js';

export interface TarHeader {
  /** The bytes of the name in the archive. */
  name: Buffer;
  /** 0 file, 1 hard link, 2 symlink, 3 character device, 4 block device, 5 directory, 6 fifo. */
  type: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  link: Buffer;
  major: number;
  minor: number;
  attributes: Map<string, Buffer>;
  /** Unknown keywords of pax records about the entry. */
  lost: string[];
}

/** Receives an archive, entry by entry. */
export interface TarSink {
  member(header: TarHeader): void;
  /** The bytes are valid until this returns. */
  data(bytes: Buffer): void;
  complete(): void;
  /**
   * Is called between entries, and may read some from the source itself.
   * @param headers the most bytes of headers before them. @returns how many there were.
   */
  ordinary?: (headers: number) => Promise<number>;
}

const BLOCK = 512;

/** Counts the headers that precede entries, because they have no use but to describe them. */
class HeaderBudget {
  #all = 0;
  #bytes = 0;
  #count = 0;

  /** One more header. @throws {ArchiveError} */
  take(size: number): void {
    this.#bytes += size;
    this.#all += BLOCK + size;
    if (this.#bytes > LIMITS.header) refuseArchive({ code: 'header-too-long', bytes: this.#bytes });
    if (++this.#count > LIMITS.headers) refuseArchive({ code: 'too-many-headers' });
    if (this.#all > LIMITS.allHeaders) refuseArchive({ code: 'headers-too-long' });
  }

  /** The bytes of headers that may still come. */
  get left(): number {
    return LIMITS.allHeaders - this.#all;
  }

  /** Somebody else took headers. */
  pass(bytes: number): void {
    this.#all += bytes;
  }

  /** The entry itself has come. */
  next(): void {
    [this.#bytes, this.#count] = [0, 0];
  }
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

const untilNul = (bytes: Buffer): Buffer => {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
};

/** A number in base 256, which is too large for octal digits (GNU). */
function binary(field: Buffer, what: string): bigint {
  if (field[0] !== 0x80 && field[0] !== 0xff) refuseArchive({ code: 'number-form', what });
  const value = BigInt(`0x${field.subarray(1).toString('hex')}`);
  return field[0] === 0x80 ? value : value - (1n << BigInt(8 * (field.length - 1)));
}

const isBlank = (byte: number): boolean => byte === 0 || byte === 0x20;

/**
 * A number of a header, in octal digits with spaces before them, and spaces or NULs behind them, or
 * in base 256. @param length 12 at most, so that a Number holds the digits.
 */
function number(block: Buffer, from: number, length: number, what: string): number | bigint {
  if ((block[from]! & 0x80) !== 0) return binary(block.subarray(from, from + length), what);
  let [begin, end, value] = [from, from + length, 0];
  while (end > begin && isBlank(block[end - 1]!)) end--;
  while (begin < end && block[begin] === 0x20) begin++;
  for (let at = begin; at < end; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) refuseArchive({ code: 'no-octal', what });
    value = value * 8 + digit;
  }
  return value;
}

function within(value: number | bigint, most: number, what: string): number {
  if (value < 0 || value > most)
    refuseArchive({ code: 'out-of-range', what, value: BigInt(value) });
  return Number(value);
}

function checkSum(block: Buffer): void {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) sum += block[at]!;
  for (let at = 148; at < 156; at++) sum -= block[at]!;
  if (number(block, 148, 8, 'a checksum') !== sum) refuseArchive({ code: 'header-checksum' });
}

interface Basic {
  name: Buffer;
  type: string;
  size: number;
}

/** A header block alone, without the headers that precede it. */
function basic(block: Buffer): Basic {
  checkSum(block);
  const magic = block.toString('latin1', 257, 265);
  if (magic !== 'ustar\x0000' && magic !== 'ustar  \0') refuseArchive({ code: 'header-form' });
  const name = untilNul(block.subarray(0, 100));
  const prefix = magic === 'ustar\x0000' ? untilNul(block.subarray(345, 500)) : Buffer.alloc(0);
  const type = block[156] === 0 || block[156] === 0x37 ? '0' : String.fromCharCode(block[156]!);
  return {
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    type,
    size: within(number(block, 124, 12, 'a size'), Number.MAX_SAFE_INTEGER, 'size'),
  };
}

function decimal(records: Records, key: string, most: number): number | undefined {
  const value = records.get(key)?.toString('latin1');
  if (value === undefined) return undefined;
  if (!/^\d{1,20}$/.test(value)) refuseArchive({ code: 'pax-number', key });
  return within(BigInt(value), most, key);
}

const MOST_ID = 0xffff_fffe;

/** The headers that precede an entry and complete its header. */
interface Before {
  records: Records;
  /** GNU's long names. */
  name?: Buffer;
  link?: Buffer;
}

/** A later time (after the year 2262) does not fit into 64 bits of nanoseconds. */
const LAST_TIME = 1n << 63n;

function timeOf(block: Buffer, records: Records): bigint {
  const time = records.get('mtime')?.toString('latin1');
  const mtime =
    time === undefined
      ? BigInt(number(block, 136, 12, 'a time')) * 1_000_000_000n
      : parseTime(time);
  return mtime === null || mtime >= LAST_TIME || mtime < -LAST_TIME
    ? refuseArchive({ code: 'no-time' })
    : mtime;
}

/** A header field that a pax record may replace. */
const owner = (block: Buffer, records: Records, of: typeof UID | typeof GID): number =>
  decimal(records, of.key, MOST_ID) ?? within(number(block, of.at, 8, of.what), MOST_ID, of.name);

const UID = { key: 'uid', at: 108, what: 'an owner', name: 'owner' } as const;
const GID = { key: 'gid', at: 116, what: 'a group', name: 'group' } as const;

const isEntry = (type: string): type is TarHeader['type'] => /^[0-6]$/.test(type);

function deviceOf(block: Buffer, type: string): Pick<TarHeader, 'major' | 'minor'> {
  if (type !== '3' && type !== '4') return { major: 0, minor: 0 };
  const field = (at: number): number | bigint => number(block, at, 8, 'a device number');
  return {
    major: within(field(329), 0xfff, 'major number'),
    minor: within(field(337), 0xf_ffff, 'minor number'),
  };
}

function attributesOf(records: Records): Map<string, Buffer> {
  const attributes = new Map<string, Buffer>();
  for (const [key, value] of records) {
    const attribute = attributeOf(key);
    // A copy, because a part of the header would keep all of it in memory.
    if (attribute !== null) attributes.set(attribute, Buffer.from(value));
  }
  return attributes;
}

/** The header of an entry, completed by the headers that precede it. */
function complete(
  block: Buffer,
  { name, type, size }: Basic,
  { records, ...long }: Before,
): TarHeader {
  const mtime = timeOf(block, records);
  const keys = [...records.keys()];
  if (keys.some((key) => key.startsWith('GNU.sparse.'))) refuseArchive({ code: 'sparse' });
  if (!isEntry(type)) return refuseArchive({ code: 'entry-type', type });
  return {
    name: records.get('path') ?? long.name ?? name,
    type,
    // Some programs write the file type into the bits above the permissions.
    mode: within(number(block, 100, 8, 'a mode'), 0xffff_ffff, 'mode') & 0o7777,
    uid: owner(block, records, UID),
    gid: owner(block, records, GID),
    size: decimal(records, 'size', Number.MAX_SAFE_INTEGER) ?? size,
    mtime,
    link: records.get('linkpath') ?? long.link ?? untilNul(block.subarray(157, 257)),
    ...deviceOf(block, type),
    attributes: attributesOf(records),
    lost: keys.filter((key) => /^SCHILY\.(acl\.|fflags)/.test(key)),
  };
}

/** Reads exactly so many bytes. */
async function exactly(source: TarSource, length: number): Promise<Buffer> {
  const bytes = await source.read(length);
  if (bytes.length < length) refuseArchive({ code: 'cut-off' });
  return bytes;
}

const filled = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** The kinds of headers that precede an entry, and their readers. */
const BEFORE: Record<string, (before: Before, bytes: Buffer) => Before> = keyed({
  L: (before, bytes) => ({ ...before, name: untilNul(bytes) }),
  K: (before, bytes) => ({ ...before, link: untilNul(bytes) }),
  x: (before, bytes) => ({ ...before, records: decodeRecords(bytes, before.records) }),
  // This header applies to all following entries. It may hold only comments.
  g: (before, bytes) =>
    [...decodeRecords(bytes).keys()].some((key) => key !== 'comment')
      ? refuseArchive({ code: 'pax-global' })
      : before,
});

/** Bytes that are kept, with the zeros that fill their last block. */
async function headerBytes(source: TarSource, size: number): Promise<Buffer> {
  const bytes = await kept(source, size + filled(size));
  return bytes.subarray(0, size);
}

/** Most bytes were read already, and waiting costs more than all else. */
async function kept(source: TarSource, length: number): Promise<Buffer> {
  const taken = source.take(length);
  return taken === null ? exactly(source, length) : Buffer.from(taken);
}

/** Gives a file that was read already to the sink. @returns whether it was. */
function isGiven(source: TarSource, size: number, sink: TarSink): boolean {
  const bytes = source.take(size + filled(size));
  if (bytes === null) return false;
  if (size > 0) sink.data(bytes.subarray(0, size));
  return true;
}

async function readContent(source: TarSource, size: number, sink: TarSink): Promise<void> {
  for (let left = size; left > 0;) {
    const chunk = await source.chunk(left);
    if (chunk === null) return refuseArchive({ code: 'cut-in-file' });
    sink.data(chunk);
    left -= chunk.length;
  }
  await exactly(source, filled(size));
}

/**
 * Reads an archive from its beginning to its end. Nothing may follow the end.
 * @throws {ArchiveError} Whatever the sink throws ends it too.
 */
export async function readTar(source: TarSource, sink: TarSink): Promise<void> {
  const budget = new HeaderBudget();
  let before: Before = { records: new Map() };
  let [alone, between] = [false, true];
  for (;;) {
    if (between && sink.ordinary !== undefined) budget.pass(await sink.ordinary(budget.left));
    between = false;
    const block = await kept(source, BLOCK);
    if (isZero(block)) break;
    const own = basic(block);
    const { name, type, size } = own;
    if (Object.hasOwn(BEFORE, type)) {
      budget.take(size);
      const bytes = await headerBytes(source, size);
      before = BEFORE[type]!(before, bytes);
      alone ||= type !== 'g';
      continue;
    }
    try {
      const header = complete(block, own, before);
      sink.member(header);
      if (!isGiven(source, header.size, sink)) await readContent(source, header.size, sink);
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      throw error.at({ entry: before.records.get('path') ?? before.name ?? name });
    }
    sink.complete();
    budget.next();
    [before, alone, between] = [{ records: new Map() }, false, true];
  }
  if (alone) refuseArchive({ code: 'cut-behind-header' });
  await nothingBehind(source);
}

/** A second block of zeros ends the archive. More of them are padding. */
async function nothingBehind(source: TarSource): Promise<void> {
  if (!isZero(await exactly(source, BLOCK))) refuseArchive({ code: 'behind-end' });
  for (let seen = 0, chunk; (chunk = await source.chunk()) !== null;) {
    seen += chunk.length;
    if (!isZero(chunk) || seen > LIMITS.fill) refuseArchive({ code: 'behind-end' });
  }
}
