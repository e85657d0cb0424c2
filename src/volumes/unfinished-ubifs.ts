/**
 * UBIFS makes itself when an empty UBI volume is first mounted (fs/ubifs/sb.c,
 * create_default_filesystem): the tree of LEB properties, the superblock in LEB 0, the root inode,
 * its index node, the master nodes in LEB 1 and LEB 2, and the start of the log in LEB 3. It cannot
 * go on after a power cut in between: it takes only a volume on which nothing is mapped for empty.
 */
import { crcOf } from '../text/crc.js';
import type { Content } from './index.js';

/** Reads bytes of a logical erase block (LEB). @throws {SystemError} EBADMSG for a torn page. */
export type ReadLeb = (leb: number, offset: number, length: number) => Uint8Array;

/** struct ubifs_ch in fs/ubifs/ubifs-media.h, little-endian. */
const HEAD = 24;
const MAGIC = [0x31, 0x18, 0x10, 0x06] as const;
const LENGTH_AT = 16;
const TYPE_AT = 20;
/** The node types of what is made before the first master node: the root inode and its index. */
const INODE = 0;
const INDEX = 9;

/** UBIFS_MST_LNUM and the LEB behind it, which hold the two master nodes, of 512 bytes. */
const MASTERS = [1, 2] as const;
const MASTER_BYTES = 512;

const isErased = (bytes: Uint8Array): boolean =>
  bytes.length === HEAD && bytes.every((byte) => byte === 0xff);
const isNode = (bytes: Uint8Array): boolean => MAGIC.every((byte, at) => bytes[at] === byte);

/** A write that was cut has left bits up that it should have pulled down, and never the reverse. */
const isTornNode = (bytes: Uint8Array): boolean =>
  MAGIC.every((byte, at) => (bytes[at]! & byte) === byte);

/** UBIFS counts CRC-32 without the last inversion, from the byte behind the CRC on. */
function isWhole(bytes: Uint8Array): boolean {
  if (!isNode(bytes)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(LENGTH_AT, true);
  if (length < HEAD || length > bytes.length) return false;
  return view.getUint32(4, true) === ~Number(`0x${crcOf(bytes.subarray(8, length))}`) >>> 0;
}

/** The bytes; null if a page there was torn, so that its checksum does not fit. */
function orTorn(read: ReadLeb, leb: number, length: number): Uint8Array | null {
  try {
    return read(leb, 0, length);
  } catch (error) {
    if ((error as { errno?: unknown }).errno === 'EBADMSG') return null;
    throw error;
  }
}

/**
 * Whether the first master node is not there, or only a part of it, and the second is not begun.
 * Each is written over only while the other is whole (fs/ubifs/master.c, ubifs_write_master), so
 * no cut leaves a used volume like that.
 */
function hasNoMaster(read: ReadLeb): boolean {
  const [one, two] = MASTERS;
  if (!isErased(read(two, 0, HEAD))) return false;
  const first = orTorn(read, one, MASTER_BYTES);
  return first === null || !isWhole(first);
}

/**
 * Whether no block begins with what a used volume has: the log, names of files, data. So damage to
 * the master nodes is not mistaken for a cut. One page may be torn: one write is cut, not two.
 */
function hasNoFile(read: ReadLeb, lebs: number): boolean {
  let torn = 0;
  const seen = new Set<number>();
  for (let leb = 1; leb < lebs && torn < 2; leb++) {
    const head = orTorn(read, leb, HEAD);
    if (head === null) torn++;
    else if (isNode(head) && leb !== MASTERS[0]) {
      const type = head[TYPE_AT]!;
      if ((type !== INODE && type !== INDEX) || seen.has(type)) return false;
      seen.add(type);
    }
  }
  return torn < 2;
}

/**
 * Looks at a UBI volume for UBIFS that has not made itself to the end. A used volume costs one read
 * of 24 bytes. @param content what its first bytes show. @throws {SystemError} if LEB 2 cannot be
 * read.
 */
export function asUnfinished(content: Content, read: ReadLeb, lebs: number): Content {
  const { kind, evidence } = content;
  const isTorn = kind === 'unknown' && isTornNode(read(0, 0, HEAD));
  if (!isTorn && kind !== 'ubifs' && kind !== 'blank') return content;
  if (lebs <= MASTERS[1] || !hasNoMaster(read) || !hasNoFile(read, lebs)) return content;
  return {
    kind: isTorn ? 'ubifs' : kind,
    evidence: `${evidence}, and no master node in LEB ${MASTERS.join(' and ')}`,
    unfinished: true,
  };
}
