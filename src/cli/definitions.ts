/**
 * The verb table as `mountroot completion json` prints it, for other programs. Its form is
 * versioned.
 */
import { GLOBAL_OPTIONS } from './global-options.js';
import { argumentOf, choicesOf, labelled, sortedTable, usageWords } from './spelling.js';
import {
  isGroup,
  type Example,
  type OptionRow,
  type OptionRows,
  type PositionalRow,
  type PositionalRows,
  type VerbGroup,
  type VerbRow,
  type VerbTable,
} from './verb-row.js';

export interface OptionDefinition {
  name: string;
  /** One letter each. */
  aliases: string[];
  describe: string;
  /** The value for a person: FILE, N, KEY=VALUE; null if there is none. */
  argument: string | null;
  choices: readonly string[];
  repeated: boolean;
}

interface PositionalDefinition {
  name: string;
  describe: string;
  choices: readonly string[];
  required: boolean;
  repeated: boolean;
}

export interface VerbDefinition {
  name: string;
  /** With its positionals: `plan <verb>`. */
  usage: string;
  describe: string;
  positionals: PositionalDefinition[];
  options: OptionDefinition[];
  examples: readonly Example[];
  verbs: VerbDefinition[];
}

export interface Definitions {
  schema: 'mountroot.definitions/1';
  version: string;
  /** Every verb understands these. */
  options: OptionDefinition[];
  verbs: VerbDefinition[];
}

const optionDefinition = ([name, row]: [string, OptionRow]): OptionDefinition => ({
  name,
  aliases: row.alias === undefined ? [] : [row.alias],
  describe: labelled(row),
  argument: argumentOf(row),
  choices: choicesOf(row),
  repeated: row.type === 'list',
});

const positionalDefinition = ([name, row]: [string, PositionalRow]): PositionalDefinition => ({
  name,
  describe: row.describe,
  choices: choicesOf(row),
  required: row.type === 'required' || row.type === 'choice',
  repeated: row.type === 'repeated',
});

const optionDefinitions = (rows: OptionRows): OptionDefinition[] =>
  Object.entries(rows).map(optionDefinition);
const positionalDefinitions = (rows: PositionalRows): PositionalDefinition[] =>
  Object.entries(rows).map(positionalDefinition);

function verbDefinition(row: VerbRow | VerbGroup): VerbDefinition {
  const { name, summary: describe, examples } = row;
  const shared = { name, usage: usageWords(row), describe };
  if (isGroup(row)) {
    const second = { name: row.second, describe: '', choices: [] };
    return {
      ...shared,
      positionals: [{ ...second, required: true, repeated: false }],
      options: [],
      examples,
      verbs: row.verbs.map(verbDefinition),
    };
  }
  return {
    ...shared,
    positionals: positionalDefinitions(row.positionals),
    options: optionDefinitions(row.options),
    examples,
    verbs: [],
  };
}

export const definitionsOf = (table: VerbTable, version: string): Definitions => ({
  schema: 'mountroot.definitions/1',
  version,
  options: optionDefinitions(GLOBAL_OPTIONS),
  verbs: sortedTable(table).map(verbDefinition),
});
