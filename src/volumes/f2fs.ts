import { upToNul, uuidAt } from './superblock-fields.js';
import type { Labels, VolumeType } from './volume-type.js';

/** The superblock begins at byte 0x400 (include/linux/f2fs_fs.h: struct f2fs_super_block). */
const MAGIC = { at: 0x400, value: 0xf2f52010 };
const UUID_AT = 0x46c;
const LABEL = { from: 0x47c, to: 0x87c };

function read(start: Buffer): Labels | null {
  if (start.length < LABEL.from || start.readUInt32LE(MAGIC.at) !== MAGIC.value) return null;
  return {
    label: upToNul(start.toString('utf16le', LABEL.from, LABEL.to)),
    uuid: uuidAt(start, UUID_AT),
  };
}

export const f2fs: VolumeType = {
  signatures: [{ offset: MAGIC.at, bytes: [0x10, 0x20, 0xf5, 0xf2], name: 'f2fs superblock' }],
  fileSystem: {
    title: 'f2fs',
    options: ['F2FS_FS'],
    xattrOption: 'F2FS_FS_XATTR',
  },
  mountAs: { block: 'f2fs' },
  rootAs: ['f2fs'],
  labels: { bytes: LABEL.to, read },
  identity: (start, fstype) => {
    const { uuid = '' } = read(start) ?? {};
    return uuid === '' ? null : `${fstype} ${uuid}`;
  },
};
