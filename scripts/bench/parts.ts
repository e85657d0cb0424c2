import { Failure } from '../lib/report.js';

/**
 * Returns the parts that `--only NAME[,NAME…]` chooses, in the order of `all`; without the option,
 * all parts.
 * @throws {Failure} for an unknown part or option, with the names of all parts.
 */
export function chosenParts<Name extends string>(
  args: readonly string[],
  all: readonly Name[],
): Name[] {
  const there = `choose from ${all.join(', ')}`;
  const wanted: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const option = /^--only(?:=(.*))?$/.exec(args[at]!);
    if (option === null)
      throw new Failure(
        `the benchmark does not know ${JSON.stringify(args[at])}; it takes --only NAME[,NAME…]`,
      );
    const names = option[1] ?? args[++at];
    if (names === undefined) throw new Failure(`--only wants the name of a part; ${there}`);
    wanted.push(...names.split(','));
  }
  const unknown = wanted.find((name) => !all.some((each) => each === name));
  if (unknown !== undefined)
    throw new Failure(`the benchmark has no part ${JSON.stringify(unknown)}; ${there}`);
  return wanted.length === 0 ? [...all] : all.filter((name) => wanted.includes(name));
}
