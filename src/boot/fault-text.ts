/** Tells a fault that nothing in the agent expects: its own, or that of a damaged file. */

/** True if all files of the agent are those that were built together. */
export type IsWhole = () => Promise<boolean>;

/** So many calls say where a fault was. */
const MOST_PLACES = 6;

/**
 * The message of an error and the innermost calls, in one line. V8 puts the line with a syntax
 * error before them, and the line of a bundle has a hundred thousand characters.
 */
export function traceOf(error: unknown): string {
  const [said] = String(error).split('\n');
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const places = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  return [said, ...places.slice(0, MOST_PLACES).map((place) => place.trim())].join(' ');
}

const isMissing = (fault: unknown): boolean =>
  (fault as { code?: unknown } | null)?.code === 'MODULE_NOT_FOUND';

/**
 * One sentence. Without `isWhole` a damaged file is not looked for: the process continues from a
 * kept heap, which the launcher checks.
 */
export async function faultSentence(fault: unknown, isWhole?: IsWhole): Promise<string> {
  const isDamage = isWhole !== undefined && (isMissing(fault) || !(await isWhole()));
  const [said] = String(fault).split('\n');
  const cause = isDamage
    ? `${said}; a file of the agent is missing or damaged: install mountroot again`
    : `${traceOf(fault)}; this is a fault of the agent: please report it`;
  return `the agent failed: ${cause}`;
}
