import type { VolumeType } from './volume-type.js';

/** include/uapi/linux/jffs2.h. It exists in both byte orders. */
export const jffs2: VolumeType = {
  signatures: [
    { offset: 0, bytes: [0x85, 0x19], name: 'jffs2 magic 0x1985, little-endian' },
    { offset: 0, bytes: [0x19, 0x85], name: 'jffs2 magic 0x1985, big-endian' },
  ],
  inAnyBlock: true,
  fileSystem: {
    title: 'jffs2',
    options: ['JFFS2_FS'],
    flashOnly: true,
    xattrOption: 'JFFS2_FS_XATTR',
  },
  mountAs: { mtd: 'jffs2' },
  rootAs: ['jffs2'],
};
