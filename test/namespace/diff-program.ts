/** The verb alone, as a program: `mountroot diff` without the other verbs. */
import type { VerbContext } from '../../src/cli/verb-row.js';
import { diffVerb } from '../../src/cli/verbs/diff-verb.js';
import { parserFor } from '../../src/cli/yargs-parser.js';

async function main(words: string[]): Promise<void> {
  const context = { print: (text: string) => void process.stdout.write(text) } as VerbContext;
  try {
    const chosen: (() => number | Promise<number>)[] = [];
    await parserFor([diffVerb], words, (row, args) => {
      chosen.push(() => row.run(args as never, context));
    }).parseAsync(words);
    for (const run of chosen) process.exitCode = await run();
  } catch (error) {
    process.stderr.write(`mountroot: ${(error as Error).message}\n`);
    process.exit((error as Error).constructor.name === 'Error' ? 1 : 2);
  }
}

void main(process.argv.slice(2));
