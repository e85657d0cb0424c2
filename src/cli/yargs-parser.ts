/** Configures yargs from the verb table. */
import yargs, { type Argv, type Options, type PositionalOptions } from 'yargs';
import { VERSION } from '../version.js';
import { epilogue } from './conventions.js';
import { checkRange } from './number-words.js';
import { choicesOf, dashed, labelled, usageWords } from './spelling.js';
import { UsageError } from './usage-error.js';
import {
  isGroup,
  type Example,
  type OptionRow,
  type PositionalRow,
  type VerbGroup,
  type VerbRow,
  type VerbTable,
} from './verb-row.js';

/**
 * Is called with the row of the verb on the command line, and with its values. It returns at once:
 * for a promise, yargs would write the whole help beforehand, in case that it fails.
 */
export type UseRow = (row: VerbRow, args: Readonly<Record<string, unknown>>) => void;

interface Registering {
  /** The whole table. */
  whole: VerbTable;
  use: UseRow;
}

/**
 * The last value of a repeated option counts, as on the kernel command line. yargs makes a list of
 * such values.
 */
const lastValue = (value: unknown): unknown =>
  Array.isArray(value) ? (value.at(-1) as unknown) : value;

/** The configuration of an option for yargs, besides its name, description and default. */
function optionType(row: OptionRow): Options {
  switch (row.type) {
    case 'flag':
      return { boolean: true };
    case 'number':
      return { number: true, requiresArg: true, coerce: lastValue };
    case 'text':
      return { string: true, requiresArg: true, coerce: lastValue };
    case 'choice':
      return { choices: row.choices, coerce: lastValue };
    case 'list':
      return { array: true, string: true, requiresArg: true };
  }
}

function defaultOf(row: OptionRow): unknown {
  if (row.type === 'flag') return row.default ?? false;
  if (row.type === 'list') return [];
  return 'default' in row ? row.default : undefined;
}

function optionFor(row: OptionRow): Options {
  const fallback = defaultOf(row);
  return {
    ...optionType(row),
    ...(row.alias !== undefined && { alias: row.alias }),
    ...(fallback !== undefined && { default: fallback }),
    describe: labelled(row),
  };
}

function positionalFor(row: PositionalRow): PositionalOptions {
  const { describe } = row;
  switch (row.type) {
    case 'choice':
      return { choices: choicesOf(row), demandOption: true, describe };
    case 'required':
      return { type: 'string', demandOption: true, describe };
    case 'optional':
      return {
        type: 'string',
        describe,
        ...(row.default !== undefined && { default: row.default }),
      };
    case 'repeated':
      return { type: 'string', array: true, default: [], describe };
  }
}

function addExamples(parser: Argv, examples: readonly Example[]): Argv {
  return parser.example(examples.map(([call, why]): [string, string] => [call, why]));
}

/** @throws {UsageError} for a number out of its option's range. */
function checkRanges({ options }: VerbRow, args: Readonly<Record<string, unknown>>): void {
  for (const [name, row] of Object.entries(options)) {
    const value = args[name];
    if (row.type === 'number' && row.range !== undefined && typeof value === 'number')
      checkRange(value, dashed(name), row.range);
  }
}

function addVerb(parser: Argv, row: VerbRow, { whole, use }: Registering): Argv {
  const build = (y: Argv): Argv => {
    if (row.usage !== undefined) y.usage(row.usage(whole));
    for (const [name, positional] of Object.entries(row.positionals)) {
      y.positional(name, positionalFor(positional));
      // Without this, yargs makes the empty string of a lone `-`.
      if ('dash' in positional) y.nargs(name, 1);
    }
    for (const [name, option] of Object.entries(row.options)) y.option(name, optionFor(option));
    return addExamples(y, row.examples);
  };
  return parser.command(usageWords(row), row.summary, build, (args) => {
    checkRanges(row, args);
    return use(row, args);
  });
}

function addGroup(parser: Argv, group: VerbGroup, how: Registering): Argv {
  return parser.command(usageWords(group), group.summary, (y) => {
    for (const row of group.verbs) addVerb(y, row, how);
    return addExamples(y, group.examples).demandCommand(1, group.missing).strict();
  });
}

/** yargs for the whole command line. It throws a UsageError for invalid words. */
export function parserFor(table: VerbTable, words: readonly string[], use: UseRow): Argv {
  // yargs would make a path from LC_ALL and LANG, which anybody may set who asks over SSH.
  const parser = yargs().detectLocale(false).scriptName('mountroot');
  const how: Registering = { whole: table, use };
  // Most command lines begin with their verb. To add all verbs takes 15 ms of a board's time.
  const named = table.filter(({ name }) => name === words[0]);
  for (const row of named.length > 0 ? named : table)
    if (isGroup(row)) addGroup(parser, row, how);
    else addVerb(parser, row, how);
  return (
    parser
      .usage(
        '$0 VERB [options]\n\n' +
          'Mounts the overlay root of an embedded Linux board, and says what it did and why.',
      )
      .option('verbose', { boolean: true, global: true, describe: 'more messages on stderr' })
      .option('color', { boolean: true, global: true, default: true, hidden: true })
      .example('$0 plan start', 'look before the first boot with mountroot')
      .example(
        '$0 plan start --format sh --facts board.json',
        'the same for another board, as a script',
      )
      .epilogue(epilogue(table))
      .demandCommand(1, 'no verb was given')
      .strict()
      .version(VERSION)
      .help()
      .wrap(80)
      // `--keep A --keep B` is a list, and `--keep A B` is not.
      .parserConfiguration({ 'duplicate-arguments-array': true, 'greedy-arrays': false })
      .exitProcess(false)
      .fail((message: string | null, error) => {
        // With a message, yargs complains about the words. Without one, a verb threw an error.
        throw message === null ? error : new UsageError(complaint(message, words));
      })
  );
}

/** yargs' messages may have several lines, and contain no advice. */
function complaint(message: string, words: readonly string[]): string {
  const unknown = /^Unknown (?:command|argument)s?: (.*)$/.exec(message);
  if (unknown)
    return (
      `there is no verb or option ${unknown[1]} (in \`mountroot ${words.join(' ')}\`); ` +
      '`mountroot --help` lists them'
    );
  const line = message.replace(/\s*\n\s*/g, ' ').trim();
  return `${line}; \`mountroot --help\` shows how it is used`;
}
