import type { Board } from '../lib/board.js';
import { Failure } from '../lib/report.js';

/** Erased flash: every bit is 1. */
export const blank = (size: number): Buffer => Buffer.alloc(size, 0xff);

/**
 * A jffs2 clean marker: magic, node type 0x2003, length 12, and the CRC of these fields
 * (include/uapi/linux/jffs2.h), little-endian.
 */
const CLEAN_MARKER = Buffer.from('851903200c000000b1b01ee4', 'hex');

/**
 * Makes erased flash with a clean marker in each erase block, as mkfs for jffs2 does. The markers
 * spare jffs2 from erasing all blocks again in the background.
 */
export function cleanMarked(size: number, eraseBlock: number): Buffer {
  const flash = blank(size);
  for (let at = 0; at + CLEAN_MARKER.length <= size; at += eraseBlock) CLEAN_MARKER.copy(flash, at);
  return flash;
}

/** Makes the raw image of each chip from the contents of partitions by name. The rest is blank. */
export function composeChips({ flash }: Board, contents: Record<string, Buffer>): Buffer[] {
  const unknown = Object.keys(contents).find(
    (name) => !flash.partitions.some((partition) => partition.name === name),
  );
  if (unknown !== undefined)
    throw new Failure(
      `the board has no partition ${unknown} to put anything in; its board.json lists ` +
        `${flash.partitions.map(({ name }) => name).join(', ')}`,
    );
  const whole = blank(flash.chips.reduce((sum, size) => sum + size, 0));
  let start = 0;
  for (const { name, size } of flash.partitions) {
    const content = contents[name];
    if (content !== undefined && content.length > size)
      throw new Failure(
        `what goes into partition ${name} has ${content.length} bytes, ` +
          `${content.length - size} more than fit; cut what is in it, or give it more room in ` +
          'board.json',
      );
    content?.copy(whole, start);
    start += size;
  }
  if (start > whole.length)
    throw new Failure(
      `the partitions in board.json have ${start} bytes together, and the chips ` +
        `${whole.length}; make them fit`,
    );
  let from = 0;
  return flash.chips.map((size) => whole.subarray(from, (from += size)));
}
