/** The pieces of a line between its blanks. */
import { isRow, isThin } from './harmless.js';

/** Punctuation around a word. The rest of a password must not look like punctuation. */
export const AROUND = /^([([{<"'`*#]{0,2})(.*?)([)\]}>"'`.,;:!?*]{0,3})$/s;
export const PUNCTUATION = /^(?:[-=+<>|/\\*:;,.&…→─│©]{1,3}|-->|\.{3})$/;

/** The places of a longer row of thin pieces. Every second part is blanks. */
export function rowsOfThin(parts: readonly string[]): Set<number> {
  const found = new Set<number>();
  let row: { at: number; core: string }[] = [];
  const end = (): void => {
    if (isRow(row.map(({ core }) => core))) for (const { at } of row) found.add(at);
    row = [];
  };
  for (let at = 0; at < parts.length; at += 2) {
    const part = parts[at]!;
    if (part === '' || PUNCTUATION.test(part)) continue;
    const core = part.length > 40 ? part : AROUND.exec(part)![2]!;
    if (isThin(core)) row.push({ at, core });
    else end();
  }
  end();
  return found;
}
