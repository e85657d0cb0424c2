import type { Image } from '../ramdisk/image.js';
import type { DecisionLog } from './decision-log.js';

/** What a root would be mounted from. */
export interface Source {
  /**
   * A block device through /dev/root, an mtd or UBI name that only some file systems take, or
   * nothing at all.
   */
  kind: 'block' | 'mtd' | 'ubi' | 'none';
  exists: boolean | null;
  content: Image['content'];
  journal: boolean;
  /** The device lies on flash: jffs2 works on no other. */
  flash: boolean;
  /** It cannot be written: the flag rw is then not kept. */
  readonly: boolean;
}

/** How trying the types ends: one mounts, one fails for good, or none fits. */
export type MountOutcome =
  | { kind: 'mounted'; fstype: string | null; readonly: boolean; certain: boolean; why: string }
  | { kind: 'fails'; error: number; fstype: string; why: string }
  | { kind: 'none'; tried: string[]; why: string };

/** Which types mount what is recognised. An ext2 without a journal is refused by ext3 alone. */
const FITS: Partial<Record<NonNullable<Image['content']>, readonly string[]>> = {
  squashfs: ['squashfs'],
  jffs2: ['jffs2'],
  blank: ['jffs2'],
  f2fs: ['f2fs'],
  ubifs: ['ubifs'],
  ext4: ['ext4', 'ext3', 'ext2'],
  ext2: ['ext4', 'ext2'],
  cramfs: ['cramfs'],
  romfs: ['romfs'],
  minix: ['minix'],
};
const WITHOUT_DEVICE = ['tmpfs', 'ramfs'];
/** The option that brings a type, where its name does not say it. */
const OPTIONS: Record<string, string> = {
  squashfs: 'SQUASHFS',
  jffs2: 'JFFS2_FS',
  ubifs: 'UBIFS_FS',
  ext2: 'EXT2_FS',
  ext3: 'EXT3_FS',
  ext4: 'EXT4_FS',
  f2fs: 'F2FS_FS',
  cramfs: 'CRAMFS',
  romfs: 'ROMFS_FS',
  minix: 'MINIX_FS',
  erofs: 'EROFS_FS',
  vfat: 'VFAT_FS',
  btrfs: 'BTRFS_FS',
  xfs: 'XFS_FS',
  nfs: 'NFS_FS',
};

/**
 * Types that take an mtd name where the kernel is built for it (fs/cramfs/inode.c,
 * fs/romfs/super.c: get_tree_mtd before get_tree_bdev).
 */
export const ON_MTD: Record<string, string> = { cramfs: 'CRAMFS_MTD', romfs: 'ROMFS_ON_MTD' };

/** Whether the kernel has a type of file system; null where nothing says. */
function knows(t: DecisionLog, fstype: string): boolean | null {
  if (t.given.types !== null) return t.given.types.some(({ name }) => name === fstype);
  const name = OPTIONS[fstype];
  // ext4 serves as ext2 and ext3 too, where it is told to.
  if (name === undefined || t.given.config === null) return null;
  return t.option(name) === true || (/^ext[23]$/.test(fstype) && t.option('EXT4_FS') === true);
}

const sort = (fstype: string, t: DecisionLog): 'device' | 'none' =>
  WITHOUT_DEVICE.includes(fstype) ||
  t.given.types?.some(
    ({ name, device }) => name === fstype && !device && !['jffs2', 'ubifs'].includes(name),
  )
    ? 'none'
    : 'device';

/**
 * The types that are tried: those of rootfstype=, else all that need a block device, in the order
 * in which they registered. null: not known.
 */
export const candidates = (t: DecisionLog): string[] | null =>
  t.words.fstypes ?? t.given.types?.filter(({ device }) => device).map(({ name }) => name) ?? null;

const EINVAL = -22;

/**
 * What mounting one type comes to: 0, an error, or null where that is not known (init/do_mounts.c:
 * do_mount_root).
 */
function attempt(
  t: DecisionLog,
  fstype: string,
  { kind, exists, content, journal, flash }: Source,
): { error: number | null; why: string } {
  if (knows(t, fstype) === false) return { error: -19, why: `the kernel does not have ${fstype}` };
  if (sort(fstype, t) === 'none')
    return WITHOUT_DEVICE.includes(fstype)
      ? { error: 0, why: `${fstype} needs no device: a new, empty one` }
      : {
          error: null,
          why: `${fstype} needs no device, and how it mounts does not show from here`,
        };
  if (kind === 'mtd' || kind === 'ubi') {
    const onMtd = kind === 'mtd' ? ON_MTD[fstype] : undefined;
    if (!['jffs2', 'ubifs'].includes(fstype) && onMtd === undefined)
      return { error: -2, why: `${fstype} takes a block device and no ${kind} name` };
    if (onMtd !== undefined && t.option(onMtd) === false)
      return {
        error: -2,
        why: `${fstype} takes a block device and no mtd name, for the kernel is built without CONFIG_${onMtd}`,
      };
    if (kind === 'ubi' && fstype === 'jffs2')
      return { error: EINVAL, why: 'jffs2 takes no UBI volume' };
    if (kind === 'mtd' && fstype === 'ubifs')
      return { error: EINVAL, why: 'UBIFS takes a UBI volume and no mtd partition' };
    if (exists === false)
      return {
        error: kind === 'ubi' ? -19 : -2,
        why: kind === 'ubi' ? 'there is no such UBI volume' : 'there is no such mtd partition',
      };
  }
  if (exists === false) return { error: -6, why: 'there is no such device' };
  if (kind === 'mtd' && fstype in ON_MTD && t.option(ON_MTD[fstype]!) === null)
    return {
      error: null,
      why: `whether the kernel is built to mount ${fstype} from an mtd partition (CONFIG_${ON_MTD[fstype]}) is not known`,
    };
  if (content === null || content === 'unknown' || content === 'unreadable')
    return { error: null, why: 'what is on the device is not known' };
  if (fstype === 'ubifs' && kind !== 'ubi')
    return { error: EINVAL, why: 'UBIFS takes a UBI volume and no block device' };
  const fits = FITS[content]?.includes(fstype) ?? false;
  if (fstype === 'jffs2' && !flash) return { error: EINVAL, why: 'jffs2 works on flash only' };
  // It finds no node of its own and refuses to erase what may be another's (fs/jffs2/scan.c).
  if (fstype === 'jffs2' && !fits)
    return { error: -5, why: `the device holds ${content} and no jffs2` };
  if (fstype === 'ext3' && !journal) return { error: EINVAL, why: 'ext3 wants a journal' };
  return fits
    ? {
        error: 0,
        why: `the device holds ${content === 'blank' ? 'erased flash, which is an empty jffs2' : content}`,
      }
    : { error: EINVAL, why: `the device holds ${content}` };
}

/**
 * Foresees mount_block_root: EINVAL and EACCES lead to the next type, any other error ends it; a
 * device that cannot be written is tried again read-only.
 */
export function predictMount(t: DecisionLog, source: Source, writable: boolean): MountOutcome {
  const types = candidates(t);
  const readonly = (fstype: string | null): boolean =>
    !writable ||
    source.readonly ||
    ['squashfs', 'cramfs', 'romfs', 'erofs'].includes(fstype ?? source.content ?? '');
  if (types === null) {
    if (source.exists === false)
      return { kind: 'fails', error: -6, fstype: '', why: 'there is no such device' };
    const [natural = null] = FITS[source.content ?? 'unknown'] ?? [];
    return {
      kind: 'mounted',
      fstype: natural,
      readonly: readonly(natural),
      certain: false,
      why: 'rootfstype= is not given, and which types the kernel has is not known',
    };
  }
  let last = 'no type is there to be tried';
  for (const fstype of types) {
    const { error, why } = attempt(t, fstype, source);
    // A single type was chosen for this device by whoever wrote the command line.
    if (error === null)
      return {
        kind: 'mounted',
        fstype: types.length === 1 ? fstype : null,
        readonly: readonly(fstype),
        certain: false,
        why,
      };
    if (error === 0)
      return {
        kind: 'mounted',
        fstype,
        readonly: readonly(fstype),
        certain: source.exists !== null && knows(t, fstype) !== null,
        why,
      };
    if (error !== EINVAL) return { kind: 'fails', error, fstype, why };
    last = why;
  }
  return { kind: 'none', tried: types, why: last };
}
