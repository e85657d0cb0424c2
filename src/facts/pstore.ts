import type { Reader } from '../system/port.js';

export const PSTORE = '/sys/fs/pstore';

/** The end of the kernel log of the boot before: what it says last is what matters. */
const LINES = 20;

/**
 * What the boot before left in memory that outlasts a reset
 * (Documentation/admin-guide/ramoops.rst), or null where nothing is.
 */
export interface Before {
  /** The kernel's own words of a crash, one line each. */
  crash: string[];
  /** The last lines of its console. */
  last: string[];
}

/** A watchdog driver that says hello is no crash; one that found a processor stuck is. */
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
