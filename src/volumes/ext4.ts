import { upToNul, uuidAt } from './superblock-fields.js';
import type { Labels, VolumeType } from './volume-type.js';

/** The superblock begins at byte 0x400 (fs/ext4/ext4.h: struct ext4_super_block). */
const MAGIC = { at: 0x438, value: 0xef53 };
const UUID_AT = 0x468;
const LABEL = { from: 0x478, to: 0x488 };
const MADE = { from: 0x508, to: 0x510 };

function read(start: Buffer): Labels | null {
  if (start.length < LABEL.to || start.readUInt16LE(MAGIC.at) !== MAGIC.value) return null;
  return {
    label: upToNul(start.toString('utf8', LABEL.from, LABEL.to)),
    uuid: uuidAt(start, UUID_AT),
  };
}

/** ext2, ext3 and ext4, which have one superblock. */
export const ext4: VolumeType = {
  signatures: [{ offset: MAGIC.at, bytes: [0x53, 0xef], name: 'ext2/3/4 superblock' }],
  fileSystem: { title: 'ext4', options: ['EXT4_FS', 'EXT4_USE_FOR_EXT2'] },
  mountAs: { block: 'ext4' },
  rootAs: ['ext4', 'ext3', 'ext2'],
  labels: { bytes: LABEL.to, read },
  // Other counters of the superblock change with each mount; s_mkfs_time does not.
  identity: (start, fstype) => {
    const { uuid = '' } = read(start) ?? {};
    if (uuid === '') return null;
    const dated = fstype.startsWith('ext') && start.length >= MADE.to;
    return `${fstype} ${uuid}${dated ? `, made ${start.readUInt32LE(MADE.from)}` : ''}`;
  },
};
