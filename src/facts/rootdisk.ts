/**
 * The space behind a read-only image on a disk. OpenWrt's fstools keeps the data there if no
 * partition is named rootfs_data: it begins at the end of the squashfs, rounded up to 64 KiB, and a
 * loop device shows it.
 */
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { isUniform } from '../volumes/blank.js';
import { isFileSystem } from '../volumes/file-systems.js';
import { BYTES_LOOKED_AT, identify } from '../volumes/identify.js';
import { claimedBytes, CLAIM_BYTES } from '../volumes/claimed-bytes.js';
import { SQUASHFS_SUPERBLOCK, squashfsBytes } from '../volumes/squashfs.js';
import type { Content, Device, Facts, Mount, Rootdisk, Volume } from './facts.js';
import { parseCommandLine } from './cmdline.js';
import { visibleAt } from './mountinfo.js';
import { OLD_ROOT } from './places.js';

const ALIGNMENT = 64 << 10;
const SECTOR = 512;

/** The name under which fstools looks behind the image, and no other. */
export const BEHIND = 'rootfs_data';

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

const namesOfDisks = (reader: Reader): string[] =>
  orElse<string[]>([], () => reader.list('/sys/class/block'));

/** The loop device that shows the space at an offset of a disk. */
function loopAt(reader: Reader, disk: string, offset: number): Rootdisk['loop'] {
  const text = (path: string): string => orElse('', () => reader.readText(path).trim());
  const name = namesOfDisks(reader)
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

/** Whether the kernel shows partitions of this device: the space behind the image is theirs. */
const hasPartitions = (reader: Reader, device: string): boolean =>
  namesOfDisks(reader).some(
    (each) =>
      each.startsWith(device) && /^p?\d+$/.test(each.slice(device.length)) && each !== device,
  );

/** How much is looked at before the space counts as erased. */
const ERASED_BYTES = 64 << 10;

/** gzip with no flags, as a pipe makes it; fstools knows no other (libfstools/common.c). */
const ARCHIVE = 0x00088b1f;
const PADDING = [0xdec0adde, 0xffffffff];
/** fstools skips so many sectors of padding before an archive. */
const PADDED_SECTORS = 512;

type Look = (at: number, length: number) => Uint8Array;

const wordAt = (look: Look, at: number): number => {
  const bytes = Buffer.from(look(at, 4));
  return bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
};

/** The begin of an archive that an upgrade left; null if there is none. */
function archiveAt(look: Look): number | null {
  for (let sector = 0; sector <= PADDED_SECTORS; sector++) {
    const word = wordAt(look, sector * SECTOR);
    if (word === ARCHIVE) return sector * SECTOR;
    if (!PADDING.includes(word)) return null;
  }
  return null;
}

function isErased(look: Look): boolean {
  const bytes = look(0, ERASED_BYTES);
  const [first] = bytes;
  return (first === 0 || first === 0xff) && isUniform(bytes);
}

/** A file system that is bigger than its place is not the one that belongs there. */
function fitting(content: Content, look: Look, room: number): Content {
  if (!isFileSystem(content.kind)) return content;
  const claimed = claimedBytes(content.kind, Buffer.from(look(0, CLAIM_BYTES)));
  return claimed === null || claimed <= BigInt(room)
    ? content
    : {
        kind: 'unknown',
        evidence:
          `${content.evidence}, of a file system of ${claimed} bytes, ` +
          `and only ${room} bytes are there`,
      };
}

const PROGRAM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

function makersOn(reader: Reader): NonNullable<Rootdisk['makers']> {
  const makers: NonNullable<Rootdisk['makers']> = {};
  for (const fstype of ['ext4', 'f2fs'] as const) {
    const program = PROGRAM_FOLDERS.map((folder) => `${folder}/mkfs.${fstype}`).find((path) =>
      orElse(false, () => ['file', 'symlink'].includes(reader.kind(path))),
    );
    if (program !== undefined) makers[fstype] = program;
  }
  return makers;
}

/** What the space holds, and whether a file system may be made there. */
function contentBehind(
  reader: Reader,
  look: Look,
  room: number,
): Pick<Rootdisk, 'content' | 'free' | 'archive' | 'makers'> {
  const archive = archiveAt(look);
  if (archive !== null)
    return {
      content: { kind: 'unknown', evidence: `a gzip archive at byte ${archive}` },
      free: 'archive',
      archive,
      makers: makersOn(reader),
    };
  const content = fitting(
    identify(() => look(0, BYTES_LOOKED_AT), 1),
    look,
    room,
  );
  if (isFileSystem(content.kind)) return { content };
  return {
    content,
    ...(isErased(look) && { free: 'erased' as const }),
    makers: makersOn(reader),
  };
}

/** The mount of the image, which a loop device may show the space behind. */
const imageMount = (mounts: readonly Mount[], at: string | null): Mount | undefined =>
  visibleAt(mounts, at ?? OLD_ROOT) ?? visibleAt(mounts, '/');

/**
 * The space behind the image; null if the image is not on a disk.
 * @param at where an initramfs has mounted the image; null otherwise.
 */
function findRootdisk(
  reader: Reader,
  mounts: readonly Mount[],
  at: string | null,
): Rootdisk | null {
  const image = imageMount(mounts, at);
  if (image === undefined || !isDisk(image)) return null;
  return orElse(null, () => {
    const device = reader.readLink(`/sys/dev/block/${image.device}`).split('/').at(-1)!;
    if (NO_DISK.test(device) || hasPartitions(reader, device)) return null;
    const node = `/dev/${device}`;
    const used = usedBytes(reader.readBytes(node, 0, SQUASHFS_SUPERBLOCK));
    const size = SECTOR * Number(reader.readText(`/sys/class/block/${device}/size`));
    if (used === null || !Number.isSafeInteger(size)) return null;
    const offset = behindImage(used);
    if (offset + SECTOR > size) return null;
    const loop = loopAt(reader, device, offset);
    // The loop device has what was written through it, and the disk may not have it yet.
    const [from, begin] = loop === null ? [node, offset] : [`/dev/${loop.name}`, 0];
    const look: Look = (where, length) => reader.readBytes(from, begin + where, length);
    const found = orElse({ content: { kind: 'unreadable' as const, evidence: from } }, () =>
      contentBehind(reader, look, size - offset),
    );
    return { device, number: image.device, size, used, offset, loop, ...found };
  });
}

/** The loop device as the volume that it shows. */
const loopDevice = ({ size, offset }: Rootdisk, loop: NonNullable<Rootdisk['loop']>): Device => ({
  kind: 'block',
  name: loop.name,
  label: '',
  source: `/dev/${loop.name}`,
  number: loop.number,
  size: size - offset,
  eraseBlock: null,
});

/** The volume behind the image; without a loop device it is not found yet. */
export const volumeBehind = (volume: Volume, rootdisk: Rootdisk): Volume =>
  rootdisk.loop === null
    ? { ...volume, found: [], content: null }
    : { ...volume, found: [loopDevice(rootdisk, rootdisk.loop)], content: rootdisk.content };

/** What decides whether the volume lies behind the image. */
interface Sought {
  mounts: readonly Mount[];
  commandLine: string;
  /** Where an initramfs has mounted the image; null otherwise. */
  at: string | null;
}

/**
 * The volume may lie behind the image if nothing has its name, or only partitions that
 * `fstools_ignore_partname=1` leaves out.
 */
const maybeBehind = ({ wanted, found, attach }: Volume, commandLine: string): boolean =>
  wanted === BEHIND &&
  attach === null &&
  found.every(
    ({ kind }) =>
      kind === 'block' && parseCommandLine(commandLine).get('fstools_ignore_partname') === '1',
  );

/** The volume of a name, or the one behind the image. */
export function volumeOrBehind(
  reader: Reader,
  named: Volume,
  { mounts, commandLine, at }: Sought,
): Pick<Facts, 'volume' | 'rootdisk'> {
  const rootdisk = maybeBehind(named, commandLine) ? findRootdisk(reader, mounts, at) : null;
  return rootdisk === null
    ? { volume: named }
    : { volume: volumeBehind(named, rootdisk), rootdisk };
}

/** Adds the space behind the image to facts that have not looked there, if there is any. */
export function withRootdisk(reader: Reader, facts: Facts): Facts {
  if (facts.rootdisk !== undefined) return facts;
  const at = facts.handover?.ramfs ? facts.handover.at : null;
  const rootdisk = findRootdisk(reader, facts.mounts, at);
  return rootdisk === null ? facts : { ...facts, rootdisk };
}
