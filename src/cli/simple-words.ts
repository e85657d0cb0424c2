/**
 * Understands the command lines that people write most: the names of options as they are, each
 * once, with its value in a word of its own. yargs understands all others. To load it and to tell
 * it about a verb takes as long as a tar of some thousand files, and in a kept heap, where it is
 * loaded already, it takes 20 ms of a board's time for `status`. A test compares what words mean.
 */
import type { Chosen } from './answer-words.js';
import {
  isGroup,
  type OptionRow,
  type PositionalRow,
  type VerbRow,
  type VerbTable,
} from './verb-row.js';

type Args = Record<string, unknown>;

/** The option that a word names. */
function optionOf(row: VerbRow, word: string): [name: string, option: OptionRow] | null {
  for (const [name, option] of Object.entries(row.options))
    if (word === `--${name}` || (option.alias !== undefined && word === `-${option.alias}`))
      return [name, option];
  return null;
}

/** yargs takes a truth value for that of the flag before it. */
const isPlainWord = (word: string | undefined): word is string =>
  word !== undefined && /^[A-Za-z_/.]/.test(word) && word !== 'true' && word !== 'false';

/** The value of an option of text; undefined if it is not simple. */
function valueOf(option: OptionRow, word: string | undefined): string | undefined {
  if (!isPlainWord(word)) return undefined;
  if (option.type === 'text') return word;
  return option.type === 'choice' && option.choices.includes(word) ? word : undefined;
}

/** null if they are not simple. */
function positionalsOf(row: VerbRow, words: readonly string[]): Args | null {
  const rows: [string, PositionalRow][] = Object.entries(row.positionals);
  const [[name, positional] = [], ...others] = rows;
  if (name === undefined || positional === undefined) return words.length === 0 ? {} : null;
  if (others.length > 0) return null;
  if (positional.type === 'repeated') return { [name]: words };
  const [word] = words;
  if (words.length > 1 || (word === undefined && positional.type !== 'optional')) return null;
  if (positional.type === 'choice')
    return positional.choices.includes(word!) ? { [name]: word } : null;
  return { [name]: word ?? ('default' in positional ? positional.default : undefined) };
}

function defaultsOf({ options }: VerbRow): Args {
  const args: Args = {};
  for (const [name, option] of Object.entries(options)) {
    if (option.type === 'list') args[name] = [];
    else if (option.type === 'flag') args[name] = option.default ?? false;
    else if ('default' in option) args[name] = option.default;
  }
  return args;
}

/** The values of a verb's options and positionals; null if the words are not simple. */
export function simpleArgs(row: VerbRow, words: readonly string[]): Args | null {
  const args = defaultsOf(row);
  const given = new Set<string>();
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const [name, option] = optionOf(row, word) ?? [];
    if (name === undefined || option === undefined) {
      if (!isPlainWord(word)) return null;
      rest.push(word);
      continue;
    }
    if (given.has(name)) return null;
    given.add(name);
    const value = option.type === 'flag' ? true : valueOf(option, words[++at]);
    if (value === undefined) return null;
    args[name] = value;
  }
  const positionals = positionalsOf(row, rest);
  return positionals === null ? null : { ...args, ...positionals };
}

/** The verb of a command line, with its values; null if the words are not simple. */
export function simpleCall(table: VerbTable, [verb, ...words]: readonly string[]): Chosen | null {
  const row = table.find(({ name }) => name === verb);
  if (row === undefined || isGroup(row)) return null;
  const args = simpleArgs(row, words);
  return args === null ? null : { row, args };
}
