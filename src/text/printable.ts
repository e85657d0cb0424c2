/**
 * Names of files for a person's terminal. A name may hold any byte but `/` and NUL, so it can hold
 * bytes that are no text, and control sequences that a terminal would obey.
 */
import { isUtf8 } from 'node:buffer';

/** Bytes as text; null if they are not UTF-8, because text could not reproduce the bytes. */
export const utf8 = (bytes: Uint8Array): string | null =>
  isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : null;

/** The bytes of a name; those outside printable ASCII, and `\`, as `\ooo`, as in mountinfo. */
export const inOctal = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(
      /[\0-\x1f\x7f-\xff\\]/g,
      (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
    );

/**
 * Controls, marks of writing direction (`txt\u202egpj` reads `txtjpg`), unassigned characters and
 * line separators of Unicode; and `\`, which `inOctal` uses.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\\]/u;

/** A name as text if that is safe, else its bytes in octal. */
export function printable(name: Uint8Array | string): string {
  const bytes = typeof name === 'string' ? Buffer.from(name) : name;
  const text = utf8(bytes);
  return text !== null && !UNSAFE.test(text) ? text : inOctal(bytes);
}
