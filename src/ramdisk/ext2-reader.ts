/**
 * Reads the programs in an ext2, ext3 or ext4 image (fs/ext4/ext4.h). It checks everything, because
 * the image may come from anywhere.
 */
import type { PathKind, Reader } from '../system/port.js';
import { kindOfMode } from './member.js';

/** The image is damaged or has an unknown format, so its content is unknown. */
export class UnreadableImage extends Error {
  override name = 'UnreadableImage';
}

const unreadable = (what: string): never => {
  throw new UnreadableImage(what);
};

const ROOT = 2;
const SUPERBLOCK = 1024;
/**
 * Features that change the layout: a file type in names, a journal to be replayed, extents, 64
 * bits, groups that lie together, a checksum seed, a large directory.
 */
const UNDERSTOOD = 0x0002 | 0x0004 | 0x0040 | 0x0080 | 0x0200 | 0x2000 | 0x4000;
const EXTENTS = 0x80000;
const EXTENT_MAGIC = 0xf30a;
/** EXT4_INLINE_DATA_FL and EXT4_ENCRYPT_FL. */
const HIDDEN = 0x1000_0000 | 0x800;
/** No directory on the path of a program is larger. */
const LARGEST_DIRECTORY = 4 << 20;

interface Ext2Inode {
  mode: number;
  size: number;
  flags: number;
  /** i_block: addresses, the root of a tree of extents, or a short symlink. */
  blocks: Buffer;
  /** The file has no block: a symlink's target is in the inode itself. */
  bare: boolean;
}

export class Ext2Image implements Pick<Reader, 'kind' | 'readLink' | 'readBytes'> {
  readonly #block: number;
  readonly #inodes: number;
  readonly #perGroup: number;
  readonly #inodeSize: number;
  readonly #descriptor: number;
  readonly #firstBlock: number;

  /** @param at gives the bytes from an offset, fewer at the end. @throws {UnreadableImage} */
  constructor(private readonly at: (offset: number, length: number) => Buffer) {
    const head = this.#bytes(SUPERBLOCK, 1024);
    const incompatible = head.readUInt32LE(0x60);
    if (head.readUInt16LE(0x38) !== 0xef53) unreadable('it has no superblock');
    if ((incompatible & ~UNDERSTOOD) !== 0) unreadable('it has features that are not understood');
    const shift = head.readUInt32LE(0x18);
    if (shift > 6) unreadable('its blocks are too large');
    this.#block = 1024 << shift;
    this.#inodes = head.readUInt32LE(0);
    this.#firstBlock = head.readUInt32LE(0x14);
    this.#perGroup = head.readUInt32LE(0x28);
    this.#inodeSize = head.readUInt32LE(0x4c) === 0 ? 128 : head.readUInt16LE(0x58);
    this.#descriptor = (incompatible & 0x80) !== 0 ? head.readUInt16LE(0xfe) : 32;
    if (
      this.#perGroup === 0 ||
      this.#inodeSize < 128 ||
      this.#inodeSize > this.#block ||
      this.#descriptor < 32
    )
      unreadable('its superblock is damaged');
  }

  #bytes(offset: number, length: number): Buffer {
    const bytes = this.at(offset, length);
    return bytes.length === length ? bytes : unreadable('it is cut short');
  }

  #inode(number: number): Ext2Inode {
    if (number < 1 || number > this.#inodes) unreadable('a name has no inode');
    const [group, index] = [
      Math.floor((number - 1) / this.#perGroup),
      (number - 1) % this.#perGroup,
    ];
    const descriptor = this.#bytes(
      (this.#firstBlock + 1) * this.#block + group * this.#descriptor,
      32,
    );
    const table = descriptor.readUInt32LE(8);
    const bytes = this.#bytes(table * this.#block + index * this.#inodeSize, 128);
    const flags = bytes.readUInt32LE(0x20);
    if ((flags & HIDDEN) !== 0) unreadable('its content is not where it usually is');
    return {
      mode: bytes.readUInt16LE(0),
      size: bytes.readUInt32LE(4),
      flags,
      blocks: Buffer.from(bytes.subarray(0x28, 0x64)),
      bare: bytes.readUInt32LE(0x1c) === 0,
    };
  }

  /** The place of a file's block; 0 is a hole. */
  #place({ flags, blocks }: Ext2Inode, index: number): number {
    if ((flags & EXTENTS) !== 0) return this.#inExtents(blocks, index, 6);
    if (index < 12) return blocks.readUInt32LE(4 * index);
    const each = this.#block / 4;
    let left = index - 12;
    for (let depth = 1, reach = each; depth <= 3; depth++, reach *= each) {
      if (left >= reach) {
        left -= reach;
        continue;
      }
      let place = blocks.readUInt32LE(4 * (11 + depth));
      for (let span = reach / each; place !== 0 && span >= 1; span /= each) {
        place = this.#bytes(place * this.#block + 4 * Math.floor(left / span), 4).readUInt32LE();
        left %= span;
      }
      return place;
    }
    return unreadable('a file is too long');
  }

  #inExtents(node: Buffer, index: number, depth: number): number {
    if (depth === 0 || node.readUInt16LE(0) !== EXTENT_MAGIC)
      unreadable('a tree of extents is damaged');
    const [count, level] = [node.readUInt16LE(2), node.readUInt16LE(6)];
    if (12 * (count + 1) > node.length) unreadable('a tree of extents is damaged');
    let next: number | null = null;
    for (let at = 12; at <= 12 * count; at += 12) {
      const first = node.readUInt32LE(at);
      if (first > index) break;
      if (level > 0) next = node.readUInt32LE(at + 4);
      else {
        // Above 32768 the blocks are reserved and hold nothing yet.
        const length = node.readUInt16LE(at + 4);
        if (length <= 32768 && index < first + length)
          return node.readUInt32LE(at + 8) + index - first;
      }
    }
    return next === null
      ? 0
      : this.#inExtents(this.#bytes(next * this.#block, this.#block), index, depth - 1);
  }

  #content(inode: Ext2Inode, offset: number, length: number): Buffer {
    const parts: Buffer[] = [];
    for (let from = offset, end = Math.min(inode.size, offset + length); from < end;) {
      const within = from % this.#block;
      const count = Math.min(this.#block - within, end - from);
      const place = this.#place(inode, Math.floor(from / this.#block));
      parts.push(
        place === 0 ? Buffer.alloc(count) : this.#bytes(place * this.#block + within, count),
      );
      from += count;
    }
    return Buffer.concat(parts);
  }

  #child(folder: Ext2Inode, name: string): Ext2Inode | null {
    if (folder.size > LARGEST_DIRECTORY) unreadable('a directory is too large');
    const wanted = Buffer.from(name);
    for (let from = 0; from < folder.size; from += this.#block) {
      const block = this.#content(folder, from, this.#block);
      // A reader that does not know indexes of names sees an unused entry there.
      for (let at = 0; at + 8 <= block.length;) {
        const [number, length, named] = [
          block.readUInt32LE(at),
          block.readUInt16LE(at + 4),
          block[at + 6]!,
        ];
        if (length < 8 || at + length > block.length) unreadable('a directory is damaged');
        if (
          number !== 0 &&
          named === wanted.length &&
          block.subarray(at + 8, at + 8 + named).equals(wanted)
        )
          return this.#inode(number);
        at += length;
      }
    }
    return null;
  }

  /** The file at an absolute path that leads through no symlinks; null if there is none. */
  #find(path: string): Ext2Inode | null {
    let found: Ext2Inode | null = this.#inode(ROOT);
    for (const part of path.split('/').filter((each) => each !== '')) {
      if (found === null || kindOfMode(found.mode) !== 'directory') return null;
      found = this.#child(found, part);
    }
    return found;
  }

  kind(path: string): PathKind {
    const found = this.#find(path);
    return found === null ? 'missing' : (kindOfMode(found.mode) ?? 'other');
  }

  details(path: string): { mode: number } {
    return { mode: (this.#find(path) ?? unreadable('nothing is there')).mode & 0o7777 };
  }

  readLink(path: string): string {
    const inode = this.#find(path) ?? unreadable('nothing is there');
    return (
      inode.bare && inode.size < 60
        ? inode.blocks.subarray(0, inode.size)
        : this.#content(inode, 0, Math.min(inode.size, 4096))
    ).toString();
  }

  readBytes(path: string, offset: number, length: number): Uint8Array {
    return this.#content(this.#find(path) ?? unreadable('nothing is there'), offset, length);
  }
}
