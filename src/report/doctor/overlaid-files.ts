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
  /** Options of `/` in /etc/fstab for another file system, with which systemd remounts it. */
  rootOptions?: string[];
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

/** Options that each file system has, or that mount(8) and systemd take out (mount(8)). */
const ANY_FILE_SYSTEM = new Set(
  (
    'defaults ro rw auto nofail dev exec suid user users owner group sync async dirsync atime ' +
    'diratime relatime strictatime lazytime iversion silent loud mand symfollow _netdev'
  )
    .split(' ')
    .flatMap((word) => [word, `no${word}`]),
);
const isForAny = (option: string): boolean =>
  option === '' || ANY_FILE_SYSTEM.has(option) || /^(?:x-|X-|comment=)/.test(option);

/** The options of `/` that only the file system below the overlay knows. */
const rootOptionsOf = (fstab: string): string[] =>
  fstab
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([what, at]) => at === '/' && !what!.startsWith('#'))
    .flatMap(([, , , options]) => options?.split(',') ?? [])
    .filter((option) => !isForAny(option));

/** Remounts `/` with the options of /etc/fstab, unless our package lets it do nothing. */
const REMOUNT = '/usr/lib/systemd/systemd-remount-fs';
const NO_REMOUNT = '/usr/lib/systemd/system/systemd-remount-fs.service.d/mountroot.conf';

const remounts = (reader: Reader): boolean =>
  reader.kind(REMOUNT) === 'file' && reader.kind(NO_REMOUNT) === 'missing';

/** Looks only where `/` is an overlay. */
export function overlaidFiles(reader: Reader, facts: Facts): OverlaidFiles {
  if (visibleAt(facts.mounts, '/')?.fstype !== 'overlay' || facts.opened === null) return {};
  const upper = `${facts.opened.at}/upper`;
  const bootFiles = orElse([], () => reader.list(`${upper}/boot`)).filter((name) =>
    BOOT_FILE.test(name),
  );
  const fstab = orElse('', () => smallText(reader, '/etc/fstab'));
  const swapFiles = swapFilesOf(fstab).filter((path) => isOnOverlay(facts, path));
  const rootOptions = orElse(false, () => remounts(reader)) ? rootOptionsOf(fstab) : [];
  return {
    ...(bootFiles.length > 0 && { bootFiles }),
    ...(swapFiles.length > 0 && { swapFiles }),
    ...(rootOptions.length > 0 && { rootOptions }),
  };
}
