/**
 * What the command line understands, as data: completions and the man page are made of it, so that
 * a new verb is in them by itself.
 */
import type { Argv } from 'yargs';

export interface OptionDefinition {
  name: string;
  /** One letter each, or other long names. */
  aliases: string[];
  describe: string;
  /** What stands behind it, as a person reads it: FILE, N, KEY=VALUE; null where nothing does. */
  argument: string | null;
  choices: string[];
  repeated: boolean;
}

export interface PositionalDefinition {
  name: string;
  describe: string;
  choices: string[];
  required: boolean;
  repeated: boolean;
}

export interface VerbDefinition {
  name: string;
  /** With its positionals, as yargs was told: `plan <verb>`. */
  usage: string;
  describe: string;
  positionals: PositionalDefinition[];
  options: OptionDefinition[];
  /** A call, and what it is for. */
  examples: [string, string][];
  verbs: VerbDefinition[];
}

export interface Definitions {
  schema: 'mountroot.definitions/1';
  version: string;
  /** Understood by every verb. */
  options: OptionDefinition[];
  verbs: VerbDefinition[];
}

/** What yargs keeps of a command (yargs 18, lib/command.ts: CommandHandler). */
interface Handler {
  original: string;
  description?: string | false;
  builder: unknown;
}

type ParsedWords = Record<string, unknown>;

/**
 * The table of commands, which yargs fills as they are registered, and replaces by another one
 * while it parses.
 */
export function commandsOf(y: Argv): Record<string, Handler> {
  const internal = y as unknown as {
    getInternalMethods: () => {
      getCommandInstance: () => { getCommandHandlers: () => Record<string, Handler> };
    };
  };
  return internal.getInternalMethods().getCommandInstance().getCommandHandlers();
}

const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);

/**
 * What stands behind an option, before what it is for: `FILE: `, `KEY=VALUE: `, `FILE.tar.gz: `.
 */
export const NAMED = /^([A-Z]+(?:[=:][A-Z]+)*)(?:\.[a-z.]+)?: /;

/** `FILE: where it goes` says what stands behind the option; of others the kind of it tells. */
function argumentOf(
  name: string,
  { describe, boolean, type, number, choices, requiresArg, string, array }: ParsedWords,
): string | null {
  const text = String(describe ?? '');
  const [, named] = NAMED.exec(text) ?? [];
  if (named !== undefined) return named;
  if (boolean === true || type === 'boolean') return null;
  if (number === true || type === 'number') return 'N';
  if (choices !== undefined) return 'WORD';
  if (string !== true && type !== 'string' && requiresArg !== true && array !== true) return null;
  return name === 'output' || name === 'table' || /\b(?:file|log|tree|ramdisk|config)\b/i.test(text)
    ? 'FILE'
    : 'TEXT';
}

const optionOf = (name: string, told: ParsedWords): OptionDefinition => ({
  name,
  aliases: texts(told['alias']),
  describe: String(told['describe'] ?? told['description'] ?? told['desc'] ?? ''),
  argument: argumentOf(name, told),
  choices: texts(told['choices']),
  repeated: told['array'] === true || told['type'] === 'array',
});

/**
 * Stands in for yargs while a command says what it takes, and writes it down. What else it says is
 * passed over.
 */
class Recorder {
  readonly options: OptionDefinition[] = [];
  readonly examples: [string, string][] = [];
  readonly verbs: VerbDefinition[] = [];
  readonly positionals = new Map<string, ParsedWords>();

  readonly argv: Argv = new Proxy({} as Argv, {
    get:
      (_, method) =>
      (...words: unknown[]): Argv => {
        this.told(String(method), words);
        return this.argv;
      },
  });

  private told(method: string, [first, second, third]: unknown[]): void {
    if ((method === 'option' || method === 'options') && typeof first === 'string')
      this.option(first, (second ?? {}) as ParsedWords);
    else if (method === 'option' || method === 'options')
      for (const [name, told] of Object.entries(first as Record<string, ParsedWords>))
        this.option(name, told);
    else if (method === 'positional')
      this.positionals.set(String(first), (second ?? {}) as ParsedWords);
    else if (method === 'example')
      this.examples.push(
        ...(Array.isArray(first)
          ? (first as [string, string][])
          : [[String(first), String(second ?? '')] as [string, string]]),
      );
    else if (method === 'command')
      this.verbs.push(
        ...verbOf({
          original: texts(first)[0] ?? '',
          description: second as string | false,
          builder: third,
        }),
      );
  }

  private option(name: string, told: ParsedWords): void {
    if (told['hidden'] !== true) this.options.push(optionOf(name, told));
  }
}

function positionalsOf(
  usage: string,
  told: ReadonlyMap<string, ParsedWords>,
): PositionalDefinition[] {
  return [...usage.matchAll(/([<[])([^\]>]+)[\]>]/g)].map(([, bracket, inner]) => {
    const name = inner!.replace(/\.\.$/, '');
    const { describe, choices } = told.get(name) ?? {};
    return {
      name,
      describe: String(describe ?? ''),
      choices: texts(choices),
      required: bracket === '<',
      repeated: inner!.endsWith('..'),
    };
  });
}

/** A command that has no description is for programs, and is in no list. */
function verbOf({ original, description, builder }: Handler): VerbDefinition[] {
  if (typeof description !== 'string') return [];
  const recorder = new Recorder();
  if (typeof builder === 'function') (builder as (y: Argv) => unknown)(recorder.argv);
  else if (typeof builder === 'object' && builder !== null)
    recorder.argv.options(builder as Record<string, object>);
  const { options, examples, verbs, positionals } = recorder;
  return [
    {
      name: original.split(' ')[0]!,
      usage: original,
      describe: description,
      positionals: positionalsOf(original, positionals),
      options,
      examples,
      verbs,
    },
  ];
}

/** What every verb understands; `color` is known to people as its opposite. */
const GLOBAL: OptionDefinition[] = [
  {
    name: 'verbose',
    aliases: [],
    describe: 'more messages on stderr',
    argument: null,
    choices: [],
    repeated: false,
  },
  {
    name: 'no-color',
    aliases: [],
    describe: 'no colours, as with NO_COLOR or TERM=dumb',
    argument: null,
    choices: [],
    repeated: false,
  },
  {
    name: 'help',
    aliases: [],
    describe: 'what it is for and how it is called',
    argument: null,
    choices: [],
    repeated: false,
  },
  {
    name: 'version',
    aliases: [],
    describe: 'the version',
    argument: null,
    choices: [],
    repeated: false,
  },
];

export const definitionsOf = (commands: Record<string, Handler>, version: string): Definitions => ({
  schema: 'mountroot.definitions/1',
  version,
  options: GLOBAL,
  verbs: Object.values(commands)
    .flatMap(verbOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
});
