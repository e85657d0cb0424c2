import { ownText } from '../facts/own-files.js';
import { NOTICE, STATE } from '../facts/places.js';
import { isRung, type Rung } from '../facts/rungs.js';
import type { StageResult, Reason, Verb } from '../plan/plan.js';
import { noticeWords } from '../plan/reasons.js';
import type { Limit } from '../steps/step-kind.js';
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { oneLine } from '../text/columns.js';
import { JSON_LIMITS } from '../text/input-limits.js';
import type { Journal } from './journal.js';
import { readObject } from '../text/read-json.js';
import { printableJson } from '../text/printable.js';

/** The result of a verb. */
export interface VerbOutcome {
  verb: Verb;
  rung: Rung;
  reason: Reason | null;
  because: string | null;
  summary: string;
  exit: number;
  /** Milliseconds since the kernel started. */
  at: number;
  /** The plans that failed before, and were undone. */
  failures: ({ stage: StageResult['stage']; rung: Rung } & NonNullable<StageResult['failed']>)[];
  warnings: string[];
  limits: Limit[];
}

/**
 * state.json: the state of the root in this boot, for people, programs and later
 * verbs.
 */
export interface StateFile extends VerbOutcome {
  schema: 'mountroot.state/1';
  persistent: boolean;
}

/** One line for people who log in; '' when all is well. */
export function noticeOf({
  rung,
  reason,
  because,
  warnings = [],
}: Pick<VerbOutcome, 'rung' | 'reason' | 'because'> &
  Partial<Pick<VerbOutcome, 'warnings'>>): string {
  const said = `mountroot: ${noticeWords({ rung, reason })}`;
  const line = (rest: string): string => `${oneLine(`${said}${rest}`)}\n`;
  if (rung !== 'persistent' || reason !== null)
    return line(` (${reason ?? rung})${because ? `: ${because}` : ''}`);
  const [first, ...more] = warnings;
  if (first === undefined) return '';
  return line(
    `, but ${first}${more.length > 0 ? ` (and ${more.length} more, see mountroot status)` : ''}`,
  );
}

/**
 * Records the state and the notice for logins, and replaces each file as a whole. `done` adds its
 * findings to the state that `start` recorded.
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
  const { verb, rung, reason, because, summary, exit, at, failures, warnings } = merged;
  const state: StateFile = {
    schema: 'mountroot.state/1',
    verb,
    rung,
    reason,
    because,
    summary,
    exit,
    at,
    failures,
    warnings,
    persistent: rung === 'persistent',
    limits: [...new Set(ended.limits)],
  };
  journal.keep(STATE, `${printableJson(state, 2)}\n`);
  journal.keep(NOTICE, noticeOf(merged));
}

/** The state that an earlier verb of this boot recorded. */
export function earlier(reader: Reader): StateFile | null {
  const text = orElse('', () => ownText(reader, STATE));
  const state = readObject(text, JSON_LIMITS.state);
  return state !== null && isRung(state['rung']) && Array.isArray(state['failures'])
    ? (state as unknown as StateFile)
    : null;
}
