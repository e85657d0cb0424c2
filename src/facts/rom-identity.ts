import type { Reader } from '../system/port.js';
import { crcOf } from '../text/crc.js';
import { VOLUME_TYPE_LIST } from '../volumes/index.js';
import { orElse } from '../system/or-else.js';

/** The path of the image, and its mounted device. */
export interface RomMount {
  path: string;
  fstype: string;
  /** `major:minor`, as in mountinfo. */
  device: string;
}

/**
 * Files in which builds record their version. Only regular files count, because a symlink may lead
 * out of the image.
 */
const RELEASES = [
  'etc/openwrt_release',
  'etc/openwrt_version',
  'etc/os-release',
  'usr/lib/os-release',
];

const LOOKED_AT = 4096;

/**
 * Reads the beginning of a device. It takes the kernel's name of the device in /dev, because the
 * source of the mount may be `/dev/root`, which does not exist.
 */
function startOf(reader: Reader, device: string): Uint8Array | null {
  const name = orElse(
    undefined,
    () => /^DEVNAME=([\w!.-]+)$/m.exec(reader.readText(`/sys/dev/block/${device}/uevent`))?.[1],
  );
  return name === undefined
    ? null
    : orElse(null, () => reader.readBytes(`/dev/${name.replaceAll('!', '/')}`, 0, LOOKED_AT));
}

function contentWords(start: Uint8Array | null, fstype: string): string {
  if (start === null) return fstype;
  const bytes = Buffer.from(start);
  for (const [, { identity }] of VOLUME_TYPE_LIST) {
    const words = identity?.(bytes, fstype, crcOf) ?? null;
    if (words !== null) return words;
  }
  return `${fstype}, beginning ${crcOf(bytes)}`;
}

/**
 * Returns words that differ between images. Never throws: an unreadable part is left out of the
 * words.
 */
export function identityOf(reader: Reader, { path, fstype, device }: RomMount): string {
  const releases = RELEASES.map((name) => `${path}/${name}`).filter((file) =>
    orElse(false, () => reader.kind(file) === 'file'),
  );
  const release = releases.map((file) => orElse('', () => reader.readText(file))).join('\0');
  const total = orElse(0, () => reader.space(path).total);
  return [
    contentWords(startOf(reader, device), fstype),
    `${total} in all`,
    ...(releases.length > 0 ? [`release ${crcOf(Buffer.from(release))}`] : []),
  ].join(', ');
}
