/**
 * Problems as data. A room keeps one table of sentences, by code; each row is a function of the
 * data that its sentence needs. The type of the problems is derived from the table, so a code
 * without a sentence, or data that do not fit it, do not compile.
 */
export type SentenceTable = Record<string, (data: never) => unknown>;

/** A problem that a table has a sentence for: its code, and the data of that row. */
export type Coded<Table extends SentenceTable> = {
  [Code in keyof Table & string]: { code: Code } & (Parameters<Table[Code]> extends [infer Data]
    ? Data
    : object);
}[keyof Table & string];

/** The table's sentence for a problem. */
export function codedSentence<Table extends SentenceTable>(
  table: Table,
  problem: Coded<Table>,
): ReturnType<Table[keyof Table]> {
  const row = table[problem.code] as unknown as (data: unknown) => ReturnType<Table[keyof Table]>;
  return row(problem);
}
