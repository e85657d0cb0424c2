import type { Reader } from '../system/port.js';
import { whyNotRoots } from '../system/trust.js';
import type { Mount, State } from './facts.js';
import { parseMountinfo } from './mountinfo.js';
import { STATES } from './mounted-volume.js';
import { recordFile } from './own-files.js';
import { SCRIPT_AFTER, SCRIPT_BEFORE, SCRIPT_LOG, STATE } from './places.js';
import { keyed } from '../text/keyed.js';

interface ScriptStep {
  number: number;
  id: string;
  result: 'done' | 'kept' | 'failed';
  at: number;
  ms: number;
}

/** The script's own record of its work. Times are milliseconds since the kernel started. */
export interface ScriptRecord {
  begun: number;
  /** For a script that was cut off, the time of its last line. */
  ended: number;
  result: 'made' | 'refused' | 'failed' | 'cut off';
  /** The reason for refusing or failing. */
  why: string | null;
  /** The state of the volume on which the plan depends; null if the script had not read it yet. */
  found: { attempts: number; state: State } | null;
  steps: ScriptStep[];
  /** Error messages of the commands that the script ran. */
  said: string[];
}

/** The parts of a line: a keyword, the script's clock, and the rest. Other text gives null. */
interface LogWords {
  keyword: string;
  at: number;
  rest: string;
}

function wordsOf(line: string, at: (clock: string) => number): LogWords | null {
  const [, keyword, clock, rest = ''] =
    /^(looked|found|step|end) (\d+(?:\.\d+)?)(?: (.*))?$/.exec(line) ?? [];
  return keyword === undefined || clock === undefined ? null : { keyword, at: at(clock), rest };
}

/** Adds a line to the record, by its keyword. `ms` is the time since the previous line. */
const TAKE: Record<string, (record: ScriptRecord, words: LogWords, ms: number) => void> = keyed({
  looked: () => undefined,
  found: (record, { rest }) => {
    const [, attempts, state] = /^attempts=(\d{1,6}) state=(\d)$/.exec(rest) ?? [];
    if (attempts !== undefined)
      record.found = { attempts: Number(attempts), state: STATES[state!] ?? 'damaged' };
  },
  step: (record, { at, rest }, ms) => {
    const [, number, id, result] = /^(\d{1,4}) (\S+) (done|kept|failed)$/.exec(rest) ?? [];
    if (id !== undefined)
      record.steps.push({
        number: Number(number),
        id,
        result: result as ScriptStep['result'],
        at: at - ms,
        ms,
      });
  },
  end: (record, { rest }) => {
    const [, result, why] = /^(made|refused|failed) ?(.*)$/.exec(rest) ?? [];
    if (result === undefined) return;
    record.result = result as ScriptRecord['result'];
    record.why = why === '' ? null : why!;
  },
});

/**
 * Parses the script's log; null for other text. The script's clock may start anywhere, so the first
 * line has both the clock and the time since the kernel started.
 */
export function parseScriptLog(text: string): ScriptRecord | null {
  const [, clock, uptime] = /^begin ([\d.]+) ([\d.]+)\n/.exec(text) ?? [];
  if (clock === undefined || uptime === undefined) return null;
  // The shell's clock has microseconds, so we round to them.
  const at = (shown: string): number =>
    Math.max(0, Math.round((Number(uptime) + Number(shown) - Number(clock)) * 1e6) / 1e3);
  const record: ScriptRecord = {
    begun: at(clock),
    ended: at(clock),
    result: 'cut off',
    why: null,
    found: null,
    steps: [],
    said: [],
  };
  for (const line of text.split('\n').slice(1)) {
    const words = wordsOf(line, at);
    if (words === null) {
      if (line !== '') record.said.push(line);
      continue;
    }
    const ms = words.at - record.ended;
    record.ended = words.at;
    TAKE[words.keyword]!(record, words, ms);
  }
  return record;
}

/** Returns a file's text only if root wrote it, because any user may write in /tmp. */
function ours(reader: Reader, path: string): string | null {
  try {
    return reader.details(path).kind === 'file' && whyNotRoots(reader, path) === null
      ? reader.readText(path)
      : null;
  } catch {
    return null;
  }
}

/** Returns the record of this boot's script; null when no script ran. */
export function scriptRecord(reader: Reader): ScriptRecord | null {
  const text = ours(reader, SCRIPT_LOG);
  return text === null ? null : parseScriptLog(text);
}

/** Returns the mounts before and after the script; null when the script did not come so far. */
export function scriptMounts(reader: Reader): { before: Mount[] | null; after: Mount[] | null } {
  const read = (path: string): Mount[] | null => {
    const text = ours(reader, path);
    return text === null || text === '' ? null : parseMountinfo(text);
  };
  return { before: read(SCRIPT_BEFORE), after: read(SCRIPT_AFTER) };
}

/** True when the script made the root: it says so, or it was cut off after the pivot. */
export const madeRoot = ({ result, steps }: ScriptRecord): boolean =>
  result === 'made' ||
  (result === 'cut off' && steps.some((step) => step.id === 'pivot' && step.result === 'done'));

/** True when the script made the root and nobody has verified it yet. */
export const isUnverified = (reader: Reader, record: ScriptRecord): boolean =>
  madeRoot(record) && reader.kind(recordFile(reader, STATE)) === 'missing';
