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

/** Loops, because without machine code a call of a function costs more than the comparison. */
function mayBe({ row: { has }, begins }: Sorted, text: string): boolean {
  if (begins !== null) {
    for (const each of begins) if (text.startsWith(each)) return true;
    return false;
  }
  if (has === undefined) return true;
  for (const each of has) if (text.includes(each)) return true;
  return false;
}

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
    const found: MessageRow[] = [];
    for (const each of byLetter.get(lower.charAt(0)) ?? others)
      if (mayBe(each, lower)) found.push(each.row);
    return found;
  };
}
