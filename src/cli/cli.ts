import { messages } from '../log/winston.js';
import { calledAs } from './called-as.js';
import { runWords, type Chosen } from './answer-words.js';
import { simpleCall } from './simple-words.js';
import { writeOut } from './stdout.js';
import type { VerbRunner } from './verb-runner.js';
import { VERB_TABLE } from './verb-table.js';
import { parserFor } from './yargs-parser.js';

async function understand(words: readonly string[]): Promise<Chosen | null> {
  const simple = simpleCall(VERB_TABLE, words);
  if (simple !== null) return simple;
  const chosen: Chosen[] = [];
  const parser = parserFor(VERB_TABLE, words, (row, args) => void chosen.push({ row, args }));
  // yargs gives what it would print (--help, --version) to the function.
  await parser.parseAsync([...words], {}, (_error, _args, output) => {
    if (output !== '') writeOut(`${output}\n`);
  });
  return chosen[0] ?? null;
}

/** Runs every command line except those of a boot. Returns the exit status. */
export const cli = (words: string[], boot: VerbRunner): Promise<number> =>
  runWords(words, boot, { table: VERB_TABLE, understand, messages, calledAs });
