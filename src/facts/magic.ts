import type { Content, ContentKind } from './facts.js';

/**
 * How many erase blocks are looked at before a volume counts as blank: jffs2 does not write them in
 * order, and the first may not be written yet.
 */
const BLOCKS_LOOKED_AT = 16;

/**
 * How many before it counts as unknown: reading costs little against a board whose settings are not
 * found.
 */
const BLOCKS_SEARCHED = 1024;

/** How many bytes of a block's start are looked at: the ext4 magic, the farthest, ends at 0x43a. */
export const BYTES_LOOKED_AT = 0x440;

export interface Signature {
  kind: ContentKind;
  offset: number;
  bytes: readonly number[];
  name: string;
}

/**
 * include/uapi/linux/{jffs2,magic}.h, drivers/mtd/ubi/ubi-media.h. jffs2 exists in both byte
 * orders; 0xdeadc0de is OpenWrt's order to erase.
 */
export const SIGNATURES: readonly Signature[] = [
  { kind: 'jffs2', offset: 0, bytes: [0x85, 0x19], name: 'jffs2 magic 0x1985, little-endian' },
  { kind: 'jffs2', offset: 0, bytes: [0x19, 0x85], name: 'jffs2 magic 0x1985, big-endian' },
  {
    kind: 'erase-marker',
    offset: 0,
    bytes: [0xde, 0xad, 0xc0, 0xde],
    name: 'erase marker 0xdeadc0de',
  },
  { kind: 'ubi', offset: 0, bytes: [0x55, 0x42, 0x49, 0x23], name: 'UBI erase counter header' },
  { kind: 'ubifs', offset: 0, bytes: [0x31, 0x18, 0x10, 0x06], name: 'UBIFS node' },
  { kind: 'squashfs', offset: 0, bytes: [0x68, 0x73, 0x71, 0x73], name: 'squashfs superblock' },
  { kind: 'ext4', offset: 0x438, bytes: [0x53, 0xef], name: 'ext2/3/4 superblock' },
  { kind: 'f2fs', offset: 0x400, bytes: [0x10, 0x20, 0xf5, 0xf2], name: 'f2fs superblock' },
];

const found = (block: Uint8Array, { offset, bytes }: Signature): boolean =>
  bytes.every((byte, index) => block[offset + index] === byte);

/** What one block's first bytes are; null for erased flash. */
function identifyBlock(block: Uint8Array): { kind: ContentKind; evidence: string } | null {
  const signature = SIGNATURES.find((candidate) => found(block, candidate));
  if (signature)
    return { kind: signature.kind, evidence: `${signature.name} at byte ${signature.offset}` };
  if (block.every((byte) => byte === 0xff)) return null;
  const start = Buffer.from(block.subarray(0, 8)).toString('hex');
  return { kind: 'unknown', evidence: `no signature known here; it begins with ${start}` };
}

/**
 * What a volume holds. `read(n)` gives the first bytes of its n-th erase block; it is called no
 * more often than needed, so a healthy volume costs one read. A marker or a foreign file system
 * counts only in the first block, where its owner looks for it; jffs2 nodes and UBI's headers count
 * in every block, because their drivers find them there too, and a first block that is damaged, or
 * was being erased, must not hide the settings behind it.
 */
export function identify(read: (block: number) => Uint8Array, blocks: number): Content {
  let first: Content | null = null;
  let looked = Math.min(blocks, BLOCKS_LOOKED_AT);
  for (let block = 0; block < looked; block++) {
    const bytes = read(block);
    if (bytes.length === 0)
      return { kind: 'unreadable', evidence: `erase block ${block} gave no bytes to look at` };
    const seen = identifyBlock(bytes);
    if (seen?.kind === 'jffs2' || seen?.kind === 'ubi')
      return block === 0
        ? seen
        : {
            kind: seen.kind,
            evidence: `${seen.evidence} of erase block ${block}, while the first holds ${first?.evidence ?? 'nothing'}`,
            behind: block,
          };
    if (block === 0 && seen !== null && seen.kind !== 'unknown') return seen;
    if (seen !== null) looked = Math.min(blocks, BLOCKS_SEARCHED);
    first ??= seen && { kind: 'unknown', evidence: `${seen.evidence} (erase block ${block})` };
  }
  if (looked === 0)
    return { kind: 'unreadable', evidence: 'the partition is smaller than one erase block' };
  return (
    first ?? {
      kind: 'blank',
      evidence: `0xFF at the start of each of the first ${looked} erase blocks`,
    }
  );
}
