/** The verb alone, as a program: `mountroot diff` without the other verbs. */
import type { VerbContext } from '../../src/cli/verb-row.js';
import { diffVerb } from '../../src/cli/verbs/diff-verb.js';
import { parserFor } from '../../src/cli/yargs-parser.js';

const words = process.argv.slice(2);
const context = { print: (text: string) => void process.stdout.write(text) } as VerbContext;
parserFor([diffVerb], words, async (row, args) => {
  process.exitCode = await row.run(args as never, context);
})
  .parseAsync(words)
  .catch((error: Error) => {
    process.stderr.write(`mountroot: ${error.message}\n`);
    process.exit(error.constructor.name === 'Error' ? 1 : 2);
  });
