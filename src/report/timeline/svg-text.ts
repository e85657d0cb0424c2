/**
 * How wide a text is that nobody has drawn yet. The viewer's own fonts are used, so this reckons
 * with wide ones.
 */

export type Font = 'sans' | 'mono';

/**
 * Per em: a monospace font of 0.62 and a sans serif of 0.58 on average are wider than those of any
 * common system. East Asian letters and signs take a whole em.
 */
const WIDTH: Record<Font, number> = { sans: 0.58, mono: 0.62 };
const isWide = (code: number): boolean => code >= 0x1100;

export function textWidth(text: string, size: number, font: Font): number {
  let ems = 0;
  for (const letter of text) ems += isWide(letter.codePointAt(0)!) ? 1.05 : WIDTH[font];
  return ems * size;
}

/** As much of a text as fits, and seen to be cut. */
export function fitText(text: string, size: number, font: Font, width: number): string {
  if (textWidth(text, size, font) <= width) return text;
  const letters = [...text];
  while (letters.length > 0 && textWidth(`${letters.join('')}…`, size, font) > width) letters.pop();
  return `${letters.join('').trimEnd()}…`;
}

/** A text in lines that fit, of which the last one is cut where there are too many. */
export function textLines(
  text: string,
  size: number,
  font: Font,
  width: number,
  most: number,
): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || textWidth(longer, size, font) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  const kept = lines.slice(0, most);
  if (lines.length > most) kept[most - 1] = `${kept[most - 1]!} …`;
  return kept.map((each) => fitText(each, size, font, width));
}

/** XML 1.0 has no words for most control characters, nor for half a surrogate pair. */
export const escapeXml = (text: string): string =>
  Buffer.from(text, 'utf8')
    .toString('utf8')
    .replace(/[\0-\x1f\x7f-\x9f\ufffe\uffff]/g, ' ')
    .replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
