import type { JournalRecord } from '../../execute/journal.js';
import { isRootMaker } from '../../plan/root-verbs.js';
import { parseJournal } from './parse-journal.js';

/**
 * The records of the last verb in a journal that made a root. A line that is not a record is left
 * out.
 */
export function lastStart(text: string): JournalRecord[] {
  const { records } = parseJournal(text);
  const begin = records.findLastIndex(
    (record) => record.type === 'begin' && isRootMaker(record.verb),
  );
  const next = records.findIndex(({ type }, index) => index > begin && type === 'begin');
  return records.slice(Math.max(0, begin), next < 0 ? undefined : next);
}
