import type { ImageMark, JournalRecord } from '../../execute/journal.js';
import { JOURNAL_LIMITS, JSON_LIMITS } from '../../text/input-limits.js';
import { printableLine } from '../../text/printable.js';
import { JsonRefused, readJson } from '../../text/read-json.js';

/** A line of a journal that is not a record: a power cut leaves half a line, worn flash worse. */
export interface Damage {
  /** From 1; 0 means the file as a whole. */
  line: number;
  what: string;
}

export interface ParsedJournal {
  records: JournalRecord[];
  damage: Damage[];
}

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => isTime(value) && Number.isInteger(value);
const orAbsent =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || is(value);
const orNull =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || value === undefined || is(value);
const isMark = (value: unknown): value is ImageMark =>
  isObject(value) && isTime(value['size']) && isTime(value['modified']) && isTime(value['inode']);

/** The fields that reports rely on, by type of record. Other fields are passed through. */
const SHAPES: Record<JournalRecord['type'], Record<string, (value: unknown) => boolean>> = {
  begin: {
    verb: isText,
    version: isText,
    node: isText,
    started: orAbsent((value) => typeof value === 'number' && Number.isFinite(value)),
    time: orAbsent(isTime),
    kernel: orAbsent(isText),
    image: orAbsent(isMark),
  },
  before: { crash: isTexts, last: isTexts },
  script: { result: isText, why: orNull(isText), differences: orAbsent(isTexts) },
  decision: {
    decision: isText,
    stage: orAbsent(isText),
    rung: orAbsent(isText),
    reason: orAbsent(isText),
    because: orAbsent(isText),
    summary: isText,
    notes: isTexts,
  },
  step: {
    number: isCount,
    id: isText,
    action: isObject,
    result: (value) => ['done', 'kept', 'failed', 'undone'].includes(String(value)),
    error: orAbsent(isText),
    ms: isTime,
  },
  end: {
    ok: (value) => typeof value === 'boolean',
    exit: isCount,
    rung: orAbsent(isText),
    reason: orNull(isText),
    error: orAbsent(isText),
    warnings: isTexts,
    ms: isTime,
  },
};

/** A record, or a sentence that says what is wrong with it. */
function recordOf(line: string): JournalRecord | string {
  let value: unknown;
  try {
    value = readJson(line, JSON_LIMITS.record);
  } catch (error) {
    if (error instanceof JsonRefused && error.code !== 'no-json')
      return `a record that ${error.message}`;
    return line.startsWith('{') && !line.trimEnd().endsWith('}')
      ? 'half a record, as a power cut leaves it'
      : 'no record at all';
  }
  if (!isObject(value) || typeof value['type'] !== 'string') return 'no record at all';
  const { type, at } = value;
  if (!Object.hasOwn(SHAPES, type))
    return (
      `a record of the type ${JSON.stringify(printableLine(type.slice(0, 40)))}, ` +
      'which this version does not know'
    );
  if (!isTime(at)) return `a ${type} record without its time`;
  const wrong = Object.entries(SHAPES[type as JournalRecord['type']]).find(
    ([name, is]) => !is(value[name]),
  )?.[0];
  return wrong === undefined
    ? (value as unknown as JournalRecord)
    : `a ${type} record whose "${wrong}" is not what it should be`;
}

/** The lines with their numbers, one after the other: a journal may consist of newlines. */
function* linesOf(text: string): Generator<[number, string], void> {
  let number = 1;
  for (let at = 0; at < text.length; number++) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end;
    if (next > at) yield [number, text.slice(at, next)];
    at = next + 1;
  }
}

/** The records of a journal, and the lines that are none, as many as a journal may have. */
export function parseJournal(text: string): ParsedJournal {
  const records: JournalRecord[] = [];
  const damage: Damage[] = [];
  for (const [number, line] of linesOf(text)) {
    if (line.trim() === '') continue;
    if (damage.length >= JOURNAL_LIMITS.damage || records.length >= JOURNAL_LIMITS.records) {
      const more = `more than ${records.length} records and ${damage.length} other lines`;
      damage.unshift({ line: 0, what: `it has ${more}, and was read up to line ${number}` });
      break;
    }
    const record = recordOf(line);
    if (typeof record === 'string') damage.push({ line: number, what: record });
    else records.push(record);
  }
  return { records, damage };
}
