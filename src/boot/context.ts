import type { Clock } from '../execute/execute.js';
import type { Beginning, Journal } from '../execute/journal.js';
import type { Facts } from '../facts/facts.js';
import type { Process } from '../facts/gather.js';
import type { Log } from '../log/log.js';
import type { Verb } from '../plan/plan.js';
import type { Reader, System } from '../system/port.js';

/** The environment of a verb: its interfaces to the outside, which tests replace. */
export interface BootContext {
  verb: Verb;
  reader: Reader;
  /**
   * Opens the interface to the kernel. It is called only if the verb has something to do, and may
   * throw.
   */
  openSystem: () => Promise<System>;
  process: Process;
  log: Log;
  clock: Clock;
  force: boolean;
  /** True if this process already holds the lock. */
  locked?: boolean;
  /** The paths that `reset` keeps. */
  keep?: readonly string[];
  /** Information about this run for readers of the journal. It reads no file and never throws. */
  beginning?: (facts: Facts) => Beginning;
  /** Opens the journal. Never throws, and complains once if the journal cannot be written. */
  openJournal: (complain: (message: string) => void) => Journal;
}
