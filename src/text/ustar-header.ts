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

function writeOctal(block: Uint8Array, at: number, value: number, digits: number): void {
  for (let place = at + digits - 1, rest = value; place >= at; place--) {
    block[place] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}

function writeSize(block: Buffer, at: number, size: number): void {
  if (size <= MOST_OCTAL) return writeOctal(block, at, size, 11);
  block[at] = 0x80;
  block.writeBigUInt64BE(BigInt(size), at + 4);
}

/**
 * Writes a header where there are zeros. @param fields `name` and `link` have at most 100 bytes,
 * `node` is `major:minor` or ''.
 */
export function writeUstarHeader(
  bytes: Buffer,
  at: number,
  { name, mode, uid, gid, size, seconds, type, link, node }: HeaderFields,
): void {
  bytes.write(name, at);
  writeOctal(bytes, at + 100, mode, 7);
  writeOctal(bytes, at + 108, uid, 7);
  writeOctal(bytes, at + 116, gid, 7);
  writeSize(bytes, at + 124, size);
  writeOctal(bytes, at + 136, seconds, 11);
  bytes.fill(0x20, at + 148, at + 156);
  bytes[at + 156] = type.charCodeAt(0);
  if (link !== '') bytes.write(link, at + 157);
  bytes.write('ustar\x0000', at + 257, 'latin1');
  if (node !== '') {
    const [major = 0, minor = 0] = node.split(':').map(Number);
    writeOctal(bytes, at + 329, major, 7);
    writeOctal(bytes, at + 337, minor, 7);
  }
  let sum = 0;
  // Nothing is behind the numbers of a device.
  for (let place = at; place < at + 345; place++) sum += bytes[place]!;
  writeOctal(bytes, at + 148, sum, 6);
  bytes[at + 154] = 0;
}

export function ustarHeader(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  writeUstarHeader(block, 0, fields);
  return block;
}

/** How many zeros fill the last block after this number of bytes. */
export const filling = (bytes: number): number => (TAR_BLOCK - (bytes % TAR_BLOCK)) % TAR_BLOCK;

export const padding = (bytes: number): Buffer => Buffer.alloc(filling(bytes));
