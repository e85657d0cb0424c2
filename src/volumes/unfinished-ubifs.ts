/**
 * UBIFS makes itself when an empty UBI volume is first mounted (fs/ubifs/sb.c,
 * create_default_filesystem): the tree of LEB properties, the superblock in LEB 0, the root inode,
 * its index node, the master nodes in LEB 1 and LEB 2, and the start of the log in LEB 3. It cannot
 * go on after a power cut in between: it takes only a volume on which nothing is mapped for empty.
 */
import { crcOf } from '../text/crc.js';
import { isErased } from './blank.js';
import type { Content } from './index.js';

/** Reads bytes of a logical erase block (LEB). @throws {SystemError} EBADMSG for a torn page. */
export type ReadLeb = (leb: number, offset: number, length: number) => Uint8Array;

/** struct ubifs_ch in fs/ubifs/ubifs-media.h, little-endian. */
const HEAD = 24;
const MAGIC = [0x31, 0x18, 0x10, 0x06] as const;
const LENGTH_AT = 16;
const TYPE_AT = 20;
/** More than any node has: a data node has 4144 bytes at most, an index node some thousand. */
const LONGEST_NODE = 8192;
/** What is made before the master nodes: the root inode, and its index. */
const INODE = 0;
const INDEX = 9;

/** No node has this type: a block gave too few bytes. */
const UNREAD = -1;

/** The node (struct ubifs_mst_node) with which LEB 1, UBIFS_MST_LNUM, and LEB 2 begin. */
const MASTER = 7;
const MASTER_BYTES = 512;
const COMMITS_AT = 32;
/** So many mounts may fail before a volume is left alone. */
const MOST_MASTERS = 64;
/** UBIFS_LOG_LNUM. */
const LOG = 3;

const isNode = (bytes: Uint8Array): boolean => MAGIC.every((byte, at) => bytes[at] === byte);

/** A write that was cut has left bits up that it should have pulled down, and never the reverse. */
const isTornNode = (bytes: Uint8Array): boolean =>
  MAGIC.every((byte, at) => (bytes[at]! & byte) === byte);

const uint32At = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);

/** UBIFS counts CRC-32 without the last inversion, from the byte behind the CRC on. */
function isWhole(node: Uint8Array): boolean {
  return uint32At(node, 4) === ~Number(`0x${crcOf(node.subarray(8))}`) >>> 0;
}

/**
 * The type of the node with which a block begins. `none` if there is no node: the tree of LEB
 * properties has no heads. `torn` for a node of which only a part was written: its checksum does
 * not fit, or that of its page of NAND.
 */
function firstNode(read: ReadLeb, leb: number): number | 'none' | 'torn' {
  try {
    const head = read(leb, 0, HEAD);
    if (head.length < HEAD) return UNREAD;
    if (!isNode(head)) return 'none';
    const length = uint32At(head, LENGTH_AT);
    if (length < HEAD || length > LONGEST_NODE) return 'torn';
    return isWhole(read(leb, 0, length)) ? head[TYPE_AT]! : 'torn';
  } catch (error) {
    if ((error as { errno?: unknown }).errno === 'EBADMSG') return 'torn';
    throw error;
  }
}

/**
 * Whether all master nodes of a block are of before the first commit. A mount that fails at the log
 * has written some more of them, one behind the other.
 */
function hasNoCommit(read: ReadLeb, leb: number): boolean {
  for (let at = 0; at < MOST_MASTERS * MASTER_BYTES; at += MASTER_BYTES) {
    const bytes = read(leb, at, MASTER_BYTES);
    if (bytes.length < MASTER_BYTES || isErased(bytes)) return true;
    const isMaster = isNode(bytes) && bytes[TYPE_AT] === MASTER && isWhole(bytes);
    if (isMaster && (uint32At(bytes, COMMITS_AT) > 0 || uint32At(bytes, COMMITS_AT + 4) > 0))
      return false;
  }
  return false;
}

/** Whether UBIFS that makes itself writes such a node to a block, before the start of the log. */
function isMadeFirst(read: ReadLeb, leb: number, type: number): boolean {
  return leb < LOG ? type === MASTER && hasNoCommit(read, leb) : type === INODE || type === INDEX;
}

/**
 * Whether nothing on a volume was written after the start of the log, which comes last. Before the
 * first commit the log of a used volume begins there too, and afterwards the master node counts
 * commits. To be sure after other damage, no block may begin with what a used volume has: the log,
 * names of files, data. One node may be torn: one write is cut, not two.
 */
function hasNoFile(read: ReadLeb, lebs: number): boolean {
  // A volume in use has that before its first commit, and needs no further look.
  if (typeof firstNode(read, LOG) === 'number') return false;
  const seen = new Set<number | 'torn'>();
  for (let leb = 1; leb < lebs; leb++) {
    const type = firstNode(read, leb);
    if (type === 'none') continue;
    if (type !== 'torn' && !isMadeFirst(read, leb, type)) return false;
    if (type !== MASTER && seen.has(type)) return false;
    seen.add(type);
  }
  return true;
}

/**
 * Looks at a UBI volume for UBIFS that has not made itself to the end. A used volume costs a few
 * reads of some bytes. @param content what its first bytes show. @throws {SystemError} if a block
 * cannot be read.
 */
export function asUnfinished(content: Content, read: ReadLeb, lebs: number): Content {
  const { kind, evidence } = content;
  const isTorn = kind === 'unknown' && isTornNode(read(0, 0, HEAD));
  if (!isTorn && kind !== 'ubifs' && kind !== 'blank') return content;
  if (lebs <= LOG || !hasNoFile(read, lebs)) return content;
  return {
    kind: isTorn ? 'ubifs' : kind,
    evidence: `${evidence}, and no log in LEB 3`,
    unfinished: true,
  };
}
