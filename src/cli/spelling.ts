/** Writes rows of the verb table as words that a person types or reads. */
import {
  isGroup,
  type OptionRow,
  type PositionalRows,
  type VerbGroup,
  type VerbRow,
  type VerbTable,
} from './verb-row.js';

/** `-o`, `--output` */
export const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

export const namesOf = (name: string, { alias }: Pick<OptionRow, 'alias'>): string[] => [
  name,
  ...(alias === undefined ? [] : [alias]),
];

/** The description with the label of its argument: `FILE: where it goes`. */
export const labelled = (row: OptionRow): string =>
  'label' in row && row.label !== undefined ? `${row.label}: ${row.describe}` : row.describe;

/** The value of an option, for a person; null for a flag. */
export function argumentOf(row: OptionRow): string | null {
  if (row.type === 'flag') return null;
  return row.type === 'choice' ? 'WORD' : row.argument;
}

export const choicesOf = (row: { choices?: readonly string[] } | object): readonly string[] =>
  'choices' in row && row.choices !== undefined ? row.choices : [];

const PATHS: readonly string[] = ['FILE', 'DIR', 'PATH'];

/** Whether a shell can complete the value of an option with the names of files. */
export const takesPath = (argument: string | null): boolean =>
  argument !== null && PATHS.includes(argument);

/** `plan <verb>`, `diff [path..]`, `ramdisk <what>` */
export function usageWords(row: VerbRow | VerbGroup): string {
  if (isGroup(row)) return `${row.name} <${row.second}>`;
  return [row.name, ...positionalWords(row.positionals)].join(' ');
}

const positionalWords = (positionals: PositionalRows): string[] =>
  Object.entries(positionals).map(([name, { type }]) => {
    if (type === 'optional') return `[${name}]`;
    return type === 'repeated' ? `[${name}..]` : `<${name}>`;
  });

/** All verbs that can be called, each with the words that call it: `ramdisk pack`. */
export const calledBy = (table: VerbTable): { words: readonly string[]; row: VerbRow }[] =>
  table.flatMap((row) =>
    isGroup(row)
      ? row.verbs.map((each) => ({ words: [row.name, each.name], row: each }))
      : [{ words: [row.name], row }],
  );

/** The table sorted by name, for the man page and the completions. */
export const sortedTable = (table: VerbTable): VerbTable =>
  [...table].sort((a, b) => (a.name < b.name ? -1 : 1));
