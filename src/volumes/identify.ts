import { isErased } from './blank.js';
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

/** How many erase blocks may give a read error before the search ends: each may take long. */
const MOST_READ_ERRORS = 16;

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
  if (isErased(block)) return null;
  const start = Buffer.from(block.subarray(0, 8)).toString('hex');
  return { kind: 'unknown', evidence: `no signature known here; it begins with ${start}` };
}

const isInAnyBlock = (kind: ContentKind): boolean => {
  const type: VolumeType = VOLUME_TYPES[kind];
  return type.inAnyBlock === true;
};

const unreadable = (evidence: string): Content => ({ kind: 'unreadable', evidence });

function firstWords(first: Content | null): string {
  if (first?.kind === 'unreadable') return `a block before it cannot be read (${first.evidence})`;
  return `the first holds ${first?.evidence ?? 'nothing'}`;
}

const behindDamage = (
  seen: { kind: ContentKind; evidence: string },
  block: number,
  first: Content | null,
): Content => ({
  kind: seen.kind,
  evidence: `${seen.evidence} of erase block ${block}, while ${firstWords(first)}`,
  behind: block,
});

/** What one erase block shows; null for erased flash. */
function lookAt(read: (block: number) => Uint8Array, block: number): Content | null {
  let bytes: Uint8Array;
  try {
    bytes = read(block);
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error));
  }
  if (bytes.length === 0) return unreadable(`erase block ${block} gave no bytes to look at`);
  return identifyBlock(bytes);
}

const unknownAt = ({ kind, evidence }: Content, block: number): Content =>
  kind === 'unreadable'
    ? { kind, evidence }
    : { kind: 'unknown', evidence: `${evidence} (erase block ${block})` };

const blankUpTo = (looked: number): Content =>
  looked === 0
    ? unreadable('the partition is smaller than one erase block')
    : {
        kind: 'blank',
        evidence: `0xFF at the start of each of the first ${looked} erase blocks`,
      };

/**
 * Identifies a volume's content. `read(n)` gives the first bytes of its n-th erase block; it is
 * called no more often than needed, so a healthy volume costs one read. Most signatures count only
 * in the first block, where their owners look for them. Those that a driver finds in any block
 * count in every block: a first block that is damaged, that cannot be read, or that was being
 * erased, must not hide the settings behind it.
 */
export function identify(read: (block: number) => Uint8Array, blocks: number): Content {
  let first: Content | null = null;
  let looked = Math.min(blocks, BLOCKS_LOOKED_AT);
  let errors = 0;
  for (let block = 0; block < looked && errors < MOST_READ_ERRORS; block++) {
    const seen = lookAt(read, block);
    if (seen === null) continue;
    if (seen.kind === 'unreadable') errors++;
    else if (block === 0 && seen.kind !== 'unknown') return seen;
    else if (isInAnyBlock(seen.kind)) return behindDamage(seen, block, first);
    looked = Math.min(blocks, BLOCKS_SEARCHED);
    first ??= unknownAt(seen, block);
  }
  return first ?? blankUpTo(looked);
}
