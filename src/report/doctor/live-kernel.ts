/** The facts that the running kernel and its drivers show. */
import type { Device, Facts } from '../../facts/facts.js';
import { configInBoot, settingIn, textOfConfig } from '../../facts/kernel-config.js';
import { readWhole } from '../../facts/read-whole.js';
import { orElse } from '../../system/or-else.js';
import type { Reader } from '../../system/port.js';
import { sourceOf } from '../../system/kernel-file.js';
import { smallText } from './live-read.js';

/** The options that the checks ask for. */
const OPTIONS = [
  'JFFS2_FS_XATTR',
  'JFFS2_FS',
  'UBIFS_FS_XATTR',
  'F2FS_FS_XATTR',
  'TMPFS_XATTR',
  'OVERLAY_FS',
];

/** Reads a source of the kernel; null where it shows nothing, which is noted. */
export type LookAt = <T>(path: string, look: () => T) => T | null;

/** A look that notes in `unread` what shows nothing. */
export const notingKernel =
  (unread: Record<string, string>): LookAt =>
  (path, look) => {
    const source = sourceOf(look);
    if (source.is === 'there') return source.value;
    unread[path] = source.is === 'absent' ? 'absent' : source.errno;
    return null;
  };

/** Those options of the kernel; null if neither /proc/config.gz nor /boot shows them. */
export function configOf(
  reader: Reader,
  lookAt: LookAt,
  release: string,
): Record<string, string> | null {
  const packed =
    lookAt('/proc/config.gz', () => readWhole(reader, '/proc/config.gz')) ??
    orElse(null, () => readWhole(reader, configInBoot(release)));
  if (packed === null) return null;
  return orElse(null, () => {
    const found = textOfConfig(packed);
    return Object.fromEntries(OPTIONS.map((name) => [name, settingIn(found, name) ?? 'n']));
  });
}

/** From /proc/meminfo, in bytes; null if that is not understood. */
export function memoryOf(
  reader: Reader,
  lookAt: LookAt,
): { total: number; available: number | null } | null {
  const found = lookAt('/proc/meminfo', () => smallText(reader, '/proc/meminfo'));
  if (found === null) return null;
  return orElse(null, () => {
    const bytes = (name: string): number | null => {
      const [, kibibytes] = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(found) ?? [];
      return kibibytes === undefined ? null : 1024 * Number(kibibytes);
    };
    const total = bytes('MemTotal');
    return total === null ? null : { total, available: bytes('MemAvailable') };
  });
}

/** MTD_WRITEABLE of include/uapi/mtd/mtd-abi.h. */
const MTD_WRITEABLE = 0x400;

/** The place where the driver says whether a device is writable, and how to read it. */
const WRITABLE: Record<
  Device['kind'],
  { where: (name: string) => string; isWritable: (text: string) => boolean }
> = {
  mtd: {
    where: (name) => `/sys/class/mtd/${name}/flags`,
    isWritable: (text) => (Number(text) & MTD_WRITEABLE) !== 0,
  },
  block: { where: (name) => `/sys/class/block/${name}/ro`, isWritable: (text) => text === '0' },
  ubi: {
    where: (name) => `/sys/class/ubi/${name.split('_')[0]}/ro_mode`,
    isWritable: (text) => text === '0',
  },
};

/** Whether the data volume's device may be written; null if its driver does not say. */
export function writableOf(
  reader: Reader,
  { volume }: Facts,
): { value: boolean; where: string } | null {
  const [device] = volume.found;
  if (device === undefined || volume.found.length > 1) return null;
  const { where, isWritable } = WRITABLE[device.kind];
  const path = where(device.name);
  const text = orElse('', () => smallText(reader, path).trim());
  if (text === '' || Number.isNaN(Number(text))) return null;
  return { value: isWritable(text), where: path };
}
