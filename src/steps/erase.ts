import { SystemError } from '../system/system-error.js';
import type { System } from '../system/port.js';
import { isErased } from '../volumes/blank.js';
import type { StepKind } from './step-kind.js';

/** Erases a flash partition, which jffs2 then takes. */
interface Erase {
  device: string;
  /** Bytes. */
  size: number;
  /** Size of an erase block in bytes. */
  eraseBlock: number;
}

/**
 * A jffs2 node that says that the root directory has no file `erased` any more
 * (include/uapi/linux/jffs2.h, struct jffs2_raw_dirent), in both byte orders. jffs2 takes a
 * partition with one valid node whatever its other blocks hold, and otherwise only one that is
 * erased as a whole (fs/jffs2/scan.c, jffs2_scan_medium).
 */
const NODE = {
  little:
    '851901e02e000000d49ef84a0100000001000000000000000000000006080000b3a477e08a51535c' +
    '657261736564',
  big:
    '1985e0010000002e4e28d0a80000000100000001000000000000000006080000e39931335c53518a' +
    '657261736564',
};

const byteOrder = (): keyof typeof NODE =>
  new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 'little' : 'big';

/** What is programmed at once: a page of NAND, a byte of NOR. */
function writeSize(system: System, device: string): number {
  try {
    const name = device.slice('/dev/'.length);
    return Number(system.readText(`/sys/class/mtd/${name}/writesize`)) || 1;
  } catch {
    return 1;
  }
}

/** A power cut may tear the erasing of the first block. This node says whose the flash is. */
function writeNode(system: System, device: string, offset: number): void {
  const node = Buffer.from(NODE[byteOrder()], 'hex');
  const size = writeSize(system, device);
  const bytes = Buffer.alloc(Math.ceil(node.length / size) * size, 0xff);
  node.copy(bytes);
  try {
    system.writeFlash(device, offset, bytes);
  } catch {
    // Without it everything goes on as before.
  }
}

export const erase: StepKind<Erase> = {
  inverse: () => null,
  // Each block is read again immediately after it was erased.
  condition: () => ({ kind: 'nothing' }),
  /**
   * Erases the last block first, because the first block holds the order to erase, which must
   * survive a power cut. Skips blocks that are already erased: jffs2 erases each block that has no
   * clean marker once more before it writes there. Before the first block the second gets a node.
   * @throws {SystemError} EIO for a block that is not erased afterwards.
   */
  execute: ({ device, size, eraseBlock }, system) => {
    const blocks = Math.floor(size / eraseBlock);
    const room = new Uint8Array(eraseBlock);
    const isErasedAt = (start: number): boolean => {
      const bytes = system.readBytes(device, start, eraseBlock, room);
      return bytes.length === eraseBlock && isErased(bytes);
    };
    for (let block = blocks - 1; block >= 0; block--) {
      const start = block * eraseBlock;
      system.during(`erasing ${device}, ${blocks - 1 - block} of ${blocks} blocks done`);
      if (isErasedAt(start)) continue;
      if (block === 0 && blocks > 1) writeNode(system, device, eraseBlock);
      const good = system.eraseBlock(device, start, eraseBlock);
      if (good && !isErasedAt(start))
        throw new SystemError({
          what: `erase block ${block} of ${device}, which still holds something`,
          syscall: 'erase',
          errno: 'EIO',
          path: device,
        });
    }
    return true;
  },
  busy: ({ device }) => `erasing ${device}`,
  shownAs: 'one call',
  shell: () => ({ cannot: 'erase flash' }),
};
