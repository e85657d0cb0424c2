import type { Coded } from '../../text/coded.js';
import { printable } from '../../text/printable.js';
import { address, type HandOver, type InitrdClaim } from './initrd-claims.js';

type Source = InitrdClaim['source'];

/** The faults of the hand-over of an initrd. */
export const LOCATE_PROBLEMS = {
  'strange-word': ({ word }: { word: string }) =>
    `initrd=${word} on the command line is not ADDRESS,SIZE, and the kernel passes over it`,
  'ends-before-start': ({ start, end }: { start: number; end: number }) =>
    `/chosen says that the initrd ends at ${address(end)}, ` +
    `before its start at ${address(start)}: the kernel passes over it`,
  'only-one-end': ({ property }: { property: 'linux,initrd-start' | 'linux,initrd-end' }) =>
    `/chosen has only ${property}: the kernel passes over it`,
  empty: ({ source }: { source: Source }) =>
    `${source} tells of an initrd without a byte: the kernel takes it for none`,
  'outside-memory': ({ source }: { source: Source }) =>
    `what ${source} tells of does not lie in memory: ` +
    'the kernel refuses it ("is not a memory region - disabling initrd")',
  'behind-file': (of: { source: Source; size: number; file: string; bytes: number }) =>
    `what ${of.source} tells of has ${of.size} bytes, and ${printable(of.file)} hands over ` +
    `${of.bytes}: the kernel also reads what lies behind it in memory, and complains unless that ` +
    'is zeros',
  'before-file-end': (of: { source: Source; size: number; file: string; bytes: number }) =>
    `what ${of.source} tells of has ${of.size} bytes, and ${printable(of.file)} hands over ` +
    `${of.bytes}: the kernel gets it cut short`,
  'above-4-gib': ({ source }: { source: Source }) =>
    `what ${source} tells of lies above 4 GiB, ` +
    'where a kernel with 32 bits without LPAE does not look',
  disagreement: ({ sources }: { sources: Source[] }) =>
    `${sources.join(' and ')} do not agree: the kernel takes ` +
    (sources[0] === 'command line'
      ? "the command line's"
      : '/chosen, for with a device tree it reads no tags'),
};

type LocateProblem = Coded<typeof LOCATE_PROBLEMS>;

const FOUR_GIB = 2 ** 32;

/** The words that the kernel ignores, so that they make no claim. */
function passedOver({ words, deviceTree }: HandOver): LocateProblem[] {
  const out: LocateProblem[] = [];
  if (words.strangeInitrd !== null) out.push({ code: 'strange-word', word: words.strangeInitrd });
  const { start = null, end = null } = deviceTree?.initrd ?? {};
  if (start !== null && end !== null) {
    if (end < start) out.push({ code: 'ends-before-start', start, end });
  } else if (start !== null) out.push({ code: 'only-one-end', property: 'linux,initrd-start' });
  else if (end !== null) out.push({ code: 'only-one-end', property: 'linux,initrd-end' });
  return out;
}

/** The ramdisk's own file, if the user has named it. */
export interface NamedRamdisk {
  file: string;
  /** The bytes that the boot loader hands over of it. */
  bytes: number;
}

/** Compares the size that the kernel is told with the ramdisk's own. */
function againstFile({ source, size }: InitrdClaim, named: NamedRamdisk | null): LocateProblem[] {
  if (named === null || size === 0 || size === named.bytes) return [];
  const code = size > named.bytes ? 'behind-file' : 'before-file-end';
  return [{ code, source, size, ...named }];
}

function problemsOf({ source, size, inMemory, end }: InitrdClaim): LocateProblem[] {
  const out: LocateProblem[] = [];
  if (size === 0) out.push({ code: 'empty', source });
  else if (inMemory === false) out.push({ code: 'outside-memory', source });
  if (end > FOUR_GIB) out.push({ code: 'above-4-gib', source });
  return out;
}

/**
 * @param agree whether all claims are equal; null if there is nothing to compare.
 * @param ramdisk null if its file is not named.
 */
export const locateProblems = (
  handOver: HandOver,
  claims: readonly InitrdClaim[],
  { agree, ramdisk }: { agree: boolean | null; ramdisk: NamedRamdisk | null },
): LocateProblem[] => [
  ...passedOver(handOver),
  ...claims.flatMap(problemsOf),
  ...claims.flatMap((claim) => againstFile(claim, ramdisk)),
  ...(agree === false
    ? [
        {
          code: 'disagreement' as const,
          sources: comparableClaims(claims).map(({ source }) => source),
        },
      ]
    : []),
];

/** The claims with a physical address. */
export const comparableClaims = (claims: readonly InitrdClaim[]): InitrdClaim[] =>
  claims.filter(({ source }) => source !== 'ATAG_INITRD');
