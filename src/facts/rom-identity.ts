import type { Reader } from '../system/port.js';
import { crcOf } from './rom-manifest.js';
import { VOLUME_TYPE_LIST } from '../volumes/index.js';
import { orElse } from '../system/or-else.js';

/** Where the image is and what it is mounted from. */
export interface RomMount {
  path: string;
  fstype: string;
  /** `major:minor`, as in mountinfo. */
  device: string;
}

/**
 * Where builds say which one they are; a symlink may lead out of the image, so only files count.
 */
const RELEASES = [
  'etc/openwrt_release',
  'etc/openwrt_version',
  'etc/os-release',
  'usr/lib/os-release',
];

const LOOKED_AT = 4096;

/**
 * The name by which the kernel shows a device does for /dev; the source of the mount may be
 * `/dev/root`, which is none.
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
 * Words that are other ones for another image. Never throws: what cannot be read tells nothing
 * apart.
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
