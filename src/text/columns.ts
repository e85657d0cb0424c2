/** Text in lines and columns, for a terminal or a serial console of 80 columns. */
import { printableText } from './printable.js';

/** A log record and a row are one line, and a name in them must not control the terminal. */
export { printableLine as oneLine } from './printable.js';

const COLUMNS = 80;

/**
 * Breaks text at blanks, so that no line is longer than `width` unless a single word is. Each line
 * begins with `indent` blanks.
 */
export function wrap(text: string, indent: number, width = COLUMNS): string {
  const lines: string[] = [];
  let line = '';
  // A mountpoint may hold newlines and control sequences.
  for (const word of printableText(text.replace(/[\0-\x1f\x7f]/g, ' ')).split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((each) => ' '.repeat(indent) + each).join('\n');
}

/** The same, with a label or a bullet in the first line's indent. */
export const wrapBehind = (label: string, text: string, indent: number): string =>
  label.padEnd(indent) + wrap(text, indent).slice(indent);

/** At most `most` characters; a text that was cut ends in `…`. */
export const clipped = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1)).trimEnd()}…`;
