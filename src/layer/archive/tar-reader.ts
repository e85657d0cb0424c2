/**
 * Reads a tar strictly, for it comes from anywhere and is read by root: ustar with pax headers
 * (POSIX.1-2008), and GNU's long names. tar-stream, which writes them, takes too much for good
 * here: an archive without its end, damaged pax records, attributes that are no text.
 */
import { ArchiveError } from './archive-error.js';
import type { ByteSource } from '../../ramdisk/source.js';
import { attributeOf, decodeRecords, parseTime, type Records } from './pax.js';
import { printable } from '../../text/printable.js';

export interface TarHeader {
  /** Bytes, as they stand in the archive. */
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
  /** Keywords of pax records that say something of the entry which is not understood. */
  lost: string[];
}

export interface TarSink {
  /** Whether its bytes are wanted. */
  member(header: TarHeader): void;
  data(bytes: Buffer): void;
  complete(): void;
}

const BLOCK = 512;
/** What precedes an entry: names and attributes. */
const LONGEST_HEADER = 1 << 20;
/**
 * Archives are filled up to a multiple of their blocking factor; GNU's largest usual one is far
 * below this.
 */
const LONGEST_FILL = 1 << 20;

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

const untilNul = (bytes: Buffer): Buffer => {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
};

/** Octal digits, or GNU's base 256 for what they cannot hold. */
function number(field: Buffer, what: string): bigint {
  if ((field[0]! & 0x80) !== 0) {
    if (field[0] !== 0x80 && field[0] !== 0xff)
      throw new ArchiveError(`has ${what} of a form that is not known`);
    const value = BigInt(`0x${field.subarray(1).toString('hex')}`);
    return field[0] === 0x80 ? value : value - (1n << BigInt(8 * (field.length - 1)));
  }
  const text = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .replace(/^ +/, '');
  if (!/^[0-7]*$/.test(text)) throw new ArchiveError(`has ${what} that is no octal number`);
  return text === '' ? 0n : BigInt(`0o${text}`);
}

function within(value: bigint, most: number, what: string): number {
  if (value < 0n || value > BigInt(most))
    throw new ArchiveError(`has ${what} ${value}, which is out of range`);
  return Number(value);
}

function checkSum(block: Buffer): void {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 0x20 : block[at]!;
  if (number(block.subarray(148, 156), 'a checksum') !== BigInt(sum))
    throw new ArchiveError('has a header whose checksum is wrong');
}

/** A header block without what stands before it. */
function basic(block: Buffer): { name: Buffer; type: string; size: number } {
  checkSum(block);
  const magic = block.toString('latin1', 257, 265);
  if (magic !== 'ustar\x0000' && magic !== 'ustar  \0')
    throw new ArchiveError("has a header that is neither POSIX nor GNU tar's");
  const name = untilNul(block.subarray(0, 100));
  const prefix = magic === 'ustar\x0000' ? untilNul(block.subarray(345, 500)) : Buffer.alloc(0);
  const type = block[156] === 0 || block[156] === 0x37 ? '0' : String.fromCharCode(block[156]!);
  return {
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    type,
    size: within(number(block.subarray(124, 136), 'a size'), Number.MAX_SAFE_INTEGER, 'size'),
  };
}

const KINDS: Record<string, string> = {
  S: "a sparse file of GNU tar's own form; make the archive without --sparse",
  M: 'a part of a file from several volumes',
  V: 'the label of a volume',
  D: 'a directory of an incremental backup',
};

function decimal(records: Records, key: string, most: number): number | undefined {
  const value = records.get(key)?.toString('latin1');
  if (value === undefined) return undefined;
  if (!/^\d{1,20}$/.test(value))
    throw new ArchiveError(`has a pax header whose ${key} is no number`);
  return within(BigInt(value), most, key);
}

const MOST_ID = 0xffff_fffe;

/** The header of an entry, completed by what stood before it. */
function complete(
  block: Buffer,
  records: Records,
  long: { name?: Buffer; link?: Buffer },
): TarHeader {
  const { name, type, size } = basic(block);
  const time = records.get('mtime')?.toString('latin1');
  const mtime =
    time === undefined
      ? number(block.subarray(136, 148), 'a time') * 1_000_000_000n
      : parseTime(time);
  // Beyond it a time has no 64 bits of nanoseconds (the year 2262).
  if (mtime === null || mtime >= 1n << 63n || mtime < -(1n << 63n))
    throw new ArchiveError('has a time that is none');
  if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.')))
    throw new ArchiveError(`has ${KINDS['S']}`);
  if (!/^[0-6]$/.test(type))
    throw new ArchiveError(
      `has an entry of type ${JSON.stringify(type)}, ${KINDS[type] ?? 'which is not known'}`,
    );
  const attributes = new Map<string, Buffer>();
  for (const [key, value] of records) {
    const attribute = attributeOf(key);
    if (attribute !== null) attributes.set(attribute, value);
  }
  return {
    name: records.get('path') ?? long.name ?? name,
    type: type as TarHeader['type'],
    // Some put the type of the file above the permissions.
    mode: within(number(block.subarray(100, 108), 'a mode'), 0xffff_ffff, 'mode') & 0o7777,
    uid:
      decimal(records, 'uid', MOST_ID) ??
      within(number(block.subarray(108, 116), 'an owner'), MOST_ID, 'owner'),
    gid:
      decimal(records, 'gid', MOST_ID) ??
      within(number(block.subarray(116, 124), 'a group'), MOST_ID, 'group'),
    size: decimal(records, 'size', Number.MAX_SAFE_INTEGER) ?? size,
    mtime,
    link: records.get('linkpath') ?? long.link ?? untilNul(block.subarray(157, 257)),
    major:
      type === '3' || type === '4'
        ? within(number(block.subarray(329, 337), 'a device number'), 0xfff, 'major number')
        : 0,
    minor:
      type === '3' || type === '4'
        ? within(number(block.subarray(337, 345), 'a device number'), 0xf_ffff, 'minor number')
        : 0,
    attributes,
    lost: [...records.keys()].filter((key) => /^SCHILY\.(acl\.|fflags)/.test(key)),
  };
}

/** Reads exactly so many bytes. */
async function exactly(source: ByteSource, length: number): Promise<Buffer> {
  const bytes = await source.read(length);
  if (bytes.length < length) throw new ArchiveError('is cut off: its end is missing');
  return bytes;
}

const filled = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/**
 * Reads an archive from its beginning to its end, and nothing may stand behind that.
 * @throws {ArchiveError} whose message goes on from the archive's name. Whatever the sink throws
 *   ends it too.
 */
export async function readTar(source: ByteSource, sink: TarSink): Promise<void> {
  let records: Records = new Map();
  let long: { name?: Buffer; link?: Buffer } = {};
  let before = false;
  for (;;) {
    const block = await exactly(source, BLOCK);
    if (isZero(block)) break;
    const { name, type, size } = basic(block);
    if (['x', 'g', 'L', 'K'].includes(type)) {
      if (size > LONGEST_HEADER)
        throw new ArchiveError(
          `has a header of ${size} bytes before an entry, more than any name and attributes need`,
        );
      const bytes = await exactly(source, size);
      await exactly(source, filled(size));
      if (type === 'L') long.name = untilNul(bytes);
      else if (type === 'K') long.link = untilNul(bytes);
      else if (type === 'x') records = new Map([...records, ...decodeRecords(bytes)]);
      else if ([...decodeRecords(bytes).keys()].some((key) => key !== 'comment'))
        throw new ArchiveError('has a pax header for all entries, which layers do not have');
      before ||= type !== 'g';
      continue;
    }
    try {
      const header = complete(block, records, long);
      sink.member(header);
      for (let left = header.size; left > 0;) {
        const chunk = await source.chunk(left);
        if (chunk === null) throw new ArchiveError('is cut off in the middle of a file');
        sink.data(chunk);
        left -= chunk.length;
      }
      await exactly(source, filled(header.size));
    } catch (error) {
      if (error instanceof ArchiveError)
        error.message = `${error.message} (at ${printable(records.get('path') ?? long.name ?? name)})`;
      throw error;
    }
    sink.complete();
    [records, long, before] = [new Map(), {}, false];
  }
  if (before) throw new ArchiveError('is cut off: it ends with a header that belongs to no entry');
  if (!isZero(await exactly(source, BLOCK))) throw new ArchiveError('has something behind its end');
  for (let seen = 0, chunk; (chunk = await source.chunk()) !== null;) {
    seen += chunk.length;
    if (!isZero(chunk) || seen > LONGEST_FILL)
      throw new ArchiveError('has something behind its end');
  }
}
