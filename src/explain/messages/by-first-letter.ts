/**
 * Sorts patterns by the first letter of what they match. A log has hundreds of lines and there are
 * hundreds of patterns; without machine code each comparison costs a board some microseconds.
 */

/** Whether a pattern has alternatives outside of all groups. */
function hasAlternatives(source: string): boolean {
  const plain = source
    .replace(/\\./g, '')
    .replace(/\[[^\]]*\]/g, '')
    .split('');
  let depth = 0;
  return plain.some((character) => {
    if (character === '(') depth++;
    if (character === ')') depth--;
    return character === '|' && depth === 0;
  });
}

/** The character with which each match begins; null if there may be several. */
export function firstLetter({ source, flags }: RegExp): string | null {
  const [, letter = null] = /^\^([\w ])(?![?*{])/.exec(source) ?? [];
  return letter === null || flags.includes('i') || hasAlternatives(source) ? null : letter;
}

/**
 * @returns the rows whose pattern may match a text, in their order. @param rows with patterns that
 *   begin with `^`, unless a match may be anywhere.
 */
export function byFirstLetter<Row>(
  rows: readonly Row[],
  patternOf: (row: Row) => RegExp,
): (text: string) => readonly Row[] {
  const letters = rows.map((row) => firstLetter(patternOf(row)));
  const rowsFor = (letter: string | null): Row[] =>
    rows.filter((_, index) => letters[index] === null || letters[index] === letter);
  const others = rowsFor(null);
  const sorted = new Map(letters.map((letter) => [letter ?? '', rowsFor(letter)]));
  return (text) => sorted.get(text.charAt(0)) ?? others;
}
