/**
 * Of a repeated option that takes one value the last one counts, as on the kernel command line;
 * yargs makes a list of them.
 */
export const lastValue = <T>(value: T | T[]): T =>
  Array.isArray(value) ? (value.at(-1) as T) : value;
