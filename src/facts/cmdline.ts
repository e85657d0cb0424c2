/** A word of the kernel command line; `value` is null where there is no `=`. */
export interface Word {
  name: string;
  value: string | null;
}

/**
 * The words of the kernel command line in their order. As in the kernel (lib/cmdline.c: next_arg)
 * they are parted by white space, double quotes keep a value together and are dropped, and what
 * follows a lone `--` belongs to init.
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
 * The kernel command line as name → value; a name without `=` has the value '', and of a repeated
 * one the last counts.
 */
export const parseCommandLine = (text: string): Map<string, string> =>
  new Map(commandLineWords(text).words.map(({ name, value }) => [name, value ?? '']));
