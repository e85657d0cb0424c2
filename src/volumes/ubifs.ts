import { DEVICE_KINDS } from './device.js';
import type { VolumeType } from './volume-type.js';

/** fs/ubifs/ubifs-media.h. It is mounted from a UBI volume only. */
export const ubifs: VolumeType = {
  signatures: [{ offset: 0, bytes: [0x31, 0x18, 0x10, 0x06], name: 'UBIFS node' }],
  fileSystem: {
    title: 'UBIFS',
    options: ['UBIFS_FS'],
    flashOnly: true,
    xattrOption: 'UBIFS_FS_XATTR',
  },
  mountAs: { ubi: 'ubifs' },
  rootAs: ['ubifs'],
  unmountableText: (on, kind) =>
    `${on} holds UBIFS, which cannot be mounted from ` +
    (kind === 'mtd' ? 'an mtd partition without UBI' : DEVICE_KINDS[kind].title),
};
