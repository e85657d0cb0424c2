/**
 * Checks the words of a remote report. Both sides use the same list: `remote` sends nothing else,
 * and `ssh-shell` accepts nothing else from the holder of the key, whatever program sends it.
 */

/** The value of an option: nothing, a whole number, one of at least 0, or one of some words. */
export type ValueRule = 'flag' | 'integer' | 'count' | readonly string[];

/** A verb that reports and changes nothing, with options that name no file. */
export interface RemoteReport {
  /** The verb, with its second word if it has one. */
  verb: readonly string[];
  /** The words of which one must follow; absent if none may. */
  what?: readonly string[];
  options: Readonly<Record<string, ValueRule>>;
  /** The option with which it prints JSON. */
  json?: string;
}

export type CheckedRequest = { report: RemoteReport; words: string[] } | { refused: string };

const NUMBERS = {
  integer: { pattern: /^-?\d{1,9}$/, expected: 'a whole number' },
  count: { pattern: /^\d{1,9}$/, expected: 'a number' },
} as const;

function fits(rule: Exclude<ValueRule, 'flag'>, value: string): boolean {
  return typeof rule === 'string' ? NUMBERS[rule].pattern.test(value) : rule.includes(value);
}

const expected = (rule: Exclude<ValueRule, 'flag'>): string =>
  typeof rule === 'string' ? NUMBERS[rule].expected : rule.join(', ');

/** A word from another machine, in a message of ours. */
const quoted = (word: string): string => {
  const shown = word.replace(/[^\x20-\x7e]/g, '?');
  return JSON.stringify(shown.length <= 40 ? shown : `${shown.slice(0, 40)}...`);
};

const nameOf = ({ verb, what }: RemoteReport): string =>
  [...verb, ...(what === undefined ? [] : [what.join('|')])].join(' ');

const optionNames = ({ options }: RemoteReport): string =>
  Object.keys(options)
    .map((option) => `--${option}`)
    .join(', ') || 'none';

/** Some words of a request are invalid. The message is one sentence. */
class RequestRefused extends Error {}

function reportIn(words: readonly string[], reports: readonly RemoteReport[]): RemoteReport {
  const report = reports.find(({ verb }) => verb.every((word, index) => words[index] === word));
  if (report !== undefined) return report;
  const names = reports.map(({ verb }) => verb.join(' ')).join(', ');
  throw new RequestRefused(
    words.length === 0
      ? `no verb was given; there are ${names}`
      : `${quoted(words[0]!)} is not among the reports that may be asked for: ${names}`,
  );
}

/** The words after the verb, one after the other. */
class RequestParser {
  readonly #out: string[] = [];
  readonly #given = new Set<string>();
  #what: string | null = null;
  #at = 0;

  constructor(
    private readonly report: RemoteReport,
    private readonly words: readonly string[],
  ) {}

  /** The words in a form in which no other parser can misread them. @throws {RequestRefused} */
  parsed(): string[] {
    while (this.#at < this.words.length) {
      const word = this.words[this.#at++]!;
      const [, option, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
      if (option === undefined) this.positional(word);
      else this.option(option, value);
    }
    const { what } = this.report;
    if (what !== undefined && this.#what === null)
      throw new RequestRefused(`say which verb is to be planned: ${what.join(', ')}`);
    return this.#out;
  }

  private positional(word: string): void {
    const { what, verb } = this.report;
    if (what === undefined || this.#what !== null || !what.includes(word)) {
      const form = what === undefined ? '' : `, where it is \`${nameOf(this.report)}\``;
      throw new RequestRefused(
        `${quoted(word)} is no option of \`${verb.join(' ')}\` that may be given from afar${form}`,
      );
    }
    this.#what = word;
    this.#out.push(word);
  }

  private option(option: string, joined: string | undefined): void {
    const { verb, options } = this.report;
    if (!Object.hasOwn(options, option))
      throw new RequestRefused(
        `--${quoted(option).slice(1, -1)} is no option of \`${verb.join(' ')}\` ` +
          `that may be given from afar; it takes ${optionNames(this.report)}`,
      );
    if (this.#given.has(option)) throw new RequestRefused(`--${option} is given twice`);
    this.#given.add(option);
    const rule = options[option]!;
    this.#out.push(rule === 'flag' ? this.flag(option, joined) : this.valued(option, rule, joined));
  }

  private flag(option: string, joined: string | undefined): string {
    if (joined !== undefined) throw new RequestRefused(`--${option} takes no value`);
    return `--${option}`;
  }

  private valued(
    option: string,
    rule: Exclude<ValueRule, 'flag'>,
    joined: string | undefined,
  ): string {
    const value = joined ?? this.words[this.#at++];
    if (value !== undefined && fits(rule, value)) return `--${option}=${value}`;
    const instead = value === undefined ? '' : ` and not ${quoted(value)}`;
    throw new RequestRefused(`--${option} takes ${expected(rule)}${instead}`);
  }
}

/**
 * The words of a report, each option in the form `--name=value`, so that no other parser can take a
 * value for an option or a path; or one sentence that says why these words are no report.
 */
export function checkReport(
  words: readonly string[],
  reports: readonly RemoteReport[],
): CheckedRequest {
  try {
    const report = reportIn(words, reports);
    const rest = new RequestParser(report, words.slice(report.verb.length)).parsed();
    return { report, words: [...report.verb, ...rest] };
  } catch (error) {
    if (error instanceof RequestRefused) return { refused: error.message };
    throw error;
  }
}

function optionForm([option, rule]: [string, ValueRule]): string {
  if (rule === 'flag') return `[--${option}]`;
  return `[--${option} ${typeof rule === 'string' ? 'N' : rule.join('|')}]`;
}

/** One line for each report, in the form of a request. */
export const reportLines = (reports: readonly RemoteReport[]): string[] =>
  reports.map((report) =>
    [nameOf(report), ...Object.entries(report.options).map(optionForm)].join(' '),
  );
