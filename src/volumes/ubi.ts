import type { VolumeType } from './volume-type.js';

/** Flash in UBI form: it must be attached before it has volumes (drivers/mtd/ubi/ubi-media.h). */
export const ubi: VolumeType = {
  signatures: [{ offset: 0, bytes: [0x55, 0x42, 0x49, 0x23], name: 'UBI erase counter header' }],
  inAnyBlock: true,
  mountAs: {},
  rootAs: [],
  unmountableText: (on, kind) =>
    `${on} holds UBI, which cannot be mounted from ` +
    (kind === 'mtd' ? 'an mtd partition as it is' : 'such a device'),
};
