import type { VolumeType } from './volume-type.js';

/**
 * Whether each byte is as the next one. A function for each byte would take a board, which has no
 * compiler then, 0.5 ms for each KiB.
 */
export const isUniform = (bytes: Uint8Array): boolean =>
  Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0;

export const isErased = (bytes: Uint8Array): boolean =>
  bytes.length === 0 || (bytes[0] === 0xff && isUniform(bytes));

/**
 * Erased flash: every byte that we read was 0xFF. jffs2 and UBIFS mount it and make it their own. A
 * blank block device would need a mkfs, which nobody ordered.
 */
export const blank: VolumeType = {
  signatures: [],
  mountAs: { mtd: 'jffs2', ubi: 'ubifs' },
  rootAs: ['jffs2'],
  unmountable: (_, makers) => ({
    reason: 'unknown-content',
    because: 'it has no file system that could be mounted',
    cure: `make one (${makers})`,
  }),
  unmountableText: (on) => `${on} has no file system on it, and none is made without an order`,
};
