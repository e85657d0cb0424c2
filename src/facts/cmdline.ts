/**
 * The kernel command line as name → value; a name without `=` has the value ''. As in the kernel (lib/cmdline.c: next_arg) words are parted by white
 * space, double quotes keep a value together and are dropped, of a repeated name the last one counts, and what follows a lone `--` belongs to init.
 */
export function parseCommandLine(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const word of text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []) {
    if (word === '--') break;
    const bare = word.replaceAll('"', '');
    const equals = bare.indexOf('=');
    if (equals < 0) values.set(bare, '');
    else values.set(bare.slice(0, equals), bare.slice(equals + 1));
  }
  return values;
}
