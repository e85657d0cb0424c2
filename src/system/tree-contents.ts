/** The records of native/tree-contents.h. */
import { errnoName } from './errno.js';
import { kernelTime } from './file-time.js';
import type { FileContent, FolderEntry } from './tree-door.js';
import { most, writeText } from './tree-records.js';

/** The sizes of `struct wanted` and of `struct content`. */
const WANTED = 56;
const CONTENT = 16;

/** The most bytes that the record of a file may have. */
export const wantedRoom = ({ name }: FolderEntry): number => WANTED + most(name) + 8;

/** Writes the record of a listed file at a multiple of 8. @returns its length. */
export function writeWanted(bytes: Buffer, at: number, file: FolderEntry): number {
  const [modified, changed] = [kernelTime(file.mtime), kernelTime(file.ctime)];
  const name = writeText(bytes, at + WANTED, file.name);
  const length = (WANTED + name + 1 + 7) & ~7;
  bytes.writeUInt32LE(length, at);
  bytes.writeUInt32LE(name, at + 4);
  bytes.writeBigUInt64LE(BigInt(file.device), at + 8);
  bytes.writeBigUInt64LE(BigInt(file.inode), at + 16);
  bytes.writeBigInt64LE(BigInt(file.size), at + 24);
  bytes.writeBigInt64LE(modified.seconds, at + 32);
  bytes.writeBigInt64LE(changed.seconds, at + 40);
  bytes.writeUInt32LE(modified.nanoseconds, at + 48);
  bytes.writeUInt32LE(changed.nanoseconds, at + 52);
  return length;
}

/** The contents behind records that end at `from`. The next call of the door may overwrite it. */
export function decodeContents(bytes: Buffer, from: number, count: number): FileContent[] {
  const contents: FileContent[] = [];
  for (let at = from; contents.length < count;) {
    const error = bytes.readInt32LE(at);
    const begin = at + CONTENT;
    const end = begin + bytes.readUInt32LE(at + 4);
    contents.push({
      errno: error === 0 ? null : errnoName(error),
      bytes: Buffer.from(bytes.subarray(begin, end)),
      same: bytes.readUInt32LE(at + 8) === 1,
    });
    at = (end + 7) & ~7;
  }
  return contents;
}
