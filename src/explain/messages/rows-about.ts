/**
 * Finds the rows that a line may belong to, without their patterns. A log has hundreds of lines and
 * there are hundreds of rows. A board without machine code needs microseconds for each comparison
 * with a pattern, and longer for the first one, which compiles it.
 */
import { beginningsOf } from './beginnings.js';
import type { MessageRow } from './message-row.js';

interface Sorted {
  row: MessageRow;
  begins: readonly string[] | null;
}

const mayBe = ({ row: { has }, begins }: Sorted, text: string): boolean => {
  if (begins !== null) return begins.some((each) => text.startsWith(each));
  return has === undefined || has.some((each) => text.includes(each));
};

/** @returns a function that finds the rows which a text may match, in their order. */
export function rowsAbout(rows: readonly MessageRow[]): (text: string) => readonly MessageRow[] {
  const all: Sorted[] = rows.map((row) => ({ row, begins: beginningsOf(row.pattern) }));
  const letters = all.flatMap(({ begins }) => begins?.map((text) => text.charAt(0)) ?? []);
  const rowsFor = (letter: string | null): Sorted[] =>
    all.filter(({ begins }) => begins === null || begins.some((text) => text.charAt(0) === letter));
  const byLetter = new Map(letters.map((letter) => [letter, rowsFor(letter)]));
  const others = rowsFor(null);
  return (text) => {
    const lower = text.toLowerCase();
    const sorted = byLetter.get(lower.charAt(0)) ?? others;
    return sorted.filter((each) => mayBe(each, lower)).map(({ row }) => row);
  };
}
