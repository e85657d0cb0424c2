/**
 * The reports that a board gives over SSH: the rows of the verb table that allow it, with the
 * options that they name. These are excluded on purpose: `export`, whose archive holds keys and
 * passwords; options that name files (`--facts`, `--console`, `--dtb`, `--upper`, `-o`, paths); and
 * `--set`, which names devices to read.
 */
import type { RemoteReport, ValueRule } from '../remote/reports.js';
import { GLOBAL_OPTIONS } from './global-options.js';
import { calledBy } from './spelling.js';
import type { OptionRow, OptionRows, VerbRow, VerbTable } from './verb-row.js';

/** The form of an option's value that comes from another machine. */
function valueRule(row: OptionRow): ValueRule {
  if (row.type === 'flag') return 'flag';
  if (row.type === 'choice') return row.choices;
  if (row.type !== 'number') throw new Error('only flags, words and numbers may come over SSH');
  return row.range !== undefined && row.range[0] >= 0 ? 'count' : 'integer';
}

/** The words of which one must follow the verb, from a positional with choices. */
function secondWord({ positionals }: VerbRow): readonly string[] | undefined {
  const [first] = Object.values(positionals);
  return first?.type === 'choice' ? first.choices : undefined;
}

function reportOf(words: readonly string[], row: VerbRow): RemoteReport[] {
  if (row.overSsh === null) return [];
  const rows: OptionRows = { ...GLOBAL_OPTIONS, ...row.options };
  const { options } = row.overSsh;
  const what = secondWord(row);
  return [
    {
      verb: words,
      ...(what !== undefined && { what }),
      options: Object.fromEntries(options.map((name) => [name, valueRule(rows[name]!)])),
      ...(options.includes('json') && { json: '--json' }),
    },
  ];
}

export const reportsOf = (table: VerbTable): RemoteReport[] =>
  calledBy(table).flatMap(({ words, row }) => reportOf(words, row));
