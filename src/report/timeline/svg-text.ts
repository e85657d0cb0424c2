/** Estimates how wide a text will be. The viewer chooses the font, so the estimate is generous. */
import { printableText } from '../../text/printable.js';

type Font = 'sans' | 'mono';

/** How words are drawn; the size in user units. */
export interface Lettering {
  size: number;
  font: Font;
}

/**
 * Widths per em. A monospace font of 0.62 and a sans serif of 0.58 on average are wider than those
 * of any common system. East Asian letters and symbols take a whole em.
 */
const WIDTH: Record<Font, number> = { sans: 0.58, mono: 0.62 };
const isWide = (code: number): boolean => code >= 0x1100;

export function textWidth(text: string, { size, font }: Lettering): number {
  let ems = 0;
  for (const letter of text) ems += isWide(letter.codePointAt(0)!) ? 1.05 : WIDTH[font];
  return ems * size;
}

/** As much of a text as fits into a width; a text that was cut ends in `…`. */
export function fitText(text: string, look: Lettering, width: number): string {
  if (textWidth(text, look) <= width) return text;
  const letters = [...text];
  while (letters.length > 0 && textWidth(`${letters.join('')}…`, look) > width) letters.pop();
  return `${letters.join('').trimEnd()}…`;
}

/** A text in lines that fit. With more than `most` lines, the last one that is kept is cut. */
export function textLines(text: string, look: Lettering, width: number, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || textWidth(longer, look) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  const kept = lines.slice(0, most);
  if (lines.length > most) kept[most - 1] = `${kept[most - 1]!} …`;
  return kept.map((each) => fitText(each, look, width));
}

/** Escapes text for XML 1.0, which cannot hold most controls, nor half a surrogate pair. */
export const escapeXml = (text: string): string =>
  printableText(
    Buffer.from(text, 'utf8')
      .toString('utf8')
      .replace(/[\0-\x1f\x7f-\x9f\ufffe\uffff]/g, ' '),
  ).replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
