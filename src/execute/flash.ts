import type { ActionOf } from '../steps/step.js';
import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

/** OpenWrt's order to erase a partition, in the bytes of its start. */
const ERASE_MARKER = Uint8Array.of(0xde, 0xad, 0xc0, 0xde);

const isErased = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0xff);

/**
 * Erases a partition, last block first, because the first holds the order to erase and must outlast
 * a power cut. What is erased already is left: jffs2 erases each block without a mark of its own
 * once more before it writes there. @throws {SystemError} EIO for a block that is not erased
 * afterwards.
 */
export function erase({ device, size, eraseBlock }: ActionOf<'erase'>, system: System): boolean {
  const blocks = Math.floor(size / eraseBlock);
  for (let block = blocks - 1; block >= 0; block--) {
    const start = block * eraseBlock;
    system.during(`erasing ${device}, ${blocks - 1 - block} of ${blocks} blocks done`);
    if (isErased(system.readBytes(device, start, eraseBlock))) continue;
    const good = system.eraseBlock(device, start, eraseBlock);
    if (good && !isErased(system.readBytes(device, start, eraseBlock)))
      throw new SystemError({
        what: `erase block ${block} of ${device}, which still holds something`,
        syscall: 'erase',
        errno: 'EIO',
        path: device,
      });
  }
  return true;
}

/**
 * Puts the order to erase it on a partition. A power cut in between leaves a blank first block, and
 * no order.
 */
export function markForErase(
  { device, eraseBlock }: ActionOf<'mark-for-erase'>,
  system: System,
): boolean {
  if (!system.eraseBlock(device, 0, eraseBlock))
    throw new SystemError({
      what: `mark ${device} to be erased, for its first block is bad`,
      syscall: 'erase',
      errno: 'EIO',
      path: device,
    });
  system.writeFlash(device, 0, ERASE_MARKER);
  return true;
}
