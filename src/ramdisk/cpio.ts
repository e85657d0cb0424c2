/**
 * The "newc" cpio format (Documentation/driver-api/early-userspace/buffer-format.rst): a header of
 * 110 ASCII characters, the name, the data, each aligned to 4 bytes.
 */

export const HEADER_BYTES = 110;
export const TRAILER = 'TRAILER!!!';

/**
 * Longest name with its NUL that the kernel takes; members with a longer one it leaves out without
 * a word.
 */
export const PATH_MAX = 4096;

/** A hostile archive may have members without end; no ramdisk has so many. */
export const MEMBERS_AT_MOST = 500_000;

/** Bytes of all their names, and of what symlinks say. */
export const NAMES_AT_MOST = 64 << 20;

/** Numbers of a header are 8 hexadecimal digits. */
export const LARGEST = 0xffff_ffff;

/**
 * As it stands in an archive. `nameLength` counts the NUL; `checksum` is the sum of the data's
 * bytes in the 070702 form, else 0.
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
 * Bytes from the end of the header to the data: the name, and what aligns it (the header is 2 bytes
 * short of a multiple of 4).
 */
export const afterName = (nameLength: number): number => Math.floor((nameLength + 1) / 4) * 4 + 2;

/** A header with its name, as it stands before the data. */
export function encodeHeader(header: Omit<CpioHeader, 'nameLength'>, name: Buffer): Buffer {
  const whole: CpioHeader = { ...header, nameLength: name.length + 1 };
  const text = FIELDS.map((field) => whole[field].toString(16).toUpperCase().padStart(8, '0')).join(
    '',
  );
  const start = Buffer.concat([Buffer.from(`070701${text}`, 'latin1'), name, Buffer.alloc(1)]);
  return Buffer.concat([start, padding(start.length)]);
}

/** What aligns the next header behind so many bytes of data. */
export const dataPadding = (size: number): Buffer => padding(size);

const digitOf = (byte: number): number =>
  byte >= 0x30 && byte <= 0x39
    ? byte - 0x30
    : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66
      ? (byte | 0x20) - 0x57
      : -1;

/**
 * As leniently as the kernel's simple_strtoul does: 0x may stand before it, it goes up to the first
 * character that is no digit, and without any it is 0.
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

/** The end of an archive. */
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
