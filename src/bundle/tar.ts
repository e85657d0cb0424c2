/**
 * A tar of a few plain files (POSIX.1-2008, pax: ustar), written at once and read back. The tar
 * that carries a layer is in `src/layer/archive`.
 */
import { TAR_BLOCK, padding, ustarHeader } from '../text/ustar-header.js';
import { BUNDLE_LIMITS } from '../text/input-limits.js';

export interface File {
  /** At most 100 bytes. */
  name: string;
  content: Buffer;
}

const ZEROS = Buffer.alloc(TAR_BLOCK);
const filled = (length: number): number => Math.ceil(length / TAR_BLOCK) * TAR_BLOCK;

function header({ name, content }: File, time: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long a name for this archive`);
  return ustarHeader({
    name,
    // Only its owner may read what a board says about itself.
    mode: 0o600,
    ...{ uid: 0, gid: 0, size: content.length, seconds: time, type: '0', link: '', node: '' },
  });
}

/** One file of a tar. @param time in seconds since 1970. */
export const tarMember = (file: File, time: number): Buffer =>
  Buffer.concat([header(file, time), file.content, padding(file.content.length)]);

/** What stands behind the last file. */
export const endOfTar = (): Buffer => Buffer.alloc(2 * TAR_BLOCK);

/** @param time of all files, in seconds since 1970. */
export const writeTar = (files: readonly File[], time: number): Buffer =>
  Buffer.concat([...files.map((file) => tarMember(file, time)), endOfTar()]);

/** @throws {Error} whose message continues a sentence that begins with the archive's name. */
export function filesOfTar(bytes: Buffer): File[] {
  const files: File[] = [];
  let members = 0;
  for (let at = 0; ;) {
    const block = bytes.subarray(at, at + TAR_BLOCK);
    if (block.length < TAR_BLOCK) throw new Error('is cut off: its end is missing');
    if (block.equals(ZEROS)) return files;
    const text = (from: number, length: number): string =>
      block.toString('utf8', from, from + length).replace(/\0.*$/s, '');
    let sum = 8 * 0x20;
    for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0 : byte;
    const size = /^[0-7]{1,11} ?$/.exec(text(124, 12)) ? parseInt(text(124, 12), 8) : NaN;
    if (text(257, 5) !== 'ustar' || parseInt(text(148, 8), 8) !== sum || Number.isNaN(size))
      throw new Error('is no tar, or a damaged one');
    const content = bytes.subarray(at + TAR_BLOCK, at + TAR_BLOCK + size);
    if (content.length < size) throw new Error('is cut off in the middle of a file');
    // Somebody may have unpacked and packed it again, so that it has directories.
    if (++members > BUNDLE_LIMITS.files)
      throw new Error(`holds more than ${BUNDLE_LIMITS.files} files, which no bundle does`);
    if (block[156] === 0x30 || block[156] === 0) files.push({ name: text(0, 100), content });
    at += TAR_BLOCK + filled(size);
  }
}
