/** A parser in TypeScript, and what may come out of it. */
export interface Parser {
  /** Good inputs, of which damaged ones are made. @param fixtures the folder test/fixtures. */
  seeds: (fixtures: string) => Buffer[];
  parse: (bytes: Buffer) => unknown;
  /** The errors that it may throw: its own ones. */
  refuses?: (error: Error) => boolean;
}

const named =
  (...names: string[]) =>
  ({ name }: Error): boolean =>
    names.includes(name);

export const refusesAs = (...names: string[]): Pick<Parser, 'refuses'> => ({
  refuses: named(...names),
});

/** A parser of text. */
export const ofText = (
  seeds: (fixtures: string) => readonly string[],
  parse: (text: string) => unknown,
  refuses?: Parser['refuses'],
): Parser => ({
  seeds: (fixtures) => seeds(fixtures).map((text) => Buffer.from(text)),
  parse: (bytes) => parse(bytes.toString('utf8')),
  ...(refuses && { refuses }),
});
