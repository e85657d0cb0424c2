/** Text in scripts for a POSIX shell. */
import { printableLine } from './printable.js';

/** A byte of a name that is no UTF-8 (src/system/names.ts). */
const BYTES = /([\udc80-\udcff]+)/u;

const octal = (byte: string): string => `\\${(byte.charCodeAt(0) - 0xdc00).toString(8)}`;

const quoted = (text: string): string =>
  /^[\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/**
 * One word for the shell: between single quotes only the quote itself is special. A script is
 * UTF-8, so printf(1) makes other bytes.
 */
export const quote = (text: string): string =>
  text === ''
    ? "''"
    : text
        .split(BYTES)
        .map((part, index) =>
          index % 2 === 0 ? quoted(part) : `"$(printf '${Array.from(part, octal).join('')}')"`,
        )
        .join('');

/** A comment line. A mountpoint may hold a newline, and what follows it would be a command. */
export const comment = (text: string): string => `# ${printableLine(text)}`;
