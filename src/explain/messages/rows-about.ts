/**
 * Finds the rows that the lines of a log may belong to, without their patterns. A log has hundreds
 * of lines and there are hundreds of rows. A board without machine code needs microseconds for each
 * comparison with a pattern, and longer for the first one, which compiles it.
 */
import { beginningsOf } from './beginnings.js';
import type { MessageRow } from './message-row.js';

/** How a line may begin, and the row's place in the table. */
interface Beginning {
  place: number;
  begin: string;
}

const NONE: readonly number[] = [];

/** Beginnings are sorted by so many letters. */
const SORTED_BY = 3;

/** The rows, by what a line must begin with or contain. */
interface SortedRows {
  byBeginning: ReadonlyMap<string, readonly Beginning[]>;
  byWord: ReadonlyMap<string, readonly number[]>;
  /** Those of `byBeginning` that need a word too. */
  withWord: ReadonlySet<number>;
  /** Those that need nothing else than one of their words. */
  wordOnly: ReadonlySet<number>;
  /** Those that any line may belong to. */
  always: readonly number[];
}

function sortRows(rows: readonly MessageRow[]): SortedRows {
  const byBeginning = new Map<string, Beginning[]>();
  const byWord = new Map<string, number[]>();
  const [withWord, wordOnly, always] = [new Set<number>(), new Set<number>(), [] as number[]];
  const addTo = <T>(map: Map<string, T[]>, key: string, value: T): void => {
    map.set(key, [...(map.get(key) ?? []), value]);
  };
  for (const [place, { pattern, has }] of rows.entries()) {
    const begins = beginningsOf(pattern);
    for (const begin of begins ?? [])
      addTo(byBeginning, begin.slice(0, SORTED_BY), { place, begin });
    for (const word of has ?? []) addTo(byWord, word, place);
    if (has !== undefined) (begins === null ? wordOnly : withWord).add(place);
    else if (begins === null) always.push(place);
  }
  return { byBeginning, byWord, withWord, wordOnly, always };
}

/**
 * The lines that contain a word. The whole log is searched at once: a call for each line and word
 * costs more than the search.
 */
class LinesOf {
  private readonly text: string;
  /** Where each line ends in the text. */
  private readonly ends: number[] = [];

  constructor(lines: readonly string[]) {
    let end = 0;
    for (const line of lines) this.ends.push((end += line.length + 1));
    this.text = lines.join('\n');
  }

  *with(word: string): Generator<number, void> {
    let line = 0;
    for (let at = 0; (at = this.text.indexOf(word, at)) >= 0; at = this.ends[line]!) {
      while (this.ends[line]! <= at) line++;
      yield line;
    }
  }
}

/**
 * @returns a function that takes the lines of a log, and returns one that finds the rows which the
 *   line of a number may belong to, in their order.
 */
export function rowsAbout(
  rows: readonly MessageRow[],
): (lines: readonly string[]) => (line: number) => readonly MessageRow[] {
  const { byBeginning, byWord, withWord, wordOnly, always } = sortRows(rows);
  return (lines) => {
    const lower = lines.map((line) => line.toLowerCase());
    const log = new LinesOf(lower);
    const places = new Map<number, number[]>();
    for (const [word, found] of byWord)
      for (const line of log.with(word)) {
        const there = places.get(line);
        if (there === undefined) places.set(line, [...found]);
        else there.push(...found);
      }
    return (line) => {
      const text = lower[line]!;
      const named = places.get(line) ?? NONE;
      const found = [...always];
      for (const place of named) if (wordOnly.has(place)) found.push(place);
      for (let letters = 1; letters <= SORTED_BY; letters++)
        for (const { place, begin } of byBeginning.get(text.slice(0, letters)) ?? [])
          if (text.startsWith(begin) && (!withWord.has(place) || named.includes(place)))
            found.push(place);
      if (found.length <= 1) return found.map((place) => rows[place]!);
      return [...new Set(found)].sort((one, other) => one - other).map((place) => rows[place]!);
    };
  };
}
