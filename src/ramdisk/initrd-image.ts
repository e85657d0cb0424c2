import type { OtherContent } from '../volumes/file-systems.js';
import type { ContentKind } from '../volumes/index.js';
import { BYTES_LOOKED_AT, identify } from '../volumes/identify.js';
import { ramdiskSentence } from './codec-problem.js';
import { CompressionError, decompress } from './compression.js';
import { methodOf, type Method } from './method.js';
import type { ByteSource } from './source.js';

/** An initrd that is no cpio. */
export interface Image {
  /** The compression (`gzip` and so on), or the file system's name if it is not compressed. */
  found: string;
  /** The message with which the kernel's decompressor stops; null if everything unpacks. */
  error: string | null;
  /** The file system; null if none is recognised. */
  content: ContentKind | OtherContent | null;
  /** For ext2/3/4: whether it has a journal. Without one ext3 refuses it. */
  journal: boolean;
  kibibytes: number;
}

const BLOCK = 1024;
const HEAD = BLOCK + BYTES_LOOKED_AT;

const magic = (head: Buffer, at: number, value: number, size: 2 | 4 = 4): boolean =>
  head.length >= at + size && head.readUIntLE(at, size) === value;

/** The bytes that we need of each superblock. A shorter one does not count. */
const NEEDED = { romfs: 12, cramfs: 8, squashfs: 48, minix: BLOCK + 12, ext2: BLOCK + 0x60 };

/**
 * The content that a ramdisk's first bytes show (init/do_mounts_rd.c: identify_ramdisk_image), and
 * the number of KiB that the kernel would copy; null if the kernel recognises nothing.
 */
function uncompressed(head: Buffer): { content: Image['content']; kibibytes: number } | null {
  const blocks = (bytes: number): number => Math.ceil(bytes / BLOCK);
  const whole = (bytes: number): boolean => head.length >= bytes;
  if (head.toString('latin1', 0, 8) === '-rom1fs-' && whole(NEEDED.romfs))
    return { content: 'romfs', kibibytes: blocks(head.readUInt32BE(8)) };
  for (const at of [0, 512])
    if (magic(head, at, 0x28cd3d45) && whole(at + NEEDED.cramfs))
      return { content: 'cramfs', kibibytes: blocks(head.readUInt32LE(at + 4)) };
  if (magic(head, 0, 0x73717368) && whole(NEEDED.squashfs))
    return { content: 'squashfs', kibibytes: blocks(Number(head.readBigUInt64LE(40))) };
  if (
    (magic(head, BLOCK + 16, 0x137f, 2) || magic(head, BLOCK + 16, 0x138f, 2)) &&
    whole(NEEDED.minix)
  )
    return {
      content: 'minix',
      kibibytes: head.readUInt16LE(BLOCK + 2) << head.readUInt16LE(BLOCK + 10),
    };
  // s_blocks_count and s_log_block_size; a journal is COMPAT feature 4 (fs/ext2/ext2.h,
  // fs/ext4/ext4.h).
  if (magic(head, BLOCK + 0x38, 0xef53, 2) && whole(NEEDED.ext2))
    return {
      content: 'ext2',
      kibibytes: head.readUInt32LE(BLOCK + 4) * 2 ** Math.min(16, head.readUInt32LE(BLOCK + 24)),
    };
  return null;
}

const hasJournal = (head: Buffer): boolean =>
  head.length >= NEEDED.ext2 &&
  magic(head, BLOCK + 0x38, 0xef53, 2) &&
  (head.readUInt32LE(BLOCK + 0x5c) & 4) !== 0;

/**
 * Identifies an initrd that is no cpio. It unpacks a compressed image, because the kernel also
 * finds faults only when it unpacks.
 */
export async function imageIn(source: ByteSource, most: number): Promise<Image | null> {
  const method = methodOf(await source.peek(2));
  if (method !== null) return compressedImage(source, method, most);
  const head = await source.peek(HEAD);
  const raw = uncompressed(head);
  if (raw === null) return null;
  const content = contentOf(head, raw.content);
  const journal = hasJournal(head);
  const found = raw.content ?? '';
  return { found, error: null, content, journal, kibibytes: raw.kibibytes };
}

/** The same superblock is ext2 without a journal, and ext3 or ext4 with one. */
const contentOf = (head: Buffer, content: Image['content']): Image['content'] =>
  content === 'ext2' && hasJournal(head) ? 'ext4' : content;

async function compressedImage(source: ByteSource, method: Method, most: number): Promise<Image> {
  const { head, total, error } = await unpackedHead(source, method, most);
  const inside = uncompressed(head);
  const guessed = head.length === 0 ? null : identify(() => head, 1).kind;
  return {
    found: method,
    error,
    content: inside === null ? guessed : contentOf(head, inside.content),
    journal: hasJournal(head),
    kibibytes: Math.ceil(total / BLOCK),
  };
}

/**
 * The first bytes of the unpacked data, their length, and the place where the kernel would stop.
 */
async function unpackedHead(
  source: ByteSource,
  method: Method,
  most: number,
): Promise<{ head: Buffer; total: number; error: string | null }> {
  const parts: Buffer[] = [];
  let [held, total] = [0, 0];
  let error: string | null = null;
  try {
    for await (const part of decompress(method, source)) {
      if (held < HEAD) parts.push(Buffer.from(part.subarray(0, HEAD - held)));
      held = Math.min(HEAD, held + part.length);
      total += part.length;
      // More is an error for the kernel too, because the ramdisk is full.
      if (total > most) break;
    }
  } catch (problem) {
    if (!(problem instanceof CompressionError)) throw problem;
    error = problem.kernel ?? ramdiskSentence(problem.problem);
  }
  return { head: Buffer.concat(parts), total, error };
}
