import { VOLUME_TYPE_LIST, VOLUME_TYPES, type ContentKind } from './index.js';
import type { FileSystem, VolumeType } from './volume-type.js';
import { keyed } from '../text/keyed.js';

/** File systems that a root can have and that are not known as the content of a volume. */
const OTHERS = {
  ext2: { title: 'ext2', options: ['EXT2_FS'] },
  ext3: { title: 'ext3', options: ['EXT3_FS'] },
  cramfs: {
    title: 'cramfs',
    options: ['CRAMFS'],
    readonly: true,
    mtdOption: 'CRAMFS_MTD',
  },
  romfs: {
    title: 'romfs',
    options: ['ROMFS_FS'],
    readonly: true,
    mtdOption: 'ROMFS_ON_MTD',
  },
  minix: { title: 'minix', options: ['MINIX_FS'] },
  erofs: { title: 'erofs', options: ['EROFS_FS'], readonly: true },
  vfat: { title: 'vfat', options: ['VFAT_FS'] },
  btrfs: { title: 'btrfs', options: ['BTRFS_FS'] },
  xfs: { title: 'xfs', options: ['XFS_FS'] },
  nfs: { title: 'nfs', options: ['NFS_FS'] },
  nfs4: { title: 'nfs4', options: ['NFS_V4'] },
  '9p': { title: '9p', options: ['9P_FS'] },
  virtiofs: { title: 'virtiofs', options: ['VIRTIO_FS'] },
} satisfies Record<string, FileSystem>;

/** The file systems of the kernel that are known here, by the name that mount(2) takes. */
export const FILE_SYSTEMS: Readonly<Partial<Record<string, FileSystem>>> = keyed({
  ...OTHERS,
  ...Object.fromEntries(
    VOLUME_TYPE_LIST.flatMap(([kind, { fileSystem }]) =>
      fileSystem === undefined ? [] : [[kind, fileSystem]],
    ),
  ),
});

/** Whether the content is a file system, so that its kind is the name that mount(2) takes. */
export const isFileSystem = (kind: ContentKind): boolean => FILE_SYSTEMS[kind] !== undefined;

/** Whether the kernel can write to a file system of this type; false for one not known here. */
export function isWritableType(fstype: string): boolean {
  const known = FILE_SYSTEMS[fstype];
  return known !== undefined && known.readonly !== true;
}

/** jffs2 and UBIFS. */
export const isFlashOnly = (fstype: string): boolean => FILE_SYSTEMS[fstype]?.flashOnly === true;

/** The types that are recognised in a ramdisk's image besides those of a volume. */
export type OtherContent = 'ext2' | 'cramfs' | 'romfs' | 'minix';

/** Without a journal: ext3 alone refuses it. */
const EXT2_AS = ['ext4', 'ext2'];

/** The file systems that can mount a root with this content, the best one first. */
export function rootTypes(content: ContentKind | OtherContent): readonly string[] {
  if (content === 'ext2') return EXT2_AS;
  const type: VolumeType | undefined = VOLUME_TYPES[content as ContentKind];
  return type?.rootAs ?? [content];
}
