import { SystemError } from '../system/system-error.js';
import type { StepKind } from './step-kind.js';

/**
 * Writes the order to erase a partition, or to make a new file system on a disk, at its beginning.
 * The first block of flash is erased before.
 */
interface MarkForErase {
  device: string;
  /** Size of an erase block in bytes; null for a disk, which has none. */
  eraseBlock: number | null;
}

/** OpenWrt's order to erase a partition, at its start. */
const ERASE_MARKER = Uint8Array.of(0xde, 0xad, 0xc0, 0xde);

export const markForErase: StepKind<MarkForErase> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  /**
   * A power cut between erasing and writing leaves a blank first block, and no order.
   * @throws {SystemError} EIO if the first block is bad.
   */
  execute: ({ device, eraseBlock }, system) => {
    if (eraseBlock !== null && !system.eraseBlock(device, 0, eraseBlock))
      throw new SystemError({
        what: `mark ${device} to be erased, because its first block is bad`,
        syscall: 'erase',
        errno: 'EIO',
        path: device,
      });
    system.writeFlash(device, 0, ERASE_MARKER);
    return true;
  },
  busy: null,
  shell: () => ({ cannot: 'write to flash' }),
};
