import { cause } from './cause-row.js';
import { COPY_FIRST, DO_NOT_ERASE, LOOK_BEFORE } from './repairs.js';
import { loggedError, type LogError } from './words.js';

const CHECK_PARTITION =
  'check that it is the right partition: ubi.mtd= with a name (ubi.mtd=rootfs) still holds ' +
  'when the numbers change';
const GEOMETRY =
  'make the image for this chip: ubinize and mkfs.ubifs take its page size (-m), sub-page size ' +
  '(-s), erase block size (-p) and LEB size (-e), as `mtdinfo -u` prints them';
const ubimtd = 'add ubi.mtd= with the partition that holds it';

interface Volume {
  volume: string;
  /** The UBI devices that the log shows as attached. */
  attached: string[];
  error: LogError;
}

/** Why UBI, UBIFS and jffs2 give no root. */
export const FLASH_CAUSES = {
  'ubi-other-layout': cause(
    ({ what, found, expected }: { what: string; found: number; expected: number }) =>
      `the UBI image was made for another flash: its ${what} offset is ${found}, ` +
      `and on this chip it is ${expected}, because page or sub-page size differ`,
    [
      GEOMETRY,
      'if only the VID header offset differs, ubi.mtd=NAME,OFFSET tells the kernel the right one',
      'if the board ran with this flash before, look whether the driver now sees another ' +
        'sub-page size (kernel update, ECC mode)',
    ],
  ),
  'ubi-mixed-images': cause(
    ({ peb }: { peb: number }) =>
      `the partition holds parts of two UBI images: block ${peb} belongs to another one than ` +
      'those before',
    [
      'the new image was written without erasing the rest of the partition; ' +
        'copy what you still need, then write it with `ubiformat -f`, which does both',
      CHECK_PARTITION,
    ],
  ),
  'ubi-too-small': cause(
    ({ needed, there }: { needed: number | null; there: number | null }) =>
      needed === null
        ? 'the UBI volumes need more erase blocks than are good in the partition'
        : `the UBI volumes need ${needed} erase blocks, and the partition has ${there} good ones`,
    [
      'make the volumes smaller in the ubinize configuration (vol_size, autoresize), ' +
        'or the partition larger',
      'count the bad blocks: a chip may have become worse',
    ],
  ),
  'ubi-not-formatted': cause(
    () => 'the partition holds something that is not UBI, and the kernel refuses to format over it',
    [CHECK_PARTITION, 'look at its first bytes (UBI# begins each erase block): copy it first'],
  ),
  'ubi-no-volume-table': cause(
    () =>
      'UBI finds no volume table on the partition: it holds no UBI image, ' +
      'or one for another page size, or not all of one',
    [CHECK_PARTITION, GEOMETRY, 'check that the whole image was written'],
  ),
  'ubi-damaged': cause(
    ({ what }: { what: string }) => `UBI does not accept what is on the partition: ${what}`,
    [COPY_FIRST, CHECK_PARTITION, LOOK_BEFORE],
  ),
  'ubi-refuses': cause(
    ({ why }: { why: string }) => `UBI does not work on this flash: ${why}`,
    ['attach a partition on a flash that UBI supports', CHECK_PARTITION],
  ),
  'ubi-no-mtd': cause(
    ({ mtd, error }: { mtd: string; error: LogError }) =>
      `UBI was told to attach mtd ${mtd}, and cannot open it: ${loggedError(error)}`,
    [
      'compare ubi.mtd= with the partitions that the kernel lists (mtdparts=, the device tree)',
      'if no flash is listed at all, its driver is missing or failed',
    ],
  ),
  'ubi-read-error': cause(
    ({ peb, error }: { peb: number; error: LogError }) =>
      `the flash cannot be read at erase block ${peb}: ${loggedError(error)}`,
    [
      DO_NOT_ERASE,
      'check that kernel and boot loader use the same ECC for this chip: ' +
        'with another one every page looks damaged',
      COPY_FIRST,
    ],
  ),
  'ubi-empty': cause(
    () => 'the partition that UBI attached is empty, so it has no volume',
    [CHECK_PARTITION, 'write the image to it: `ubiformat -f` on the board, or the boot loader'],
  ),
  'ubi-cannot-attach': cause(
    ({ mtd, error }: { mtd: string | null; error: LogError | null }) =>
      `UBI cannot attach ${mtd === null ? 'the partition' : `mtd ${mtd}`}` +
      (error === null ? '' : `: ${loggedError(error)}`),
    [LOOK_BEFORE, CHECK_PARTITION],
  ),
  'ubi-volume-missing': cause(
    ({ volume, attached, error }: Volume) => {
      const why = loggedError(error);
      if (error.name === 'EBUSY') return `the UBI volume ${volume} is in use already: ${why}`;
      if (attached.length === 0)
        return `there is no UBI volume ${volume}, because no UBI device was attached: ${why}`;
      return `${attached.join(', ')} is attached, and has no volume ${volume}: ${why}`;
    },
    ({ attached, error }) => {
      if (error.name === 'EBUSY') return ['nothing else may open it: ubi.block= or another mount'];
      return attached.length === 0
        ? [`${ubimtd}, and look at the lines of UBI for the reason why it did not attach`]
        : ['compare the name in root= with the volumes (`ubinfo -a`, or the ubinize file)'];
    },
  ),
  'ubifs-other-geometry': cause(
    ({ what, image, real }: { what: string; image: number; real: number }) =>
      `the UBIFS image was made for another flash: its ${what} is ${image}, and here it is ${real}`,
    [GEOMETRY],
  ),
  'ubifs-authentication': cause(
    ({ what }: { what: string }) => `UBIFS's authentication refuses the volume: ${what}`,
    [
      'load the key before the mount, and name it with rootflags=auth_key=…,auth_hash_name=…',
      'or write an image that is signed as this board expects',
    ],
  ),
  'ubifs-empty': cause(
    () => 'the UBI volume is empty, and a read-only mount cannot make a file system on it',
    ['write the image to the volume (`ubiupdatevol`), or mount it writable (rw) once'],
  ),
  'jffs2-too-few-blocks': cause(
    ({ blocks }: { blocks: number }) =>
      `the partition has ${blocks} erase blocks, and jffs2 needs 5: ` +
      'the image before it is too large, or the erase blocks are',
    ['make the image smaller or the partition larger', 'or use a file system without that need'],
  ),
  'jffs2-other-content': cause(
    ({ found }: { found: string }) =>
      `the partition holds something that is not jffs2: it begins with 0x${found}, ` +
      'and not with 0x1985',
    [
      'check that root= names the right partition, and rootfstype= its file system',
      'look at its first bytes, and copy it before you change anything',
    ],
  ),
  'jffs2-other-byte-order': cause(
    () => 'the jffs2 image has the other byte order',
    ['make it anew with `mkfs.jffs2 --big-endian` or `--little-endian`, as this processor is'],
  ),
  'jffs2-refuses-flash': cause(
    ({ why }: { why: string }) => `jffs2 does not work on this flash: ${why}`,
    ['its clean markers need room in the spare area: use UBIFS, or another ECC layout'],
  ),
  'flash-write-error': cause(
    ({ fstype }: { fstype: string }) => `${fstype} cannot write to the flash`,
    ['check whether the chip or the partition is write-protected', COPY_FIRST],
  ),
  'mtd-partition-cut': cause(
    ({ partition, chip, size }: { partition: string; chip: string | null; size: string | null }) =>
      chip === null
        ? `the partition "${partition}" lies behind the end of the flash, so it is disabled`
        : `the partition "${partition}" extends beyond the end of ${chip}, so it is cut to ${size}`,
    [
      'correct the partition table (mtdparts=, the device tree) for the size of this chip',
      'check that the driver recognised the right chip and its whole size',
    ],
  ),
  'flash-no-chip': cause(
    ({ kind, what }: { kind: string; what: string }) => `no ${kind} flash was found: ${what}`,
    [
      'compare the device tree with the board: address, bus width, chip select, pins, clocks',
      'check whether this kernel knows the chip',
    ],
  ),
  'flash-unknown-chip': cause(
    ({ chip, id, error }: { chip: string; id: string | null; error: LogError | null }) =>
      `the flash at ${chip} is not known to the kernel` +
      (id === null ? '' : `: it says ${id}`) +
      (error === null ? '' : `: ${loggedError(error)}`),
    ({ id }) => [
      /^[f0x ,]*$/i.test(id ?? '')
        ? 'all ones or zeros mean that nothing answers: check wiring, chip select, clock, mode'
        : 'use a kernel that knows this id, or add the chip to its driver',
    ],
  ),
  'flash-bad-block-table': cause(
    () => "the flash's table of bad blocks cannot be read or written",
    [DO_NOT_ERASE, 'check that ECC and bad-block table are set as the boot loader sets them'],
  ),
  'flash-weak-ecc': cause(
    () => 'the ECC that is configured is weaker than this chip needs, so reading may fail',
    ['set the strength that the chip asks for (nand-ecc-strength), in boot loader and kernel'],
  ),
  'flash-ecc': cause(
    () => 'the flash returns errors that its ECC cannot correct',
    [
      DO_NOT_ERASE,
      'check that kernel, boot loader and the tool that wrote the flash use the same ECC',
      COPY_FIRST,
    ],
  ),
  'mtdparts-wrong': cause(
    ({ what }: { what: string }) => `the partition table on the command line is wrong: ${what}`,
    ['correct mtdparts=ID:SIZE(NAME),…; the ID is the one that the driver prints'],
  ),
};
