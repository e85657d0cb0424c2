/**
 * Understands the command lines that people write most: the names of options as they are, each
 * once, with its value in a word of its own. yargs understands all others; to load it and to tell
 * it about a verb takes as long as a tar of some thousand files.
 */
import type { OptionRow, PositionalRow, VerbRow } from './verb-row.js';

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
  if (positional.type !== 'optional' || words.length > 1) return null;
  return { [name]: words[0] ?? positional.default };
}

function defaultsOf({ options }: VerbRow): Args | null {
  const args: Args = {};
  for (const [name, option] of Object.entries(options)) {
    if (option.type === 'list') return null;
    if (option.type === 'flag') args[name] = option.default ?? false;
    else if ('default' in option) args[name] = option.default;
  }
  return args;
}

/** The values of a verb's options and positionals; null if the words are not simple. */
export function simpleArgs(row: VerbRow, words: readonly string[]): Args | null {
  const args = defaultsOf(row);
  if (args === null) return null;
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
