import type { VerbContext, VerbTable } from '../../../src/cli/verb-row.js';
import { parserFor } from '../../../src/cli/yargs-parser.js';

/** Runs a verb without the rest of the command line. Returns its exit status. */
export async function runVerb(
  table: VerbTable,
  words: string[],
  context: Partial<VerbContext>,
): Promise<number | null> {
  let status: number | null = null;
  await parserFor(table, words, async (row, args) => {
    status = await row.run(args as never, context as VerbContext);
  }).parseAsync(words);
  return status;
}
