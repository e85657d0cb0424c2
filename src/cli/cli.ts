import { messages } from '../log/winston.js';
import { runWords } from './run-words.js';
import type { VerbRunner } from './verb-runner.js';
import { VERB_TABLE } from './verb-table.js';

/** Runs every command line except those of a boot. Returns the exit status. */
export const cli = (words: string[], boot: VerbRunner): Promise<number> =>
  runWords(words, boot, { table: VERB_TABLE, messages });
