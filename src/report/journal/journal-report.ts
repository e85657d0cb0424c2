import type { ImageMark, ScriptResult } from '../../execute/journal.js';
import {
  doneOf,
  epochOf,
  imageMarkOf,
  isConfirmed,
  rungOf,
  startRunOf,
  type Boot,
  type Failure,
  type JournalRun,
} from './boot-runs.js';
import { isoDate } from '../../text/units.js';
import type { Damage } from './parse-journal.js';

export const BOOTS_SCHEMA = 'mountroot.boots/1';
export const BOOT_SCHEMA = 'mountroot.boot/1';

/** One boot in the list of boots. Times in milliseconds since its kernel started. */
export interface BootSummary {
  boot: number | null;
  id: string | null;
  current: boolean;
  /** When its start began, in ISO 8601; null if the clock was not known. */
  when: string | null;
  rung: string | null;
  reason: string | null;
  because: string | null;
  start: RunSummary | null;
  done: RunSummary | null;
  /** The other runs: `reset`, `stop`, and verbs that ran a second time. */
  others: RunSummary[];
  confirmed: boolean;
  image: ImageMark | null;
  /** The kernel's messages of a crash of the boot before it. */
  crash: string[];
  damage: Damage[];
  file: string;
}

export interface RunSummary {
  verb: string;
  version: string | null;
  node: string | null;
  kernel: string | null;
  at: number;
  ms: number | null;
  exit: number | null;
  ok: boolean | null;
  /** It has no end, because the power failed or it was killed. */
  interrupted: boolean;
  rung: string | null;
  reason: string | null;
  error: string | null;
  summary: string | null;
  warnings: string[];
  failed: Failure[];
  /** The end of the script that ran first; absent if none did. */
  script?: ScriptResult;
}

const summaryOf = ({
  verb,
  version,
  node,
  kernel,
  at,
  ms,
  exit,
  ok,
  rung,
  reason,
  error,
  summary,
  warnings,
  failed,
  script,
}: JournalRun): RunSummary => ({
  verb,
  version,
  node,
  kernel,
  at,
  ms,
  exit,
  ok,
  interrupted: ok === null,
  rung,
  reason,
  error,
  summary,
  warnings,
  failed,
  ...(script !== undefined && { script }),
});

export function summarise(boot: Boot): BootSummary {
  const [start, done, epoch] = [startRunOf(boot), doneOf(boot), epochOf(boot)];
  return {
    boot: boot.number,
    id: boot.id,
    current: boot.current,
    when: epoch === null ? null : isoDate(epoch + (start?.at ?? 0)),
    ...rungOf(boot),
    start: start && summaryOf(start),
    done: done && summaryOf(done),
    others: boot.runs.filter((run) => run !== start && run !== done).map(summaryOf),
    confirmed: isConfirmed(boot),
    image: imageMarkOf(boot),
    crash: boot.crash,
    damage: boot.damage,
    file: boot.file,
  };
}

export interface Summaries {
  boots: BootSummary[];
  /** The unreadable journals, one sentence each. */
  problems: string[];
}

export const reportBoots = ({
  boots,
  problems,
}: Summaries): { schema: typeof BOOTS_SCHEMA } & Summaries => ({
  schema: BOOTS_SCHEMA,
  boots,
  problems,
});

/** One boot with every step. */
export const reportBoot = (
  boot: Boot,
): { schema: typeof BOOT_SCHEMA } & BootSummary & { runs: JournalRun[] } => ({
  schema: BOOT_SCHEMA,
  ...summarise(boot),
  runs: boot.runs,
});
