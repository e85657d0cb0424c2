import { FILE_LIMITS } from '../text/input-limits.js';
import { keyed } from '../text/keyed.js';

/** Terminal control sequences, also with the escape written as `^[`, and colours that lost it. */
const TERMINAL =
  /(?:\x1b|\^\[)(?:\[[0-9;?]{0,20}[A-Za-z]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])|\[(?:\d{1,2};){0,4}\d{1,2}m/g;

/** A line without control characters. */
export const withoutControls = (text: string): string =>
  text.replace(/[\0-\x08\x0a-\x1f\x7f]/g, '');

/** The end of a text. A recording may have any number of lines, and its last boots count most. */
function lastLines(text: string, most: number): string {
  let at = text.length;
  for (let count = 0; count < most && at > 0; count++) at = text.lastIndexOf('\n', at - 1);
  return at > 0 ? text.slice(at + 1) : text;
}

/** A kernel's time, at a place where a new line of its own may begin. */
const BEGINS = /^[^[]{0,40}\[ {0,8}\d{1,9}\.\d{1,6}/;

/**
 * What a terminal shows of a line with carriage returns: the last part, which overwrites the
 * others. Parts that begin with a time are lines of their own.
 */
function afterReturns(line: string): string[] {
  if (!line.includes('\r')) return [line];
  const parts = line.split('\r').filter((part) => part.trim() !== '');
  return parts.length === 0
    ? ['']
    : parts.filter((part, index) => index === parts.length - 1 || BEGINS.test(part));
}

function afterBackspaces(line: string): string {
  if (!line.includes('\b')) return line;
  const out: string[] = [];
  for (const each of line)
    if (each === '\b') out.pop();
    else out.push(each);
  return out.join('');
}

const ENTITIES: Readonly<Record<string, string>> = keyed({ quot: '"', lt: '<', gt: '>', amp: '&' });

/** A text that was copied from the source of a web page. */
const withoutEntities = (text: string): string =>
  text.includes('&quot;') || text.includes('&lt;')
    ? text.replace(/&(quot|lt|gt|amp);/g, (_all, name: string) => ENTITIES[name]!)
    : text;

/** The lines of a recording, as a terminal would show them. */
export function shownLines(text: string): string[] {
  const plain = withoutEntities(text.replace(/[\0\ufeff\ufffd]/g, '')).replaceAll('\u00a0', ' ');
  // Some programs end a line with a carriage return only.
  const separated = plain.includes('\n') ? plain : plain.replaceAll('\r', '\n');
  return lastLines(separated, FILE_LIMITS.lines)
    .split('\n')
    .flatMap((line) => afterReturns(line.replace(TERMINAL, '')))
    .map((line) => withoutControls(afterBackspaces(line)));
}

/** Usual widths of terminals. Narrower ones are of mails, which break lines between words. */
const WIDTHS: readonly number[] = [80, 90, 96, 100, 120, 128, 132, 160];
const NARROWEST = 40;
const WIDEST = 250;

/**
 * The width at which a terminal broke the lines; null if it broke none. `continues` tells which
 * lines do not begin a message. No line is longer than that width, and the longest ones go on.
 */
function widthOf(lines: readonly string[], continues: (line: string) => boolean): number | null {
  let width = 0;
  for (const line of lines) width = Math.max(width, line.length);
  if (width < NARROWEST || width > WIDEST) return null;
  const broken = lines.filter(
    (line, index) => line.length === width && continues(lines[index + 1] ?? ''),
  ).length;
  return broken >= (WIDTHS.includes(width) ? 1 : 3) ? width : null;
}

/** How lines go on. */
interface Continuation {
  /** Whether a line does not begin a message. */
  continues: (line: string) => boolean;
  /** Whether a line is whole although it is as long as the terminal is wide. */
  isWhole: (line: string) => boolean;
}

/** Joins the lines that a terminal broke at its width. */
export function joined(lines: readonly string[], { continues, isWhole }: Continuation): string[] {
  const width = widthOf(lines, continues);
  if (width === null) return [...lines];
  const out: string[] = [];
  let open = false;
  for (const line of lines) {
    // Where lines are indented, one that goes on is not: the terminal broke it.
    const indented = /^\s/.test(line) && /^\s/.test(out.at(-1) ?? '');
    if (open && !indented && continues(line)) out[out.length - 1] += line;
    else out.push(line);
    open = line.length === width && !isWhole(line);
  }
  return out;
}
