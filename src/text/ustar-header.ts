export const TAR_BLOCK = 512;

/** What a header of a tar says (POSIX.1-2008, pax: ustar). */
export interface HeaderFields {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  seconds: number;
  type: string;
  link: string;
  node: string;
}

/** The largest size in eleven octal digits; larger ones are binary, as GNU tar has them. */
const MOST_OCTAL = 0o77777777777;

/** @returns the sum of the digits' bytes. */
function writeOctal(block: Uint8Array, at: number, value: number, digits: number): number {
  let sum = 0x30 * digits;
  for (let place = at + digits - 1, rest = value; place >= at; place--) {
    const digit = rest % 8;
    block[place] = 0x30 + digit;
    sum += digit;
    rest = (rest - digit) / 8;
  }
  return sum;
}

function sumOf(bytes: Uint8Array, from: number, length: number): number {
  let sum = 0;
  for (let at = from; at < from + length; at++) sum += bytes[at]!;
  return sum;
}

function writeSize(block: Buffer, at: number, size: number): number {
  if (size <= MOST_OCTAL) return writeOctal(block, at, size, 11);
  block[at] = 0x80;
  block.writeBigUInt64BE(BigInt(size), at + 4);
  return sumOf(block, at, 12);
}

const MAGIC = Buffer.from('ustar\x0000', 'latin1');
/** Bytes of every header: the magic, and spaces in the place of the checksum. */
const ALWAYS = sumOf(MAGIC, 0, MAGIC.length) + 8 * 0x20;

/**
 * Writes a header where there are zeros. @param fields `name` and `link` have at most 100 bytes,
 * `node` is `major:minor` or ''.
 */
export function writeUstarHeader(
  bytes: Buffer,
  at: number,
  { name, mode, uid, gid, size, seconds, type, link, node }: HeaderFields,
): void {
  // Only what is written is added up: a header is mostly zeros.
  let sum = ALWAYS + type.charCodeAt(0);
  sum += sumOf(bytes, at, bytes.write(name, at));
  sum += writeOctal(bytes, at + 100, mode, 7);
  sum += writeOctal(bytes, at + 108, uid, 7);
  sum += writeOctal(bytes, at + 116, gid, 7);
  sum += writeSize(bytes, at + 124, size);
  sum += writeOctal(bytes, at + 136, seconds, 11);
  bytes[at + 155] = 0x20;
  bytes[at + 156] = type.charCodeAt(0);
  if (link !== '') sum += sumOf(bytes, at + 157, bytes.write(link, at + 157));
  MAGIC.copy(bytes, at + 257);
  if (node !== '') {
    const [major = 0, minor = 0] = node.split(':').map(Number);
    sum += writeOctal(bytes, at + 329, major, 7);
    sum += writeOctal(bytes, at + 337, minor, 7);
  }
  writeOctal(bytes, at + 148, sum, 6);
}

export function ustarHeader(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  writeUstarHeader(block, 0, fields);
  return block;
}

/** How many zeros fill the last block after this number of bytes. */
export const filling = (bytes: number): number => (TAR_BLOCK - (bytes % TAR_BLOCK)) % TAR_BLOCK;

export const padding = (bytes: number): Buffer => Buffer.alloc(filling(bytes));
