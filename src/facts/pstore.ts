import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';

export const PSTORE = '/sys/fs/pstore';

/** The files of an image in which OpenWrt, busybox and others mount pstore. */
const MOUNTED_IN = ['/etc/init.d/boot', '/etc/init.d/rcS', '/etc/fstab'];
const LONGEST = 64 * 1024;

/** Comments do not count. */
const NAMES_PSTORE = /^[^#\n]*\bpstore\b/m;

/**
 * What in the image mounts pstore later in the boot; null if nothing is known to. systemd does it
 * itself (mount-setup.c).
 */
export function pstoreMounter(reader: Reader, image: string): string | null {
  const init = `${image}/sbin/init`;
  const isSystemd = orElse(
    false,
    () => reader.kind(init) === 'symlink' && /\bsystemd$/.test(reader.readLink(init)),
  );
  if (isSystemd) return 'systemd';
  const mounter = MOUNTED_IN.find((file) =>
    orElse(
      false,
      () =>
        reader.kind(`${image}${file}`) === 'file' &&
        NAMES_PSTORE.test(
          Buffer.from(reader.readBytes(`${image}${file}`, 0, LONGEST)).toString('latin1'),
        ),
    ),
  );
  return mounter ?? null;
}

/**
 * How many lines of the previous boot's kernel log we keep: the last ones, because they show the
 * crash.
 */
const LINES = 20;

/**
 * The messages that the previous boot left in memory that survives a reset
 * (Documentation/admin-guide/ramoops.rst), or null if it left nothing.
 */
export interface Before {
  /** The kernel's messages about a crash, one line each. */
  crash: string[];
  /** The last lines of its console. */
  last: string[];
}

/**
 * Matches the messages of a crash. A watchdog driver's greeting is no crash, but a watchdog that
 * found a stuck processor is.
 */
const CRASH = /Kernel panic|Oops|BUG:|Unable to handle|Internal error|watchdog: .*(lockup|bark)/i;

export function lookBack(reader: Reader): Before | null {
  const read = (name: string): string[] => {
    try {
      return reader
        .readText(`${PSTORE}/${name}`)
        .replace(/[^\n\x20-\x7e]/g, '')
        .split('\n')
        .filter((line) => line !== '');
    } catch {
      return [];
    }
  };
  let names: string[];
  try {
    names = reader.kind(PSTORE) === 'directory' ? reader.list(PSTORE) : [];
  } catch {
    return null;
  }
  const dumps = names.filter((name) => name.startsWith('dmesg-')).flatMap(read);
  const console = names.filter((name) => name.startsWith('console-')).flatMap(read);
  if (dumps.length === 0 && console.length === 0) return null;
  return {
    crash: dumps.filter((line) => CRASH.test(line)).slice(0, 5),
    last: console.slice(-LINES),
  };
}
