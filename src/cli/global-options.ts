import type { OptionRow, OptionRows } from './verb-row.js';

/**
 * The options of every verb, for the man page and the completion scripts. yargs itself handles
 * `--help` and `--version`, and reads `--no-color` as the opposite of `--color`.
 */
export const GLOBAL_OPTIONS = {
  verbose: { type: 'flag', describe: 'more messages on stderr' },
  'no-color': { type: 'flag', describe: 'no colours, as with NO_COLOR or TERM=dumb' },
  help: { type: 'flag', describe: 'show this help' },
  version: { type: 'flag', describe: 'show the version' },
} as const satisfies OptionRows;

/** The options of a verb, then those of every verb. */
export const withGlobal = (options: OptionRows): [name: string, row: OptionRow][] =>
  Object.entries({ ...options, ...GLOBAL_OPTIONS });
