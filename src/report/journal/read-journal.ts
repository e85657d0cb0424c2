import type { JournalRecord } from '../../execute/journal.js';

/**
 * The records of the last start in a journal; lines that are not records (a power cut leaves half a
 * one) are passed over.
 */
export function lastStart(text: string): JournalRecord[] {
  const records = text.split('\n').flatMap((line): JournalRecord[] => {
    try {
      const value: unknown = JSON.parse(line);
      return isRecord(value) ? [value] : [];
    } catch {
      return [];
    }
  });
  const begin = records.findLastIndex(
    (record) => record.type === 'begin' && (record.verb === 'start' || record.verb === 'ram'),
  );
  const next = records.findIndex(({ type }, index) => index > begin && type === 'begin');
  return records.slice(Math.max(0, begin), next < 0 ? undefined : next);
}

const isRecord = (value: unknown): value is JournalRecord =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  'at' in value &&
  typeof value.at === 'number' &&
  ['begin', 'script', 'decision', 'step', 'end'].includes(String(value.type));
