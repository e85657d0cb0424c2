/**
 * The space behind a read-only image on a disk. OpenWrt's fstools keeps the data there if no
 * partition is named rootfs_data: it begins at the end of the squashfs, rounded up to 64 KiB, and a
 * loop device shows it. Only reports look for it: mountroot does not mount such a place.
 */
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { BYTES_LOOKED_AT, identify } from '../volumes/identify.js';
import { SQUASHFS_SUPERBLOCK, squashfsBytes } from '../volumes/squashfs.js';
import type { Facts, Mount, Rootdisk } from './facts.js';
import { visibleAt } from './mountinfo.js';
import { OLD_ROOT } from './places.js';

const ALIGNMENT = 64 << 10;
const SECTOR = 512;

/** Devices whose end belongs to nobody: flash through mtdblock, UBI volumes, memory. */
const NO_DISK = /^(?:mtdblock|ubiblock|ram|zram|loop)\d/;

/** The length of the image that begins so; null for other content. */
function usedBytes(start: Uint8Array): number | null {
  const used = squashfsBytes(Buffer.from(start)) ?? 0n;
  return used > 0n && used <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(used) : null;
}

const behindImage = (used: number): number => Math.ceil(used / ALIGNMENT) * ALIGNMENT;

const isDisk = ({ fstype, device }: Mount): boolean =>
  fstype === 'squashfs' && !/^(?:0|31):/.test(device);

/** The loop device that shows the space at an offset of a disk. */
function loopAt(reader: Reader, disk: string, offset: number): Rootdisk['loop'] {
  const text = (path: string): string => orElse('', () => reader.readText(path).trim());
  const name = orElse<string[]>([], () => reader.list('/sys/class/block'))
    .filter((each) => /^loop\d+$/.test(each))
    .find((each) => {
      const at = `/sys/class/block/${each}/loop`;
      return (
        text(`${at}/backing_file`) === `/dev/${disk}` && Number(text(`${at}/offset`)) === offset
      );
    });
  if (name === undefined) return null;
  const number = text(`/sys/class/block/${name}/dev`);
  return number === '' ? null : { name, number };
}

/** The space behind the image of these facts; null if the image is not on a disk. */
function findRootdisk(reader: Reader, { mounts }: Pick<Facts, 'mounts'>): Rootdisk | null {
  const image = visibleAt(mounts, OLD_ROOT) ?? visibleAt(mounts, '/');
  if (image === undefined || !isDisk(image)) return null;
  return orElse(null, () => {
    const device = reader.readLink(`/sys/dev/block/${image.device}`).split('/').at(-1)!;
    if (NO_DISK.test(device)) return null;
    const used = usedBytes(reader.readBytes(`/dev/${device}`, 0, SQUASHFS_SUPERBLOCK));
    const size = SECTOR * Number(reader.readText(`/sys/class/block/${device}/size`));
    if (used === null || !Number.isSafeInteger(size)) return null;
    const offset = behindImage(used);
    if (offset + SECTOR > size) return null;
    return {
      device,
      number: image.device,
      size,
      used,
      offset,
      content: orElse({ kind: 'unreadable' as const, evidence: `/dev/${device}` }, () =>
        identify(() => reader.readBytes(`/dev/${device}`, offset, BYTES_LOOKED_AT), 1),
      ),
      loop: loopAt(reader, device, offset),
    };
  });
}

/** Adds the space behind the image to facts, if there is any. */
export function withRootdisk(reader: Reader, facts: Facts): Facts {
  const rootdisk = findRootdisk(reader, facts);
  return rootdisk === null ? facts : { ...facts, rootdisk };
}
