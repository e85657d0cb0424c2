import { SystemError } from '../system/system-error.js';
import type { StepKind } from './step-kind.js';

/** Erases a flash partition. */
interface Erase {
  device: string;
  /** Bytes. */
  size: number;
  /** Size of an erase block in bytes. */
  eraseBlock: number;
}

const isErased = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0xff);

export const erase: StepKind<Erase> = {
  inverse: () => null,
  // Each block is read again immediately after it was erased.
  condition: () => ({ kind: 'nothing' }),
  /**
   * Erases the last block first, because the first block holds the order to erase, which must
   * survive a power cut. Skips blocks that are already erased: jffs2 erases each block that has no
   * clean marker once more before it writes there.
   * @throws {SystemError} EIO for a block that is not erased afterwards.
   */
  execute: ({ device, size, eraseBlock }, system) => {
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
  },
  busy: ({ device }) => `erasing ${device}`,
  shownAs: 'one call',
  shell: () => ({ cannot: 'erase flash' }),
};
