/**
 * What may be asked of a board from afar: verbs that report and change nothing, with options that
 * name no file. One list for both sides: `remote` sends nothing else, and `ssh-shell` takes nothing
 * else from whoever holds the key, whatever he sends it with.
 */

/** A flag, or what an option's value must look like. */
type ArgumentRule = 'flag' | RegExp | readonly string[];

export interface RemoteReport {
  /** The verb, with its second word where it has one. */
  verb: readonly string[];
  /** A word that must follow; none where it is left out. */
  what?: readonly string[];
  options: Readonly<Record<string, ArgumentRule>>;
  /** How it is told to give data. */
  json?: string;
}

const NUMBER = /^-?\d{1,9}$/;
const COUNT = /^\d{1,9}$/;

/**
 * Not in it, on purpose: `export`, whose archive holds keys and passwords; `--facts`, `--console`,
 * `--dtb`, `--upper`, `-o` and paths, which name files; `--set`, which names devices to be read.
 */
export const REPORTS: readonly RemoteReport[] = [
  {
    verb: ['status'],
    options: { json: 'flag', steps: 'flag', format: ['text', 'json', 'prometheus'] },
    json: '--json',
  },
  { verb: ['doctor'], options: { json: 'flag', verbose: 'flag' }, json: '--json' },
  { verb: ['explain'], options: { json: 'flag' }, json: '--json' },
  {
    verb: ['journal'],
    options: { json: 'flag', ndjson: 'flag', boot: NUMBER, last: COUNT },
    json: '--json',
  },
  { verb: ['timeline'], options: { boot: NUMBER } },
  {
    verb: ['diff'],
    options: { json: 'flag', format: ['table', 'ndjson'], 'exit-code': 'flag', biggest: COUNT },
    json: '--json',
  },
  { verb: ['facts'], options: { json: 'flag' }, json: '--json' },
  {
    verb: ['plan'],
    what: ['start', 'ram', 'switch-root', 'done', 'stop', 'reset'],
    options: { json: 'flag', format: ['text', 'json', 'sh'] },
    json: '--json',
  },
  { verb: ['ramdisk', 'locate'], options: { json: 'flag' }, json: '--json' },
  { verb: ['bundle'], options: {} },
];

export type CheckedRequest = { report: RemoteReport; words: string[] } | { refused: string };

/** A word of somebody else's in a message of ours. */
const quoted = (word: string): string => {
  const shown = word.replace(/[^\x20-\x7e]/g, '?');
  return JSON.stringify(shown.length <= 40 ? shown : `${shown.slice(0, 40)}...`);
};

const nameOf = ({ verb, what }: RemoteReport): string =>
  [...verb, ...(what === undefined ? [] : [what.join('|')])].join(' ');
const reportNames = (): string => REPORTS.map(({ verb }) => verb.join(' ')).join(', ');

const fits = (form: ArgumentRule, value: string): boolean =>
  form === 'flag' ? false : form instanceof RegExp ? form.test(value) : form.includes(value);
const expected = (form: ArgumentRule): string =>
  form === 'flag'
    ? 'no value'
    : form === NUMBER
      ? 'a whole number'
      : form instanceof RegExp
        ? 'a number'
        : form.join(', ');

/**
 * The words of a report, each option in the form `--name=value`, so that no other parser can take a
 * value for an option or a path; or in one sentence why these words are none.
 */
export function checkReport(words: readonly string[]): CheckedRequest {
  const report = REPORTS.find(({ verb }) => verb.every((word, index) => words[index] === word));
  if (report === undefined)
    return {
      refused:
        words.length === 0
          ? `no verb was given; there are ${reportNames()}`
          : `${quoted(words[0]!)} is not among the reports that may be asked for: ${reportNames()}`,
    };
  const { verb, what, options } = report;
  const name = verb.join(' ');
  const out = [...verb];
  const rest = words.slice(verb.length);
  const seen = new Set<string>();
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index]!;
    const [, option, given] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (option === undefined) {
      if (what === undefined || seen.has('') || !what.includes(word))
        return {
          refused: `${quoted(word)} is no option of \`${name}\` that may be given from afar${what === undefined ? '' : `, where it is \`${nameOf(report)}\``}`,
        };
      seen.add('');
      out.push(word);
      continue;
    }
    if (!Object.hasOwn(options, option))
      return {
        refused: `--${quoted(option).slice(1, -1)} is no option of \`${name}\` that may be given from afar; it takes ${optionNames(report)}`,
      };
    if (seen.has(option)) return { refused: `--${option} is given twice` };
    seen.add(option);
    const form = options[option]!;
    if (form === 'flag') {
      if (given !== undefined) return { refused: `--${option} takes no value` };
      out.push(`--${option}`);
      continue;
    }
    const value = given ?? rest[++index];
    if (value === undefined || !fits(form, value))
      return {
        refused: `--${option} takes ${expected(form)}${value === undefined ? '' : ` and not ${quoted(value)}`}`,
      };
    out.push(`--${option}=${value}`);
  }
  if (what !== undefined && !seen.has(''))
    return { refused: `say which verb is to be planned: ${what.join(', ')}` };
  return { report, words: out };
}

const optionNames = ({ options }: RemoteReport): string => {
  const names = Object.keys(options);
  return names.length === 0 ? 'none' : names.map((option) => `--${option}`).join(', ');
};

/** One line for each report, as it may be asked for. */
export const reportLines = (): string[] =>
  REPORTS.map((report) =>
    [
      nameOf(report),
      ...Object.entries(report.options).map(
        ([option, form]) =>
          `[--${option}${form === 'flag' ? '' : form instanceof RegExp ? ' N' : ` ${form.join('|')}`}]`,
      ),
    ].join(' '),
  );
