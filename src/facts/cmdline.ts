/** A word of the kernel command line. `value` is null without a `=`. */
export interface Word {
  name: string;
  value: string | null;
}

/**
 * Splits the kernel command line into words, as the kernel does (lib/cmdline.c: next_arg). White
 * space separates words. Double quotes keep a value together and are dropped. Words after a lone
 * `--` belong to init.
 */
export function commandLineWords(text: string): { words: Word[]; init: string[] } {
  const all = (text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));
  const end = all.indexOf('--');
  const words = (end < 0 ? all : all.slice(0, end)).map((word): Word => {
    const equals = word.indexOf('=');
    return equals < 0
      ? { name: word, value: null }
      : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { words, init: end < 0 ? [] : all.slice(end + 1) };
}

/**
 * Returns the kernel command line as name → value. A name without `=` has the value ''. The last of
 * repeated names counts.
 */
export const parseCommandLine = (text: string): Map<string, string> =>
  new Map(commandLineWords(text).words.map(({ name, value }) => [name, value ?? '']));
