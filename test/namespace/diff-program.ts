/** The verb alone, as a program: `mountroot diff` without the other verbs. */
import yargs from 'yargs';
import { diffCommand } from '../../src/cli/verbs/diff-verb.js';

const print = (text: string): void => void process.stdout.write(text);
diffCommand(yargs(process.argv.slice(2)), {
  print,
  finish: (status) => void (process.exitCode = status),
})
  .fail((message: string | null, error: Error | undefined) => {
    process.stderr.write(`mountroot: ${message ?? error?.message}\n`);
    process.exit(error?.constructor.name === 'Error' ? 1 : 2);
  })
  .strict()
  .wrap(80)
  .parseAsync()
  .catch(() => undefined);
