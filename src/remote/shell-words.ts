/** Words to and from the one string that ssh carries. */

/**
 * Each word in single quotes, which mean the same to every shell that a login may have: what is
 * between them is left as it is.
 */
export const quoteWords = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

/** Longer than any report's words. */
const LONGEST = 4096;

export type Split = { words: string[] } | { refused: string };

const NAMES: Record<string, string> = {
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
  '\\': 'a backslash',
};

/** What a shell gives a meaning of its own outside of quotes. */
const OPERATORS = /[;|&<>$`()*?[\]{}~#!]/;
/** And between double quotes, where ! is one of some shells'. */
const EXPANDED = /[$`!]/;

/**
 * Splits a command into words as a POSIX shell does with blanks and quotes, and refuses whatever a
 * shell would make something else of: nothing is expanded and nothing carried out. Only printable
 * ASCII is taken, for no word of a report has more.
 */
export function splitWords(text: string): Split {
  if (text.length > LONGEST) return { refused: `the command is longer than ${LONGEST} characters` };
  const strange = /[^\x20-\x7e]/.exec(text.replace(/\t/g, ' '));
  if (strange !== null)
    return {
      refused:
        strange[0] === '\n' || strange[0] === '\r'
          ? 'the command has more than one line'
          : 'the command has a character in it that is not printable ASCII',
    };
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote === "'") {
      if (character === "'") quote = '';
      else word += character;
    } else if (quote === '"') {
      if (character === '"') quote = '';
      else if (EXPANDED.test(character)) return refuse(character);
      else if (character === '\\' && /["\\]/.test(text[at + 1] ?? '')) word += text[++at]!;
      else word += character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= '';
    } else if (character === ' ' || character === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === '\\') {
      // Of what it stands before nothing is special any more.
      const next = text[++at];
      if (next === undefined) return { refused: 'the command ends with a backslash' };
      word = (word ?? '') + next;
    } else if (OPERATORS.test(character)) return refuse(character);
    else word = (word ?? '') + character;
  }
  if (quote !== '') return { refused: 'the command ends between quotes' };
  if (word !== null) words.push(word);
  return { words };
}

const refuse = (character: string): Split => ({
  refused: `the command has ${NAMES[character] ?? 'something'} (${character}) in it, and no shell is here to read it`,
});
