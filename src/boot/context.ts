import type { Clock } from '../execute/execute.js';
import type { Beginning, Journal } from '../execute/journal.js';
import type { Facts } from '../facts/facts.js';
import type { Process } from '../facts/gather.js';
import type { Log } from '../log/log.js';
import type { Verb } from '../plan/plan.js';
import type { Reader, System } from '../system/port.js';

/** What a verb is run with: the doors to the outside, which tests hang otherwise. */
export interface BootContext {
  verb: Verb;
  reader: Reader;
  /** Opens the door to the kernel; called only when there is something to do, and may throw. */
  openSystem: () => Promise<System>;
  process: Process;
  log: Log;
  clock: Clock;
  force: boolean;
  /** This process holds the lock already. */
  locked?: boolean;
  /** What `reset` keeps. */
  keep?: readonly string[];
  /**
   * What the journal's reader wants to know of this run; it costs no file read and never throws.
   */
  beginning?: (facts: Facts) => Beginning;
  /** Opens the journal; it never throws, and tells once when it cannot be kept. */
  openJournal: (complain: (message: string) => void) => Journal;
}
