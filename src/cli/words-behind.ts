/** The words after `--`, which yargs does not read; null without them. */
export function wordsBehind(words: readonly string[]): readonly string[] | null {
  const end = words.indexOf('--');
  return end < 0 ? null : words.slice(end + 1);
}
