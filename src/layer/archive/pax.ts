/**
 * Records of a pax header (POSIX.1-2008, pax, "pax Extended Header") as bytes. Libraries read them
 * as text, which damages capabilities and names that are not UTF-8.
 */
import { SECOND } from '../../system/file-time.js';
import { refuseArchive } from './archive-error.js';
import { ARCHIVE_LIMITS as LIMITS } from '../../text/input-limits.js';
import { utf8 } from '../../text/printable.js';

export type Records = Map<string, Buffer>;

const XATTR = 'SCHILY.xattr.';

/** A record begins with its own length in decimal, which includes the digits of the length. */
function lengthWith(rest: number): number {
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return length;
}

function record(key: string, value: Uint8Array | string): Buffer {
  const [before, after] = [Buffer.from(` ${key}=`), Buffer.from(value)];
  const length = lengthWith(before.length + after.length + 1);
  return Buffer.concat([Buffer.from(String(length)), before, after, Buffer.from('\n')]);
}

export function encodeRecords(all: readonly (readonly [string, Uint8Array | string])[]): Buffer {
  const [first] = all;
  // Almost all files have one record, their time.
  if (all.length === 1 && first![0] === 'mtime' && typeof first![1] === 'string') {
    const rest = ` mtime=${first![1]}\n`;
    return Buffer.from(lengthWith(rest.length) + rest, 'latin1');
  }
  return Buffer.concat(all.map(([key, value]) => record(key, value)));
}

/**
 * @param records those of earlier headers, to which these are added.
 * @throws {ArchiveError} if the bytes are not a series of complete records.
 */
export function decodeRecords(bytes: Buffer, records: Records = new Map()): Records {
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const digits = blank < 0 || blank - at > 8 ? '' : bytes.toString('latin1', at, blank);
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, blank);
    if (
      !/^[1-9]\d*$/.test(digits) ||
      end > bytes.length ||
      end - 1 <= blank ||
      bytes[end - 1] !== 0x0a ||
      equals < 0 ||
      equals >= end - 1
    )
      refuseArchive({ code: 'pax-damaged', at });
    const keyword = bytes.subarray(blank + 1, equals);
    const key = utf8(keyword);
    if (key === null || key === '' || key.includes('\0'))
      return refuseArchive({ code: 'pax-keyword', bytes: keyword });
    records.set(key, bytes.subarray(equals + 1, end - 1));
    if (records.size > LIMITS.records) refuseArchive({ code: 'too-many-records' });
    at = end;
  }
  return records;
}

/**
 * The keyword of an extended attribute. A keyword cannot contain =, which we write as GNU tar does.
 */
export const attributeKey = (name: string): string =>
  XATTR + name.replaceAll('%', '%25').replaceAll('=', '%3D');

/** The name of the extended attribute of a keyword; null for any other keyword. */
export const attributeOf = (key: string): string | null =>
  key.startsWith(XATTR)
    ? key.slice(XATTR.length).replaceAll('%3D', '=').replaceAll('%25', '%')
    : null;

/** Nanoseconds since 1970 as seconds, with a fraction if it is not 0. */
export function formatTime(time: bigint): string {
  const magnitude = time < 0n ? -time : time;
  const fraction = String(magnitude % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${time < 0n ? '-' : ''}${magnitude / SECOND}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Such a time in nanoseconds, cut off at the ninth digit; null for any other text. */
export function parseTime(text: string): bigint | null {
  const [, minus, seconds, fraction = ''] = /^(-?)(\d{1,12})(?:\.(\d{0,30}))?$/.exec(text) ?? [];
  if (seconds === undefined) return null;
  const time = BigInt(seconds) * SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return minus === '-' ? -time : time;
}
