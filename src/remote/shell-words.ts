/** Words to and from the one string that ssh carries. */
import { keyed } from '../text/keyed.js';

/** Puts each word in single quotes, inside which every login shell leaves text unchanged. */
export const quoteWords = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

/** The limit. The words of every report are shorter. */
const LONGEST = 4096;

export type SplitWords = { words: string[] } | { refused: string };

/** Characters that are special to a shell outside quotes. */
const OPERATORS: Readonly<Record<string, string>> = keyed({
  ';': 'a semicolon',
  '|': 'a pipe',
  '&': 'an ampersand',
  '<': 'a redirection',
  '>': 'a redirection',
  $: 'a dollar sign',
  '`': 'a backtick',
  '(': 'a parenthesis',
  ')': 'a parenthesis',
  '*': 'a wildcard',
  '?': 'a wildcard',
  '[': 'a wildcard',
  ']': 'a wildcard',
  '{': 'a brace',
  '}': 'a brace',
  '~': 'a tilde',
  '#': 'a comment',
  '!': 'an exclamation mark',
});

/** Characters that are special inside double quotes; ! is special in some shells. */
const EXPANDED: readonly string[] = ['$', '`', '!'];

/** A command cannot be split into words. The message is one sentence. */
class SplitRefused extends Error {}

const refuse = (character: string): never => {
  throw new SplitRefused(
    `the command has ${OPERATORS[character]} (${character}) in it, and no shell is here to read it`,
  );
};

/** Reads a command from its first to its last character, as a POSIX shell splits it. */
class WordSplitter {
  readonly #words: string[] = [];
  /** The word that is being read; null between words. */
  #word: string | null = null;
  #at = 0;

  constructor(private readonly text: string) {}

  /** @throws {SplitRefused} */
  words(): string[] {
    while (this.#at < this.text.length) this.outside(this.text[this.#at++]!);
    this.endWord();
    return this.#words;
  }

  private add(characters: string): void {
    this.#word = (this.#word ?? '') + characters;
  }

  private endWord(): void {
    if (this.#word !== null) this.#words.push(this.#word);
    this.#word = null;
  }

  /** A character outside of quotes. */
  private outside(character: string): void {
    if (character === "'") this.singleQuoted();
    else if (character === '"') this.doubleQuoted();
    else if (character === ' ' || character === '\t') this.endWord();
    else if (character === '\\') this.escaped();
    else if (Object.hasOwn(OPERATORS, character)) refuse(character);
    else this.add(character);
  }

  private escaped(): void {
    const next = this.text[this.#at++];
    if (next === undefined) throw new SplitRefused('the command ends with a backslash');
    this.add(next);
  }

  private singleQuoted(): void {
    const end = this.text.indexOf("'", this.#at);
    if (end < 0) throw new SplitRefused('the command ends between quotes');
    this.add(this.text.slice(this.#at, end));
    this.#at = end + 1;
  }

  private doubleQuoted(): void {
    this.add('');
    for (;;) {
      const character = this.text[this.#at++];
      if (character === undefined) throw new SplitRefused('the command ends between quotes');
      if (character === '"') return;
      if (EXPANDED.includes(character)) refuse(character);
      // A backslash is an ordinary character here, except before a double quote or a backslash.
      const isEscape = character === '\\' && /["\\]/.test(this.text[this.#at] ?? '');
      this.add(isEscape ? this.text[this.#at++]! : character);
    }
  }
}

/** The reason why a text cannot be a command; null if it can. */
function textTrouble(text: string): string | null {
  if (text.length > LONGEST) return `the command is longer than ${LONGEST} characters`;
  const strange = /[^\x20-\x7e]/.exec(text.replace(/\t/g, ' '));
  if (strange === null) return null;
  return strange[0] === '\n' || strange[0] === '\r'
    ? 'the command has more than one line'
    : 'the command has a character in it that is not printable ASCII';
}

/**
 * Splits a command into words as a POSIX shell does with blanks and quotes. It expands nothing and
 * runs nothing, and it refuses whatever a shell would expand or run. It accepts printable ASCII
 * only, because no word of a report has more.
 */
export function splitWords(text: string): SplitWords {
  const trouble = textTrouble(text);
  if (trouble !== null) return { refused: trouble };
  try {
    return { words: new WordSplitter(text).words() };
  } catch (error) {
    if (error instanceof SplitRefused) return { refused: error.message };
    throw error;
  }
}
