/**
 * The form of the verb table: one row has everything about one verb. The parser, `--help`, the man
 * page, the completion scripts and the list of reports over SSH are all derived from it.
 */
import type { Log } from '../log/log.js';
import type { EXIT } from '../plan/plan.js';
import type { VerbRunner } from './verb-runner.js';

interface OptionText {
  describe: string;
  /** One letter: `o` for `-o`. */
  alias?: string;
}

interface ArgumentText {
  /** The value for a person: FILE, N, KEY=VALUE. A FILE, DIR or PATH can be completed. */
  argument: string;
  /** The label that `--help` shows before the description; without it nothing is shown. */
  label?: string;
}

export type OptionRow = OptionText &
  (
    | { type: 'flag'; default?: boolean }
    | ({ type: 'text'; default?: string } & ArgumentText)
    /** `range` has the least and the greatest accepted whole number. */
    | ({ type: 'number'; range?: readonly [least: number, most: number] } & ArgumentText)
    | { type: 'choice'; choices: readonly string[]; default?: string }
    /** It may be given several times. */
    | ({ type: 'list' } & ArgumentText)
  );

export type OptionRows = Readonly<Record<string, OptionRow>>;

interface PositionalText {
  describe: string;
}

export type PositionalRow = PositionalText &
  (
    | { type: 'choice'; choices: readonly string[] }
    /** `-` is a value; without `default` the word is required. */
    | {
        type: 'required' | 'optional';
        completes: 'paths' | 'nothing';
        dash?: true;
        default?: string;
      }
    | { type: 'repeated'; completes: 'paths' | 'nothing' }
  );

export type PositionalRows = Readonly<Record<string, PositionalRow>>;

/** A call, in which `$0` means the program, and its purpose. */
export type Example = readonly [call: string, why: string];

type ExitName = keyof typeof EXIT;

/** An exit status besides the common ones; `with` names the option that it requires. */
type VerbExit = ExitName | { exit: ExitName; with: string };

/** The environment of a verb. */
export interface VerbContext {
  /** Text for a person, in which nothing is hidden, unless `as it is`. JSON must be `jsonText`. */
  print: (text: string, how?: 'as it is') => void;
  log: Log;
  /** The whole command line, because yargs does not read the words after `--`. */
  words: readonly string[];
  /** The whole table, for verbs that are about verbs. */
  table: VerbTable;
  /** The only way to change anything. */
  boot: VerbRunner;
  /** Runs another command line, which cannot change anything. */
  again: (words: string[]) => Promise<number>;
}

export interface VerbRow<Args = never> {
  name: string;
  summary: string;
  /** The first lines of its `--help`, if the usual ones do not fit. */
  usage?: (table: VerbTable) => string;
  positionals: PositionalRows;
  options: OptionRows;
  examples: readonly Example[];
  /**
   * The options that are allowed over SSH; null if the verb is not allowed over SSH. The allowed
   * values of an option follow from its row.
   */
  overSsh: { options: readonly string[] } | null;
  /**
   * True if it takes long or changes something. It then runs from the agent's own file, with
   * compilers to machine code, and not from the kept heap.
   */
  keepsFile?: true;
  /** The exit statuses beside 0, 1 and 2. */
  exits: readonly VerbExit[];
  /** Returns the exit status. Its errors are reported as one message, with status 1 or 2. */
  run: (args: Args, context: VerbContext) => number | Promise<number>;
}

/** Several verbs that share their first word. */
export interface VerbGroup {
  name: string;
  summary: string;
  /** The name of the second word in the usage line. */
  second: string;
  /** The message if the second word is missing. */
  missing: string;
  /** See VerbRow. */
  keepsFile?: true;
  examples: readonly Example[];
  verbs: readonly VerbRow[];
}

export type VerbTable = readonly (VerbRow | VerbGroup)[];

export const isGroup = (row: VerbRow | VerbGroup): row is VerbGroup => 'verbs' in row;

type OptionValue<O> = O extends { type: 'flag' }
  ? boolean
  : O extends { type: 'number' }
    ? number | undefined
    : O extends { type: 'list' }
      ? string[]
      : O extends { choices: readonly (infer Choice)[] }
        ? Choice | (O extends { default: string } ? never : undefined)
        : string | (O extends { default: string } ? never : undefined);

type PositionalValue<P> = P extends { choices: readonly (infer Choice)[] }
  ? Choice
  : P extends { type: 'repeated' }
    ? string[]
    : string | (P extends { type: 'required' } | { default: string } ? never : undefined);

/** Every verb understands these. */
interface GlobalValues {
  verbose?: boolean;
  color?: boolean;
}

/** The parsed values of options that are given as rows. */
export type OptionValues<O extends OptionRows> = {
  [Name in keyof O]: OptionValue<O[Name]>;
};

type ArgsOf<O extends OptionRows, P extends PositionalRows> = OptionValues<O> & {
  [Name in keyof P]: PositionalValue<P[Name]>;
} & GlobalValues;

/** A row whose `run` gets only the values of its options and positionals. */
type TypedRow<O extends OptionRows, P extends PositionalRows> = Omit<
  VerbRow<ArgsOf<O, P>>,
  'options' | 'positionals' | 'overSsh'
> & {
  options: O;
  positionals: P;
  overSsh: { options: readonly ((keyof O & string) | 'verbose')[] } | null;
};

/** Defines one verb. */
export const verb = <const O extends OptionRows, const P extends PositionalRows>(
  row: TypedRow<O, P>,
): VerbRow => row;
