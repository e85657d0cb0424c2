import { RUNGS, type Rung } from '../facts/rungs.js';
import type { StageResult, Reason, Verb } from '../plan/plan.js';
import type { Reader } from '../system/port.js';
import type { Journal } from './journal.js';
import { oneLine } from '../text/columns.js';

/** What a verb came to. */
export interface VerbOutcome {
  verb: Verb;
  rung: Rung;
  reason: Reason | null;
  because: string | null;
  summary: string;
  exit: number;
  /** Milliseconds since the kernel started. */
  at: number;
  /** The plans that failed on the way, and were taken back. */
  failures: ({ stage: StageResult['stage']; rung: Rung } & NonNullable<StageResult['failed']>)[];
  warnings: string[];
}

type Limit = 'no-rename-whiteout' | 'no-rename-exchange';

/**
 * /tmp/mountroot/state.json: what the root is in this boot, for people, programs and later verbs.
 */
export interface StateFile extends VerbOutcome {
  schema: 'mountroot.state/1';
  persistent: boolean;
  /** What the root cannot do although it is there, as words for programs. */
  limits: Limit[];
}

/** One line for whoever logs in; '' when all is well. */
export function noticeOf({
  rung,
  reason,
  because,
  warnings = [],
}: Pick<VerbOutcome, 'rung' | 'reason' | 'because'> &
  Partial<Pick<VerbOutcome, 'warnings'>>): string {
  const [first, ...more] = warnings;
  if (rung === 'persistent' && reason === null)
    return first === undefined
      ? ''
      : `${oneLine(`mountroot: ${RUNGS[rung].notice}, but ${first}${more.length > 0 ? ` (and ${more.length} more, see mountroot status)` : ''}`)}\n`;
  return `${oneLine(`mountroot: ${RUNGS[rung].notice} (${reason ?? rung})${because ? `: ${because}` : ''}`)}\n`;
}

/**
 * A flag of renameat2(2) that is refused as unknown (see causes.ts); any other error says nothing
 * of what the file system can.
 */
const LACK = / lacks RENAME_(WHITEOUT|EXCHANGE)\b/;

const limitsOf = (warnings: readonly string[]): Limit[] =>
  (['whiteout', 'exchange'] as const).flatMap((what): Limit[] =>
    warnings.some((warning) => LACK.exec(warning)?.[1] === what.toUpperCase())
      ? [`no-rename-${what}`]
      : [],
  );

/**
 * Records the state and the notice for logins, each replaced whole. What `done` finds out is added
 * to what `start` recorded.
 */
export function recordState(journal: Journal, reader: Reader, ended: VerbOutcome): void {
  const before = earlier(reader);
  const confirmed = ended.verb === 'done' || ended.verb === 'stop';
  const merged: VerbOutcome =
    confirmed && before !== null
      ? {
          ...ended,
          because: ended.because ?? (ended.reason === null ? null : before.because),
          failures: [...before.failures, ...ended.failures],
        }
      : ended;
  const state: StateFile = {
    schema: 'mountroot.state/1',
    ...pick(merged),
    persistent: merged.rung === 'persistent',
    limits: limitsOf(ended.warnings),
  };
  journal.keep('state.json', `${JSON.stringify(state, null, 2)}\n`);
  journal.keep('notice', noticeOf(merged));
}

/** Of a plan, which may be handed in whole, only what a state is. */
const pick = ({
  verb,
  rung,
  reason,
  because,
  summary,
  exit,
  at,
  failures,
  warnings,
}: VerbOutcome): VerbOutcome => ({
  verb,
  rung,
  reason,
  because,
  summary,
  exit,
  at,
  failures,
  warnings,
});

/** What an earlier verb of this boot recorded. */
export function earlier(reader: Reader): StateFile | null {
  try {
    const state = JSON.parse(reader.readText('/tmp/mountroot/state.json')) as StateFile;
    return Array.isArray(state.failures) ? state : null;
  } catch {
    return null;
  }
}
