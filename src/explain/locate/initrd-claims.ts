import type { Atags } from '../../facts/atags.js';
import type { DeviceTree, Region } from '../../facts/device-tree.js';
import type { BootParameters } from '../boot-parameters.js';

/** One hand-over of an initrd's place to the kernel. */
export interface InitrdClaim {
  source: 'command line' | '/chosen' | 'ATAG_INITRD2' | 'ATAG_INITRD';
  start: number;
  /** The address after the last byte. */
  end: number;
  size: number;
  /** It begins on a page. If not, the kernel reserves the whole first page. */
  aligned: boolean;
  /** It lies in the memory that the same hand-over names; null if unknown. */
  inMemory: boolean | null;
  /**
   * The reservation that covers it: an entry of the blob's own table, or a node of
   * /reserved-memory. '' for none; null if that table could not be read.
   */
  reserved: string | null;
  /** The form of the hand-over; '' for the usual one. */
  note: string;
}

/** The sources that tell the kernel about an initrd. */
export interface HandOver {
  words: BootParameters;
  deviceTree: DeviceTree | null;
  atags: Atags | null;
  /** The memory in the device tree and in the tags. */
  memory: readonly Region[];
}

/** The page size of every 32-bit ARM kernel and of most 64-bit ones. */
const PAGE = 4096;

export const address = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

type Range = Pick<InitrdClaim, 'start' | 'end'>;

const within = ({ start, end }: Range, region: Region): boolean =>
  start >= region.start && end <= region.start + region.size;

function reservationOf(range: Range, deviceTree: DeviceTree | null): string | null {
  if (deviceTree === null) return null;
  const entry = deviceTree.reservations?.find((region) => within(range, region));
  if (entry) return `the entry ${address(entry.start)}+0x${entry.size.toString(16)}`;
  const node = deviceTree.reserved.find((region) => within(range, region));
  if (node) return `/reserved-memory/${node.name}`;
  return deviceTree.reservations === null ? null : '';
}

function claim(
  { deviceTree, memory }: HandOver,
  source: InitrdClaim['source'],
  { start, size }: Region,
  note = '',
): InitrdClaim {
  const end = start + size;
  // A virtual address says nothing about memory.
  const comparable = source !== 'ATAG_INITRD' && memory.length > 0;
  return {
    source,
    start,
    end,
    size,
    aligned: start % PAGE === 0,
    inMemory: comparable ? memory.some((region) => within({ start, end }, region)) : null,
    reserved: reservationOf({ start, end }, deviceTree),
    note,
  };
}

/** The width of the numbers in /chosen, by the bytes of its two properties. */
function cells(bytes: readonly number[]): string {
  if (bytes.every((length) => length === 4)) return '32-bit cells';
  if (bytes.every((length) => length === 8)) return '64-bit cells';
  return `of ${bytes.join(' and ')} bytes`;
}

function commandLineClaim(handOver: HandOver): InitrdClaim[] {
  const { initrd } = handOver.words;
  return initrd === null ? [] : [claim(handOver, 'command line', initrd)];
}

function chosenClaim(handOver: HandOver): InitrdClaim[] {
  const { start = null, end = null, bytes = [] } = handOver.deviceTree?.initrd ?? {};
  if (start === null || end === null || end < start) return [];
  return [claim(handOver, '/chosen', { start, size: end - start }, cells(bytes))];
}

function tagClaim(handOver: HandOver): InitrdClaim[] {
  const initrd = handOver.atags?.initrd;
  if (!initrd) return [];
  return initrd.virtual
    ? [claim(handOver, 'ATAG_INITRD', initrd, 'a virtual address, deprecated')]
    : [claim(handOver, 'ATAG_INITRD2', initrd)];
}

/**
 * Every hand-over of an initrd, the one that the kernel uses first. The kernel reads the command
 * line last, and ignores tags if it has a device tree (drivers/of/fdt.c,
 * arch/arm/kernel/atags_parse.c, init/do_mounts_initrd.c).
 */
export const initrdClaims = (handOver: HandOver): InitrdClaim[] => [
  ...commandLineClaim(handOver),
  ...chosenClaim(handOver),
  ...tagClaim(handOver),
];
