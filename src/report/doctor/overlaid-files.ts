/** Files that do nothing, or not what was meant, because they are on an overlay. */
import type { Facts } from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { orElse } from '../../system/or-else.js';
import type { Reader } from '../../system/port.js';
import { smallText } from './live-read.js';

export interface OverlaidFiles {
  /** Files of /boot in the upper layer, where no boot loader looks. */
  bootFiles?: string[];
  /** Swap files of /etc/fstab that are on the overlay. */
  swapFiles?: string[];
}

/** What a boot loader reads, as Debian and Fedora name it. */
const BOOT_FILE = /^(?:vmlinuz|vmlinux|kernel|initrd|initramfs|dtb)[.\w-]/;

const isOnOverlay = ({ mounts }: Facts, path: string): boolean =>
  mounts.filter(({ mountpoint }) => path.startsWith(`${mountpoint}/`) && mountpoint !== '/')
    .length === 0;

const swapFilesOf = (fstab: string): string[] =>
  fstab
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([what, , type]) => type === 'swap' && /^\/(?!dev\/)/.test(what ?? ''))
    .map(([what]) => what!);

/** Looks only where `/` is an overlay. */
export function overlaidFiles(reader: Reader, facts: Facts): OverlaidFiles {
  if (visibleAt(facts.mounts, '/')?.fstype !== 'overlay' || facts.opened === null) return {};
  const upper = `${facts.opened.at}/upper`;
  const bootFiles = orElse([], () => reader.list(`${upper}/boot`)).filter((name) =>
    BOOT_FILE.test(name),
  );
  const swapFiles = swapFilesOf(orElse('', () => smallText(reader, '/etc/fstab'))).filter((path) =>
    isOnOverlay(facts, path),
  );
  return {
    ...(bootFiles.length > 0 && { bootFiles }),
    ...(swapFiles.length > 0 && { swapFiles }),
  };
}
