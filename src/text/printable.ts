/**
 * Text of others for a person's terminal. The name of a file may hold any byte but `/` and NUL, and
 * a journal, a board or an archive any character: control sequences that a terminal would obey, and
 * characters that hide or turn round what stands beside them.
 */
import { isUtf8 } from 'node:buffer';

/** Bytes as text; null if they are not UTF-8, because text could not reproduce the bytes. */
export const utf8 = (bytes: Uint8Array): string | null =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') : null;

/** The bytes of a name; those outside printable ASCII, and `\`, as `\ooo`, as in mountinfo. */
export const inOctal = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(
      /[\0-\x1f\x7f-\xff\\]/g,
      (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
    );

/**
 * Controls, marks of writing direction (`txt\u202egpj` reads `txtjpg`), unassigned characters, line
 * separators of Unicode, and characters that show nothing; and `\`, which `inOctal` uses.
 */
const UNSAFE = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\\]/u;

/** Almost every name is such. V8 asks ICU for classes of Unicode: 12 ms and 0.4 MiB on a board. */
const PLAIN_NAME = /^[\x20-\x5b\x5d-\x7e]*$/;

const isSafe = (text: string): boolean => PLAIN_NAME.test(text) || !UNSAFE.test(text);

/** A name as text if that is safe, else its bytes in octal. */
export function printable(name: Uint8Array | string): string {
  const bytes = typeof name === 'string' ? Buffer.from(name) : name;
  const text = utf8(bytes);
  return text !== null && isSafe(text) ? text : inOctal(bytes);
}

/** Controls but tabs and newlines. */
const CONTROLS = [...Array.from({ length: 32 }, (_, code) => code), 0x7f]
  .filter((code) => code !== 0x09 && code !== 0x0a)
  .map((code) => String.fromCharCode(code));

const PLAIN = /^[\t\n\x20-\x7e]*$/;
/**
 * A text of this length is compared with patterns; of a longer one only the parts that need it. A
 * board has no compiler to machine code for a pattern over a whole report, and a search for each
 * control takes it longer than a pattern over one line.
 */
const SHORT = 512;

/** Nothing here needs replacing. Almost every text is such. */
const hidesNothing = (text: string): boolean =>
  text.length <= SHORT
    ? PLAIN.test(text)
    : Buffer.byteLength(text) === text.length && !CONTROLS.some((each) => text.includes(each));

/** The same of JSON, in which all controls but one are escapes already (ECMA-404). */
const isPlainJson = (text: string): boolean =>
  Buffer.byteLength(text) === text.length && !text.includes('\x7f');

/** A place at about the middle that is not within a character. */
function middleOf(text: string): number {
  const middle = text.length >> 1;
  return (text.charCodeAt(middle) & 0xfc00) === 0xdc00 ? middle + 1 : middle;
}

/**
 * Where something may need replacing: not in ASCII, in Latin-1 without its controls and the soft
 * hyphen, nor in dashes and quotation marks. A kernel's log has a © or the like.
 */
const NOT_PLAIN = /[^\t\n\x20-\x7e\xa0-\xac\xae-\xff\u2010-\u2027]+/g;
/** The same as UNSAFE without `\`, tabs and newlines. */
const HIDDEN = /(?![\t\n])[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu;

function withoutHidden(text: string, instead: (character: string) => string): string {
  if (hidesNothing(text)) return text;
  if (text.length <= SHORT) return text.replace(NOT_PLAIN, (part) => part.replace(HIDDEN, instead));
  const middle = middleOf(text);
  return withoutHidden(text.slice(0, middle), instead) + withoutHidden(text.slice(middle), instead);
}

/** Text in which nothing is hidden and nothing controls a terminal; its lines and tabs stay. */
export const printableText = (text: string): string =>
  withoutHidden(text.replaceAll('\r\n', '\n'), () => '?');

/** The same in one line: a newline in a name must not begin a line of a report or a log. */
export const printableLine = (text: string): string =>
  printableText(text.replace(/[\0-\x1f\x7f]+/g, ' '));

/** JSON with all such characters as escapes, because some terminals obey them in it too. */
export function printableJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  if (isPlainJson(text)) return text;
  return withoutHidden(text, (character) =>
    Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(''),
  );
}

const escaped = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

/** Data of others for a report in text: each text in it is one printable line. */
export function printableData<T>(value: T): T;
export function printableData(value: unknown): unknown {
  if (typeof value === 'string') return printableLine(value);
  if (Array.isArray(value)) return value.map((each) => printableData(each) as unknown);
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [printableLine(key), printableData(each)]),
  );
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Data as JSON, as every verb prints it. */
export const jsonText = (value: unknown): string => `${printableJson(value, 2)}\n`;
