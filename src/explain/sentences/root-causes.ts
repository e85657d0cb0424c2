import { cause } from './cause-row.js';
import { COMPARE_IMAGE, COPY_FIRST, DO_NOT_ERASE, LOOK_BEFORE } from './repairs.js';
import { errorWords } from './words.js';
import { keyed } from '../../text/keyed.js';

const CHECK_PARTITIONS = 'check the partitions (mtdparts=, the device tree)';
const COMPARE_DEVICES = 'if the right one is missing, build the kernel with its driver (=y)';

const RIGHT_PARTITION = [
  'check that root= names the right partition, and rootfstype= its file system',
];

/** What an errno of mount(2) means for a root, and its cure. */
const MOUNT_ERRORS: Readonly<Record<number, { means: string; todo: readonly string[] }>> = {
  [-12]: { means: 'memory ran out', todo: ['give the board more memory, or load less into it'] },
  [-13]: {
    means: 'the device or the server does not allow it, as for writing a read-only device',
    todo: ['mount it read-only: ro instead of rw', 'check what protects it'],
  },
  [-16]: {
    means: 'something else holds the device',
    todo: ['look for what holds it: another mount, device-mapper, a RAID, swap'],
  },
  [-30]: {
    means: 'the device can only be read, and the file system has to write (its journal)',
    todo: [
      'mount it read-only (ro), and without its journal if that must be replayed ' +
        '(rootflags=noload)',
      'or make the device writable (write-protect switch, dm-verity)',
    ],
  },
  [-74]: { means: 'what was read is damaged', todo: [DO_NOT_ERASE, COPY_FIRST, COMPARE_IMAGE] },
  [-75]: {
    means: 'the file system is larger than the kernel or its device can handle',
    todo: ['compare the size of the device with the file system'],
  },
  [-84]: { means: 'the transfer is damaged', todo: [DO_NOT_ERASE, LOOK_BEFORE] },
  [-95]: {
    means: 'the kernel lacks a feature that the file system uses',
    todo: ['look at the lines before for its name, and build it in (=y)'],
  },
  [-110]: { means: 'the device does not answer', todo: [DO_NOT_ERASE, LOOK_BEFORE] },
  [-117]: { means: 'the file system is damaged', todo: [COPY_FIRST, LOOK_BEFORE, COMPARE_IMAGE] },
};

/** What the kernel did after the initrd did not unpack. */
export type AfterBroken = { root: string | null } | { program: string };

function afterBroken(then: AfterBroken): string {
  if ('program' in then) return `so ${then.program}, or what it needs to run, is not whole`;
  return then.root === null
    ? 'and there is no root= to go on with'
    : `so the kernel ran no program of it, and tried root=${then.root} itself`;
}

/** The reasons why the kernel has no root. */
export const ROOT_CAUSES = {
  'device-does-not-come': cause(
    ({ forWhat }: { forWhat: string }) =>
      `${forWhat} does not come: its name is wrong, or its driver is not in the kernel`,
    [
      `compare root= with the devices that the kernel found; ${COMPARE_DEVICES}`,
      'leave rootwait out: the kernel then panics, and lists the devices that it found',
    ],
  ),
  'initrd-image-type': cause(
    ({ fstypes }: { fstypes: string[] | null }) =>
      'the initrd is a file system image, and is mounted first with the same rootfstype= ' +
      `as the root; ${fstypes?.join(', ') ?? 'no type'} does not fit it`,
    [
      "name both types, the image's first: rootfstype=ext2,squashfs",
      'or make it a cpio with /init (`mountroot ramdisk pack`), ' +
        'to which rootfstype= does not apply',
    ],
  ),
  'initrd-no-space': cause(
    ({ reason }: { reason: string }) =>
      `memory ran out while the initrd was unpacked ("${reason}"): ` +
      'its files go to a tmpfs, which takes half of the memory at most',
    ['make the ramdisk smaller, or give the board more memory (mem=)'],
  ),
  'initrd-xz-settings': cause(
    () =>
      'the initrd is compressed with settings of xz that the kernel does not have, ' +
      'such as a checksum other than CRC32 or a filter; it need not be damaged',
    [
      'compress it with `xz --check=crc32`, or with `mountroot ramdisk pack`',
      '`mountroot ramdisk list FILE` says which setting it is',
    ],
  ),
  'initrd-broken': cause(
    ({ reason, then }: { reason: string | null; then: AfterBroken }) =>
      `the initrd does not unpack (${reason ?? 'the reason is lost'}), ${afterBroken(then)}`,
    [
      'look at it with `mountroot ramdisk list FILE`, ' +
        'and make it anew with `mountroot ramdisk pack`',
      'check that the boot loader copies all of it, to a place that nothing overwrites, ' +
        'and tells its whole size',
    ],
  ),
  'root-not-shown': cause(
    () =>
      'the kernel found no device for its root, and the log does not show which one it was to ' +
      'mount: no root=, a wrong name, a missing driver, or a device that came too late',
    [
      'look for the lines "Kernel command line:" and "VFS: Cannot open root device" ' +
        'in the whole log',
      'or give the command line with --cmdline, and the devices with --facts',
    ],
  ),
  'root-not-mounted': cause(
    ({ root, error }: { root: string; error: number | null }) =>
      `the kernel could not mount ${root} as its root` +
      (error === null ? ', and the log does not show why' : `: ${errorWords(error)}`),
    ['look at the lines before the panic: they name the types that were tried, or the error'],
  ),
  'root-invalid': cause(
    ({ root }: { root: string }) =>
      `root=${root} has no form that the kernel understands, ` +
      'or this kernel knows no such device yet, so it does not wait for it',
    [
      'correct root=: /dev/NAME, PARTUUID=, PARTLABEL=, or MAJOR:MINOR',
      'if the form is right, the driver of the device is missing or comes too late: ' +
        'build it in (=y), or add rootdelay=5',
    ],
  ),
  'no-partition': cause(
    ({ root }: { root: string }) =>
      `the disk of ${root} is there, but this partition of it is not, or it cannot be read`,
    [
      'compare the number of the partition in root= with the partition table',
      'look at the lines about the disk: a card that does not answer has no partitions',
    ],
  ),
  'device-late': cause(
    ({ root }: { root: string; rootwait: boolean | null }) =>
      `${root} came too late: the kernel lists it, and had not found it when it looked for it`,
    ({ rootwait }) =>
      rootwait === true
        ? ['give it more time: rootwait without a limit, or rootdelay=5']
        : ROOTWAIT[String(rootwait)]!,
  ),
  'device-not-opened': cause(
    ({ root, error }: { root: string; error: number | null }) =>
      `${root} is there, but the kernel cannot open or mount it` +
      (error === null ? '; this kernel prints no error number' : `: ${errorWords(error)}`),
    [...RIGHT_PARTITION, LOOK_BEFORE, DO_NOT_ERASE],
  ),
  'image-without-root-word': cause(
    () =>
      'the initrd is a file system image, whose /linuxrc runs before the real root is mounted; ' +
      'and no root= names the real root',
    [
      'if the image itself is the root: root=/dev/ram0',
      'else name the real root with root=, ' +
        'or have /linuxrc write its number to /proc/sys/kernel/real-root-dev',
    ],
  ),
  'image-without-linuxrc': cause(
    () =>
      'the initrd is a file system image, and Linux runs no /linuxrc of one since 7.0; ' +
      'and no root= names the real root',
    [
      'make the initrd a cpio with an executable /init, ' +
        'which does what /linuxrc did and then calls switch_root',
      'or, if the image itself is the root: root=/dev/ram0, ' +
        'which Linux is to drop in January 2027',
    ],
  ),
  'initrd-without-init': cause(
    ({ program }: { program: string }) =>
      `the initrd is unpacked, but ${program} is not in it; and there is no root= to go on with`,
    [
      'put an executable /init into it, or name another program of it with rdinit=',
      'or add root= for the device that holds the root',
    ],
  ),
  'no-root-word': cause(
    ({ earlyKnown }: { earlyKnown: boolean }) =>
      'no root= is on the command line, ' +
      (earlyKnown
        ? 'and no initrd with /init was there'
        : 'and nothing tells of an initrd with /init; with one, root= is not needed'),
    [
      'add root= for the device that holds the root, and rootfstype= for flash',
      'if an initrd should have been there, check where the boot loader put it: ' +
        '`mountroot ramdisk locate`',
    ],
  ),
  'root-by-file-system-id': cause(
    ({ word }: { word: string }) =>
      `the kernel does not know root=${word}=: ` +
      'only an initramfs can find a file system by its own id',
    [
      "use PARTUUID=, PARTLABEL= or the device's name",
      'or boot with an initramfs that understands it',
    ],
  ),
  'mtd-name-not-built': cause(
    ({ root, fstype, option }: { root: string; fstype: string; option: string }) =>
      `root=${root} names flash without a block device, which ${fstype} takes only in a kernel ` +
      `that is built with CONFIG_${option}, or there is no such partition`,
    ({ option }) => [
      `build the kernel with CONFIG_${option}=y`,
      'or use the block device: root=/dev/mtdblockN',
      CHECK_PARTITIONS,
    ],
  ),
  'flash-name-wants-type': cause(
    ({ root }: { root: string }) =>
      `root=${root} names flash without a block device, which only jffs2 and UBIFS take`,
    [
      'add rootfstype=jffs2 or rootfstype=ubifs',
      'for squashfs and others use the block device: root=/dev/mtdblockN, ' +
        'or root=/dev/ubiblock0_0 with ubi.block=',
    ],
  ),
  'no-ubi-volume': cause(
    ({ root }: { root: string }) =>
      `there is no UBI volume ${root}: ` + 'a kernel attaches a UBI device only when it is told to',
    ["add ubi.mtd= with the partition that holds it, and check the volume's name"],
  ),
  'no-mtd-partition': cause(
    ({ root }: { root: string }) =>
      `${root} is not there, or holds no file system of the type that the kernel tries`,
    [`${CHECK_PARTITIONS} and rootfstype=`],
  ),
  'no-server': cause(
    () => 'the kernel is built without a root from a server, or the network did not come up',
    [
      'build it with CONFIG_ROOT_NFS, CONFIG_IP_PNP and the driver of the network card, ' +
        'and give ip= and nfsroot=',
    ],
  ),
  'type-missing': cause(
    ({ fstype, types }: { fstype: string | null; types: string[] | null }) =>
      `the kernel does not have the file system ` +
      `${fstype ?? `type (${types?.join(', ') ?? 'which one does not show'})`}, ` +
      'and the search ends at the first type that it does not have',
    ['correct rootfstype=, or build the kernel with it (=y, not =m: modules lie on the root)'],
  ),
  'jffs2-finds-nothing': cause(
    () =>
      'jffs2 found none of its nodes on the partition, ' +
      'and does not erase data that may not be its own',
    [
      ...RIGHT_PARTITION,
      'if it should be an empty jffs2, look at what it holds, copy it, and only then erase it',
    ],
  ),
  'device-unreadable': cause(
    () => 'the device cannot be read',
    [...RIGHT_PARTITION, LOOK_BEFORE, DO_NOT_ERASE],
  ),
  'mount-error': cause(
    ({ root, error }: { root: string; error: number }) =>
      `mounting ${root === '' ? 'the root' : root} fails with ${errorWords(error)}` +
      (MOUNT_ERRORS[error] === undefined ? '' : `: ${MOUNT_ERRORS[error].means}`),
    ({ error }) => MOUNT_ERRORS[error]?.todo ?? [LOOK_BEFORE],
  ),
  'no-device': cause(
    ({ root }: { root: string; rootwait: boolean | null }) =>
      `there is no device ${root}: its name is wrong, its driver is not in the kernel, ` +
      'or it was not there yet',
    ({ root, rootwait }) => [
      `compare root= with the devices below; ${COMPARE_DEVICES}`,
      ...ROOTWAIT[String(rootwait)]!,
      ...(root.startsWith('/dev/mtd') ? ['for flash, check mtdparts= and CONFIG_MTD_BLOCK'] : []),
    ],
  ),
  'driver-not-built-in': cause(
    ({ root, option }: { root: string; option: string }) =>
      `the kernel cannot reach ${root}: CONFIG_${option} is not built in, and without an ` +
      'initramfs nobody loads its module',
    ({ option }) => [
      `build the kernel with CONFIG_${option}=y`,
      'or hand over an initramfs that loads the module and mounts the root, as distributions do',
    ],
  ),
  'wrong-type': cause(
    ({ root, fstypes }: { root: string; fstypes: string[] }) =>
      `${root} holds no ${fstypes.join(' and no ')}, or it is damaged`,
    ({ root }) => [
      'correct rootfstype=, or leave it out: ' +
        'the kernel then tries all types but jffs2 and UBIFS, which must be named',
      `look at the first bytes of ${root}`,
    ],
  ),
  'no-type-fits': cause(
    ({ root }: { root: string }) =>
      `${root} holds no file system that this kernel has, or it is damaged`,
    [
      'build the kernel with the right one (=y), name jffs2 and UBIFS with rootfstype=',
      'check that root= names the right device',
    ],
  ),
};

/** Advice about rootwait, by whether the command line has it; null if that is not known. */
const ROOTWAIT: Record<string, string[]> = keyed({
  true: [],
  false: ['for a card or a disk that takes its time, add rootwait'],
  null: ['for a card or a disk that takes its time, add rootwait if it is not given'],
});
