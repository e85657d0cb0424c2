import type { VerbContext, VerbTable } from '../../../src/cli/verb-row.js';
import { parserFor } from '../../../src/cli/yargs-parser.js';

/** Runs a verb without the rest of the command line. Returns its exit status. */
export async function runVerb(
  table: VerbTable,
  words: string[],
  context: Partial<VerbContext>,
): Promise<number | null> {
  const chosen: (() => number | Promise<number>)[] = [];
  await parserFor(table, words, (row, args) => {
    chosen.push(() => row.run(args as never, context as VerbContext));
  }).parseAsync(words);
  return (await chosen[0]?.()) ?? null;
}
