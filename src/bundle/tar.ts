/**
 * A tar of a few plain files (POSIX.1-2008, pax: ustar), written at once and read back. The tar
 * that carries a layer is in `src/layer/archive`.
 */
import { BUNDLE_LIMITS } from '../text/input-limits.js';

export interface File {
  /** At most 100 bytes. */
  name: string;
  content: Buffer;
}

const BLOCK = 512;
const ZEROS = Buffer.alloc(BLOCK);
const filled = (length: number): number => Math.ceil(length / BLOCK) * BLOCK;
const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

function header({ name, content }: File, time: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long a name for this archive`);
  block.write(name, 0);
  // Only its owner may read what a board says about itself.
  const [mode, uid, gid] = [octal(0o600, 7), octal(0, 7), octal(0, 7)];
  const fields = [mode, uid, gid, octal(content.length, 11), octal(time, 11)];
  block.write(fields.map((field) => `${field}\0`).join(''), 100, 'latin1');
  block.write('0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  block.write('        ', 148);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

/** One file of a tar. @param time in seconds since 1970. */
export const tarMember = (file: File, time: number): Buffer =>
  Buffer.concat([
    header(file, time),
    file.content,
    Buffer.alloc(filled(file.content.length) - file.content.length),
  ]);

/** What stands behind the last file. */
export const endOfTar = (): Buffer => Buffer.alloc(2 * BLOCK);

/** @param time of all files, in seconds since 1970. */
export const writeTar = (files: readonly File[], time: number): Buffer =>
  Buffer.concat([...files.map((file) => tarMember(file, time)), endOfTar()]);

/** @throws {Error} whose message continues a sentence that begins with the archive's name. */
export function filesOfTar(bytes: Buffer): File[] {
  const files: File[] = [];
  let members = 0;
  for (let at = 0; ;) {
    const block = bytes.subarray(at, at + BLOCK);
    if (block.length < BLOCK) throw new Error('is cut off: its end is missing');
    if (block.equals(ZEROS)) return files;
    const text = (from: number, length: number): string =>
      block.toString('utf8', from, from + length).replace(/\0.*$/s, '');
    let sum = 8 * 0x20;
    for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0 : byte;
    const size = /^[0-7]{1,11} ?$/.exec(text(124, 12)) ? parseInt(text(124, 12), 8) : NaN;
    if (text(257, 5) !== 'ustar' || parseInt(text(148, 8), 8) !== sum || Number.isNaN(size))
      throw new Error('is no tar, or a damaged one');
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) throw new Error('is cut off in the middle of a file');
    // Somebody may have unpacked and packed it again, so that it has directories.
    if (++members > BUNDLE_LIMITS.files)
      throw new Error(`holds more than ${BUNDLE_LIMITS.files} files, which no bundle does`);
    if (block[156] === 0x30 || block[156] === 0) files.push({ name: text(0, 100), content });
    at += BLOCK + filled(size);
  }
}
