/**
 * An import that waits for the next start: the complete new upper layer on the data volume, and the
 * order to use it. The order is written last and removed first, so there is never an order for half
 * a layer.
 */
import { IMPORT_ORDER, META, NEXT_UPPER } from '../../facts/places.js';
import type { Reader, System } from '../../system/port.js';
import type { Counts } from './accepted.js';

export interface Waiting {
  schema: 'mountroot.import-order/1';
  /** The archive's name on the command line. */
  file: string;
  mode: 'replace' | 'merge';
  counts: Counts;
}

/**
 * Whether two names are one directory. A power cut during a rename may cause this on jffs2.
 * Removing one name would then empty the other.
 */
const isSame = (reader: Reader, one: string, other: string): boolean =>
  reader.kind(one) === 'directory' &&
  reader.kind(other) === 'directory' &&
  reader.details(one).inode === reader.details(other).inode;

/** Removes an order and its layer, even a partial one. @returns whether an import was waiting. */
export function cancelAt(system: System, at: string): boolean {
  const order = `${at}/${IMPORT_ORDER}`;
  const next = `${at}/${NEXT_UPPER}`;
  if (system.kind(`${at}/${META}`) !== 'directory') return false;
  const waiting = system.kind(order) !== 'missing';
  if (waiting) {
    system.unlink(order);
    system.syncfs(at);
  }
  if (isSame(system, next, `${at}/upper`))
    throw new Error(
      `${next} and ${at}/upper are one directory, as a power cut during a start can leave it; ` +
        'reboot, and the kernel makes two of them again',
    );
  system.removeTree(next);
  return waiting;
}

export function orderAt(system: System, at: string, order: Omit<Waiting, 'schema'>): void {
  system.replace(
    `${at}/${IMPORT_ORDER}`,
    `${JSON.stringify({ schema: 'mountroot.import-order/1', ...order } satisfies Waiting)}\n`,
    0o600,
  );
  system.syncfs(at);
}
