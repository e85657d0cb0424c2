import type { JournalRecord } from '../execute/journal.js';

/** What became of the script that went first. */
export type ScriptResult = Omit<Extract<JournalRecord, { type: 'script' }>, 'type' | 'at'>;

export const scriptOf = ({ result, why, differences }: ScriptResult): ScriptResult => ({
  result,
  why,
  ...(differences !== undefined && { differences }),
});

/** To stand behind how long a start took. */
export function scriptWords({ result, why, differences = [] }: ScriptResult): string {
  if (result === 'made')
    return differences.length === 0
      ? 'by the script, and verified'
      : `by the script, and not as start would have made it: ${differences[0]}${differences.length > 1 ? `; and ${differences.length - 1} more` : ''}`;
  return `by the agent, because the script that went first ${result === 'refused' ? 'refused' : result === 'failed' ? 'failed' : 'was cut off'}${why === null ? '' : `: ${why}`}`;
}
