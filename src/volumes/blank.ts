import type { VolumeType } from './volume-type.js';

export const isErased = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0xff);

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
