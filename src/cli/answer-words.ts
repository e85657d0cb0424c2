import { CALLED_AS } from '../facts/installation.js';
import type { Log } from '../log/log.js';
import type { MessageOptions } from '../log/winston.js';
import { EXIT } from '../plan/plan.js';
import { writeOut } from './stdout.js';
import { RefusedError, UsageError } from './usage-error.js';
import type { VerbContext, VerbRow, VerbTable } from './verb-row.js';
import { ELSEWHERE, type VerbRunner } from './verb-runner.js';
import { isTerminal } from '../log/is-terminal.js';
import { printableText } from '../text/printable.js';

const STDERR = 2;

/** Reports must not run a verb that changes something. This stops one that tries. */
export const REPORTS_ONLY: VerbRunner = {
  run: (verb) =>
    Promise.reject(new Error(`${verb} changes something, and this key asks for reports only`)),
};

/**
 * Messages go to stderr, with colours if a terminal shows them and the user does not forbid them.
 */
function logFor(words: readonly string[], messages: Saying['messages']): Log {
  const { env } = process;
  const colour =
    isTerminal(STDERR) &&
    !env['NO_COLOR'] &&
    env['TERM'] !== 'dumb' &&
    !words.includes('--no-color');
  return messages({ verbose: words.includes('--verbose'), colour });
}

/** Reports an error of a verb. Returns the exit status. */
function statusOf(error: unknown, log: Log): number {
  log.error((error as Error).message);
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof RefusedError ? EXIT.refused : EXIT.failed;
}

/** A verb of a command line, and the values of its options and positionals. */
export interface Chosen {
  row: VerbRow;
  args: Readonly<Record<string, unknown>>;
}

/** The verbs that there are, how words are understood, and how messages are written. */
export interface Saying {
  table: VerbTable;
  /** null if all was said that was asked for (--help). @throws {UsageError} */
  understand: (words: readonly string[]) => Promise<Chosen | null>;
  messages: (options: MessageOptions) => Log;
  /** Answers a call by another name, if the verbs do. */
  calledAs?: (words: readonly string[], context: VerbContext) => Promise<number>;
}

/** Runs a command line that is not one of a boot. Returns the exit status. */
export async function runWords(words: string[], boot: VerbRunner, how: Saying): Promise<number> {
  const log = logFor(words, how.messages);
  const context: VerbContext = {
    print: (text, how) => writeOut(how === 'as it is' ? text : printableText(text)),
    log,
    words,
    table: how.table,
    boot,
    again: (others) =>
      runWords(
        others,
        { ...REPORTS_ONLY, ...(boot.elsewhere && { elsewhere: boot.elsewhere }) },
        how,
      ),
  };
  try {
    if (words[0] === CALLED_AS && how.calledAs !== undefined)
      return await how.calledAs(words.slice(1), context);
    const chosen = await how.understand(words);
    return chosen === null ? EXIT.done : await chosen.row.run(chosen.args as never, context);
  } catch (error) {
    if (boot.elsewhere && (error as Error).message === ELSEWHERE) return boot.elsewhere();
    return statusOf(error, log);
  }
}
