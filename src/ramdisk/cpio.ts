/**
 * The "newc" cpio format (Documentation/driver-api/early-userspace/buffer-format.rst): a header of
 * 110 ASCII characters, the name, the data, each aligned to 4 bytes.
 */

import { RAMDISK_LIMITS } from '../text/input-limits.js';

export const HEADER_BYTES = 110;
export const TRAILER = 'TRAILER!!!';

/** The longest name, with its NUL, that the kernel takes; it skips members with a longer one. */
export const PATH_MAX = 4096;

/** No real ramdisk has so many members, but a hostile archive may have any number. */
export const MEMBERS_AT_MOST = RAMDISK_LIMITS.members;

/** Bytes of all names and of all targets of symlinks. */
export const NAMES_AT_MOST = RAMDISK_LIMITS.names;

/** The largest number of a header: 8 hexadecimal digits. */
export const LARGEST = 0xffff_ffff;

/**
 * A header's fields. `nameLength` counts the NUL. `checksum` is the sum of the data's bytes in the
 * 070702 form, else 0.
 */
export interface CpioHeader {
  inode: number;
  mode: number;
  uid: number;
  gid: number;
  links: number;
  mtime: number;
  size: number;
  major: number;
  minor: number;
  nodeMajor: number;
  nodeMinor: number;
  nameLength: number;
  checksum: number;
}

const FIELDS = [
  'inode',
  'mode',
  'uid',
  'gid',
  'links',
  'mtime',
  'size',
  'major',
  'minor',
  'nodeMajor',
  'nodeMinor',
  'nameLength',
  'checksum',
] as const satisfies readonly (keyof CpioHeader)[];

const padding = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);

/**
 * Bytes from the end of the header to the data: the name and its padding (the header is 2 bytes
 * short of a multiple of 4).
 */
export const afterName = (nameLength: number): number => Math.floor((nameLength + 1) / 4) * 4 + 2;

/** A header with its name and the padding before the data. */
export function encodeHeader(header: Omit<CpioHeader, 'nameLength'>, name: Buffer): Buffer {
  const whole: CpioHeader = { ...header, nameLength: name.length + 1 };
  const text = FIELDS.map((field) => whole[field].toString(16).toUpperCase().padStart(8, '0')).join(
    '',
  );
  const start = Buffer.concat([Buffer.from(`070701${text}`, 'latin1'), name, Buffer.alloc(1)]);
  return Buffer.concat([start, padding(start.length)]);
}

/** The padding after so many bytes of data. */
export const dataPadding = (size: number): Buffer => padding(size);

/** The value of a hexadecimal digit; -1 for any other character. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * A number as the kernel's simple_strtoul reads it: it may begin with 0x, and ends at the first
 * other character than a digit. Without digits it is 0.
 */
function numberAt(bytes: Buffer, at: number): number {
  let value = 0;
  const prefix = bytes[at] === 0x30 && (bytes[at + 1]! | 0x20) === 0x78 ? 2 : 0;
  for (let index = at + prefix; index < at + 8; index++) {
    const digit = digitOf(bytes[index]!);
    if (digit < 0) break;
    value = value * 16 + digit;
  }
  return value;
}

export function decodeHeader(bytes: Buffer): CpioHeader {
  const header = {} as CpioHeader;
  FIELDS.forEach((field, index) => (header[field] = numberAt(bytes, 6 + 8 * index)));
  return header;
}

/** The member that ends an archive. */
export const trailer = (): Buffer =>
  encodeHeader(
    {
      inode: 0,
      mode: 0,
      uid: 0,
      gid: 0,
      links: 1,
      mtime: 0,
      size: 0,
      major: 0,
      minor: 0,
      nodeMajor: 0,
      nodeMinor: 0,
      checksum: 0,
    },
    Buffer.from(TRAILER),
  );
