/** Makes the contents of a board's flash chips from the contents of its partitions. */
import { readFileSync } from 'node:fs';
import type { Board, Partition } from '../lib/board.js';
import { cleanMarked, composeChips } from './flash.js';
import { Failure } from '../lib/report.js';

/** The kernel is in flash for a boot loader to find. The emulator gets the same file directly. */
const systemContents = (zImage: Buffer, rootfs: Buffer): Record<string, Buffer> => ({
  kernel: zImage,
  rootfs,
});

const dataPartition = ({ flash }: Board): Partition => flash.partitions.at(-1)!;

/**
 * Makes the images of the chips that hold the system, from a kernel and a packed root file system.
 */
export function systemChips(board: Board, zImage: string, rootfs: string): Buffer[] {
  return composeChips(board, systemContents(readFileSync(zImage), readFileSync(rootfs))).slice(
    0,
    -1,
  );
}

/** Makes an empty data partition with the clean markers of jffs2's own tools. */
export function emptyData(board: Board): Buffer {
  const { chips, eraseBlock } = board.flash;
  const size = chips.at(-1)!;
  if (dataPartition(board).size !== size)
    throw new Failure(
      `the last partition of ${board.name} must fill the last flash chip, so that the ` +
        'settings are a file of their own; correct board.json',
    );
  return cleanMarked(size, eraseBlock);
}

/** The same partition, which waits to be erased: fstools' mark is at its beginning. */
export function markedData(board: Board): Buffer {
  const data = emptyData(board);
  data.writeUInt32BE(0xdeadc0de);
  return data;
}
