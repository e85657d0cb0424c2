import { cause } from './cause-row.js';
import {
  BUILD_INTO_KERNEL,
  COMPARE_IMAGE,
  COPY_FIRST,
  DO_NOT_ERASE,
  LOOK_BEFORE,
  deviceName,
} from './repairs.js';
import { loggedError, type LogError } from './words.js';
import { keyed } from '../../text/keyed.js';

/** A file system, and its device; null if the kernel does not name it. */
interface OnDevice {
  fstype: string;
  device: string | null;
}

const on = ({ fstype, device }: OnDevice): string =>
  device === null ? `the ${fstype}` : `the ${fstype} on ${device}`;

/** The option that builds a method of compression into a file system. */
const METHOD_OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = keyed({
  squashfs: keyed({
    xz: 'SQUASHFS_XZ',
    zstd: 'SQUASHFS_ZSTD',
    lz4: 'SQUASHFS_LZ4',
    lzo: 'SQUASHFS_LZO',
    zlib: 'SQUASHFS_ZLIB',
    gzip: 'SQUASHFS_ZLIB',
  }),
  ubifs: keyed({ zstd: 'UBIFS_FS_ZSTD', lzo: 'UBIFS_FS_LZO', zlib: 'UBIFS_FS_ZLIB' }),
});

/** The checks that each file system has, which only read. */
const CHECKERS: Readonly<Record<string, string>> = keyed({
  ext2: 'e2fsck -n',
  ext3: 'e2fsck -n',
  ext4: 'e2fsck -n',
  f2fs: 'fsck.f2fs --dry-run',
  xfs: 'xfs_repair -n',
  btrfs: 'btrfs check --readonly',
  erofs: 'fsck.erofs',
});
const check = (fstype: string): string[] =>
  CHECKERS[fstype] === undefined
    ? []
    : [`look at it with \`${CHECKERS[fstype]}\`, which only reads`];

/** Why a file system does not mount, by its driver's words. */
export const FILE_SYSTEM_CAUSES = {
  'fs-larger-than-device': cause(
    ({ fstype, device, blocks, there }: OnDevice & { blocks: number; there: number }) =>
      `${on({ fstype, device })} has ${blocks} blocks, and the device only ${there}: ` +
      'it was cut when it was written, or the partition is too small',
    ({ device }) => [
      `compare the size of ${deviceName(device)} in the partition table with the image`,
      'make the partition large enough and write the whole image; ' +
        'or make the image smaller (for ext4: `resize2fs` on the image)',
    ],
  ),
  'fs-features': cause(
    ({ fstype, device, features, writing }: OnDevice & { features: string; writing: boolean }) =>
      `${on({ fstype, device })} has features that this kernel does not know` +
      `${writing ? ' and that forbid it to write' : ''} (${features})`,
    ({ fstype, writing }) => [
      'use a newer kernel, or build it with the option for them',
      `or make the image without them (for ${fstype}: the options of its mkfs)`,
      ...(writing ? ['or mount it read-only: ro instead of rw'] : []),
    ],
  ),
  'fs-wants-option': cause(
    ({ fstype, device, option }: OnDevice & { option: string }) =>
      `${on({ fstype, device })} needs a kernel with CONFIG_${option}`,
    ({ option }) => [
      `build the kernel with CONFIG_${option}=y, or make the image without the need`,
    ],
  ),
  'fs-wants-module': cause(
    ({ fstype, device, module }: OnDevice & { module: string }) =>
      `${on({ fstype, device })} needs ${module}, ` +
      'which the kernel cannot load before it has a root',
    ({ module }) => [`build ${module} into the kernel; ${BUILD_INTO_KERNEL}`],
  ),
  'fs-newer-format': cause(
    ({ fstype, device, what }: OnDevice & { what: string }) =>
      `${on({ fstype, device })} has another format: ${what}`,
    ['make the image with tools of the age of the kernel, or use a kernel that reads it'],
  ),
  'fs-no-decompressor': cause(
    ({ fstype, device, method }: OnDevice & { method: string }) =>
      `${on({ fstype, device })} is compressed with ${method}, ` +
      'and the kernel is built without that',
    ({ fstype, method }) => {
      const option = METHOD_OPTIONS[fstype]?.[method];
      return [
        `build the kernel with ${option === undefined ? 'it' : `CONFIG_${option}=y`}, ` +
          'or compress the image with a method that it has',
      ];
    },
  ),
  'fs-damaged': cause(
    ({ fstype, device, what }: OnDevice & { what: string }) =>
      `${on({ fstype, device })} is damaged: ${what}`,
    ({ fstype }) => [COPY_FIRST, ...check(fstype), COMPARE_IMAGE],
  ),
  'fs-journal-damaged': cause(
    ({ fstype, device, what }: OnDevice & { what: string }) =>
      `the journal of ${on({ fstype, device })} cannot be used: ${what}`,
    ({ fstype }) => [
      COPY_FIRST,
      ...check(fstype),
      'to read it as it is, mount it without its journal: ro with rootflags=noload',
    ],
  ),
  'fs-journal-read-only': cause(
    ({ fstype, device }: OnDevice) =>
      `${on({ fstype, device })} was not unmounted cleanly, ` +
      'and its journal cannot be replayed because the device cannot be written',
    ({ fstype }) => [
      'make the device writable (write-protect switch, dm-verity, a read-only loop) and boot once',
      fstype === 'xfs'
        ? 'or mount it without: ro with rootflags=norecovery'
        : 'or mount it without its journal: ro with rootflags=noload',
    ],
  ),
  'fs-superblock-unreadable': cause(
    ({ fstype, device }: OnDevice) =>
      `${deviceName(device)} cannot be read where ${fstype} has its superblock: ` +
      'it is smaller than that, or it has errors',
    ({ device }) => [LOOK_BEFORE, `check the size of ${deviceName(device)}`, DO_NOT_ERASE],
  ),
  'fs-block-size': cause(
    ({ fstype, device, size }: OnDevice & { size: number | null }) =>
      `${on({ fstype, device })} has blocks of ${size === null ? 'a size' : `${size} bytes`} ` +
      'that this kernel cannot use with its page size',
    ['make the image with blocks of 4096 bytes, or use a kernel with fitting pages'],
  ),
  'fs-option': cause(
    ({ fstype, option }: { fstype: string; option: string }) =>
      `${fstype} does not accept the mount option ${option}`,
    ['correct rootflags='],
  ),
  'fs-went-read-only': cause(
    ({ fstype, device, error }: OnDevice & { error: LogError | null }) =>
      `${on({ fstype, device })} met an error and can only be read since` +
      (error === null ? '' : `: ${loggedError(error)}`),
    ({ fstype }) => [LOOK_BEFORE, COPY_FIRST, ...check(fstype)],
  ),
  'fs-not-found': cause(
    ({ fstype, device }: OnDevice) =>
      `${deviceName(device, 'the root device')} is there, and holds no ${fstype}`,
    ({ device }) => [
      `look at the first bytes of ${deviceName(device)}: \`blkid\` or \`file -s\` name its content`,
      'correct rootfstype= or root=, or build the kernel with the file system that it holds (=y)',
    ],
  ),
  'squashfs-cut': cause(
    ({ what }: { what: string }) => `the squashfs is not whole, or damaged: ${what}`,
    [
      'check that the whole image was written, and that the partition is as large as the image ' +
        '(the tables that are missing lie at its end)',
      COMPARE_IMAGE,
    ],
  ),
  'btrfs-device-missing': cause(
    ({ device }: { device: string | null }) =>
      `the btrfs on ${deviceName(device, 'the root')} spans several devices, ` +
      'and one of them is not known to the kernel',
    [
      'the kernel does not search for them: an initramfs must call `btrfs device scan`, ' +
        'or rootflags=device=/dev/A,device=/dev/B names them',
    ],
  ),
  'btrfs-does-not-open': cause(
    ({ device }: { device: string | null }) =>
      `btrfs does not open ${deviceName(device, 'the root')}: it spans devices that were not ` +
      'searched for, or it is damaged',
    [
      LOOK_BEFORE,
      'if it has several devices: `btrfs device scan` in an initramfs, or rootflags=device=…',
      COPY_FIRST,
    ],
  ),
  'overlay-not-supported': cause(
    ({ directory, upper }: { directory: string; upper: boolean }) =>
      `the file system of ${directory} cannot be ${upper ? 'the upper' : 'a'} layer of an overlay`,
    [
      'put upperdir and workdir on ext4, xfs, f2fs, UBIFS, jffs2 or a tmpfs: ' +
        'no NFS, no FAT, and no other overlay',
    ],
  ),
  'overlay-upper-read-only': cause(
    () => 'the file system of upperdir is mounted read-only',
    ['mount it writable first', 'if it became read-only by an error, look at the lines before'],
  ),
  'overlay-options': cause(
    ({ what }: { what: string }) => `overlayfs does not accept its options: ${what}`,
    [
      'give lowerdir=, upperdir= and workdir=; the last two are different directories ' +
        'of one file system',
    ],
  ),
  'overlay-path': cause(
    ({ path, error }: { path: string; error: LogError }) =>
      `the overlay names ${path}, which is not there: ${loggedError(error)}`,
    ['make the directory, or mount what it lies on, before the overlay'],
  ),
  'overlay-workdir': cause(
    ({ path, error }: { path: string; error: LogError }) =>
      `overlayfs cannot make ${path}, so it is mounted read-only: ${loggedError(error)}`,
    ({ error }) => [
      error.name === 'ENOSPC'
        ? 'make room on that file system'
        : 'make the file system of workdir writable, and look at the lines before',
    ],
  ),
  'overlay-stale': cause(
    () =>
      'the settings belong to another image: the upper layer was made over a lower one ' +
      'that is no longer there (ESTALE)',
    [
      'after an update of the image, mount with index=off; the files of the upper layer stay',
      'look at what the upper layer holds before you clear it',
    ],
  ),
  'overlay-in-use': cause(
    () => 'upperdir or workdir belongs to an overlay that is still mounted',
    ['unmount that one first, or give each overlay directories of its own'],
  ),
  'overlay-upper-lacks': cause(
    ({ what }: { what: string }) =>
      `the file system of upperdir lacks what an overlay needs: ${what}`,
    ['use ext4, xfs, f2fs, UBIFS or jffs2 with xattrs (CONFIG_…_XATTR), or a tmpfs with them'],
  ),
};
