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

function writeOctal(block: Buffer, at: number, value: number, digits: number): void {
  block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
}

function writeSize(block: Buffer, at: number, size: number): void {
  if (size <= MOST_OCTAL) return writeOctal(block, at, size, 11);
  block[at] = 0x80;
  block.writeBigUInt64BE(BigInt(size), at + 4);
}

/** @param fields `name` and `link` have at most 100 bytes, `node` is `major:minor` or ''. */
export function ustarHeader({
  name,
  mode,
  uid,
  gid,
  size,
  seconds,
  type,
  link,
  node,
}: HeaderFields): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  block.write(name, 0);
  writeOctal(block, 100, mode, 7);
  writeOctal(block, 108, uid, 7);
  writeOctal(block, 116, gid, 7);
  writeSize(block, 124, size);
  writeOctal(block, 136, seconds, 11);
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(link, 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  if (node !== '') {
    const [major = 0, minor = 0] = node.split(':').map(Number);
    writeOctal(block, 329, major, 7);
    writeOctal(block, 337, minor, 7);
  }
  let sum = 0;
  for (const byte of block) sum += byte;
  writeOctal(block, 148, sum, 6);
  block[154] = 0;
  return block;
}

/** The rest of the last block after this number of bytes. */
export const padding = (bytes: number): Buffer =>
  Buffer.alloc((TAR_BLOCK - (bytes % TAR_BLOCK)) % TAR_BLOCK);
