import { blank } from './blank.js';
import type { VolumeType } from './volume-type.js';

/**
 * The device could not be read, so its content is not known. A mount shows it: jffs2 and UBIFS
 * refuse content of another type.
 */
export const unreadable: VolumeType = {
  signatures: [],
  mountAs: blank.mountAs,
  rootAs: [],
  ...(blank.unmountable !== undefined && { unmountable: blank.unmountable }),
  unmountableText: (on) => `${on} holds nothing that could be mounted`,
};
