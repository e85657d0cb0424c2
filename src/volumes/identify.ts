import { VOLUME_TYPE_LIST, VOLUME_TYPES, type Content, type ContentKind } from './index.js';
import type { Signature, VolumeType } from './volume-type.js';

/**
 * How many erase blocks must be erased before a volume counts as blank: jffs2 does not write them
 * in order, and the first one may not be written yet.
 */
const BLOCKS_LOOKED_AT = 16;

/**
 * How many erase blocks are searched before a volume counts as unknown. Reading costs little
 * compared with a board whose settings are not found.
 */
const BLOCKS_SEARCHED = 1024;

const SIGNATURES = VOLUME_TYPE_LIST.flatMap(([kind, { signatures }]) =>
  signatures.map((signature) => ({ kind, ...signature })),
);

/** How many bytes of a block's start are looked at: enough for every signature. */
export const BYTES_LOOKED_AT =
  16 * Math.ceil(Math.max(...SIGNATURES.map(({ offset, bytes }) => offset + bytes.length)) / 16);

const isAt = (block: Uint8Array, { offset, bytes }: Signature): boolean =>
  bytes.every((byte, index) => block[offset + index] === byte);

/** The content that the first bytes of one erase block show; null for erased flash. */
function identifyBlock(block: Uint8Array): { kind: ContentKind; evidence: string } | null {
  const signature = SIGNATURES.find((candidate) => isAt(block, candidate));
  if (signature)
    return { kind: signature.kind, evidence: `${signature.name} at byte ${signature.offset}` };
  if (block.every((byte) => byte === 0xff)) return null;
  const start = Buffer.from(block.subarray(0, 8)).toString('hex');
  return { kind: 'unknown', evidence: `no signature known here; it begins with ${start}` };
}

const isInAnyBlock = (kind: ContentKind): boolean => {
  const type: VolumeType = VOLUME_TYPES[kind];
  return type.inAnyBlock === true;
};

const unreadable = (evidence: string): Content => ({ kind: 'unreadable', evidence });

const behindDamage = (
  seen: { kind: ContentKind; evidence: string },
  block: number,
  first: Content | null,
): Content => ({
  kind: seen.kind,
  evidence:
    `${seen.evidence} of erase block ${block}, while the first holds ` +
    (first?.evidence ?? 'nothing'),
  behind: block,
});

/**
 * Identifies a volume's content. `read(n)` gives the first bytes of its n-th erase block; it is
 * called no more often than needed, so a healthy volume costs one read. Most signatures count only
 * in the first block, where their owners look for them. Those that a driver finds in any block
 * count in every block: a first block that is damaged, or was being erased, must not hide the
 * settings behind it.
 */
export function identify(read: (block: number) => Uint8Array, blocks: number): Content {
  let first: Content | null = null;
  let looked = Math.min(blocks, BLOCKS_LOOKED_AT);
  for (let block = 0; block < looked; block++) {
    const bytes = read(block);
    if (bytes.length === 0) return unreadable(`erase block ${block} gave no bytes to look at`);
    const seen = identifyBlock(bytes);
    if (seen === null) continue;
    if (block === 0 && seen.kind !== 'unknown') return seen;
    if (isInAnyBlock(seen.kind)) return behindDamage(seen, block, first);
    looked = Math.min(blocks, BLOCKS_SEARCHED);
    first ??= { kind: 'unknown', evidence: `${seen.evidence} (erase block ${block})` };
  }
  if (looked === 0) return unreadable('the partition is smaller than one erase block');
  return (
    first ?? {
      kind: 'blank',
      evidence: `0xFF at the start of each of the first ${looked} erase blocks`,
    }
  );
}
