/** Text in scripts for a POSIX shell. */

/** One word for the shell: between single quotes only the quote itself is special. */
export const quote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** A comment line. A mountpoint may hold a newline, and what follows it would be a command. */
export const comment = (text: string): string => `# ${text.replace(/[\0-\x1f\x7f]/g, ' ')}`;
