import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import { reportsOf } from '../../../src/cli/ssh-reports.js';
import { VERB_TABLE } from '../../../src/cli/verb-table.js';
import * as reports from '../../../src/remote/reports.js';
import * as sshShell from '../../../src/remote/ssh-shell.js';
import { quoteWords, splitWords } from '../../../src/remote/shell-words.js';
import { HOSTILE_REQUESTS } from '../../fixtures/hostile-requests.js';

const REPORTS = reportsOf(VERB_TABLE);
const askedFor = (command: string | undefined) => sshShell.askedFor(command, REPORTS);
const checkReport = (words: readonly string[]) => reports.checkReport(words, REPORTS);

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
});

/** The words that a real shell makes of command lines. */
function shellWords(lines: readonly string[]): string[][] {
  const script = lines.map((line) => `set -- ${line}\nprintf '%s\\0' "$#" "$@"`).join('\n');
  const { stdout, status } = spawnSync('/bin/sh', ['-s'], {
    input: script,
    encoding: 'utf8',
    env: { PATH: '' },
  });
  if (status !== 0) throw new Error(`sh ended with ${status}`);
  const parts = stdout.split('\0').slice(0, -1);
  const out: string[][] = [];
  for (let at = 0; at < parts.length;) {
    const count = Number(parts[at]);
    out.push(parts.slice(at + 1, at + 1 + count));
    at += 1 + count;
  }
  return out;
}

t.test('quoted words come out of a real shell unchanged', async (t) => {
  const any = fc.array(
    fc.string({ unit: 'grapheme', maxLength: 20 }).filter((word) => !word.includes('\0')),
    { minLength: 1, maxLength: 4 },
  );
  const samples = [
    ...fc.sample(any, 300),
    ["it's", '', '$(id)', '`id`', 'a\nb', '\\', "'", '"', '!!', '~', '*', '-n'],
  ];
  t.strictSame(shellWords(samples.map(quoteWords)), samples);
});

t.test('quoted words are split into the same words again', async (t) => {
  fc.assert(
    fc.property(
      fc.array(printable, { maxLength: 5 }),
      (words) => t.strictSame(splitWords(quoteWords(words)), { words }) || true,
    ),
  );
});

t.test('a real shell splits every accepted line the same way', async (t) => {
  const piece = fc.oneof(
    printable,
    fc.constantFrom(
      "'",
      '"',
      '\\',
      ' ',
      '\t',
      "''",
      '""',
      '\\"',
      "\\'",
      'status',
      '--json',
      'a b',
      '=',
      '%',
      '^',
      ',',
      '@',
      ':',
      '+',
      '\\\\',
      '"\\a"',
    ),
  );
  const samples = fc.sample(
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    4000,
  );
  const taken = samples.flatMap((line) => {
    const split = splitWords(line);
    return 'words' in split ? [{ line, words: split.words }] : [];
  });
  t.ok(taken.length > 300, `${taken.length} of ${samples.length}`);
  t.strictSame(
    shellWords(taken.map(({ line }) => line)),
    taken.map(({ words }) => words),
  );
});

t.test(`all ${HOSTILE_REQUESTS.length} attempts are refused`, async (t) => {
  t.ok(HOSTILE_REQUESTS.length >= 149);
  const answers = HOSTILE_REQUESTS.map((attempt) => ({ attempt, asked: askedFor(attempt) }));
  t.strictSame(
    answers.filter(({ asked }) => !('refused' in asked)),
    [],
  );
  t.strictSame(
    answers.filter(
      ({ asked }) => 'refused' in asked && !/^[\x20-\x7e]{1,400}$/.test(asked.refused),
    ),
    [],
    'and each in one line of plain text',
  );
});

t.test(
  "a report may be requested with the program's name first, with quotes and with blanks",
  async (t) => {
    for (const [command, words] of [
      ['status', ['status']],
      ["'mountroot' 'status' '--json'", ['status', '--json']],
      ['/usr/lib/mountroot/mountroot.cjs status', ['status']],
      ['  mount_root\tstatus  --steps ', ['status', '--steps']],
      ['journal --boot -1', ['journal', '--boot=-1']],
      ['journal --last=3 --ndjson', ['journal', '--last=3', '--ndjson']],
      ['plan --json reset', ['plan', '--json', 'reset']],
      ['ramdisk locate --json', ['ramdisk', 'locate', '--json']],
      ['st"at"us --for\'mat=\'pro\\metheus', ['status', '--format=prometheus']],
    ] as [string, string[]][])
      t.strictSame(askedFor(command), { words }, command);
    for (const nothing of [undefined, '', '  ']) t.strictSame(askedFor(nothing), { usage: true });
  },
);

/** Written anew from the purpose of such a key, and not from the tested list. */
const ALLOWED =
  /^(?:status(?: --(?:json|steps|format=(?:text|json|prometheus)))*|doctor(?: --(?:json|verbose))*|explain(?: --json)?|journal(?: --(?:json|ndjson|boot=-?\d{1,9}|last=\d{1,9}))*|timeline(?: --boot=-?\d{1,9})?|diff(?: --(?:json|exit-code|format=(?:table|ndjson)|biggest=\d{1,9}))*|facts(?: --json)?|plan(?: --(?:json|format=(?:text|json|sh)))* (?:start|ram|switch-root|done|stop|reset)(?: --(?:json|format=(?:text|json|sh)))*|ramdisk locate(?: --json)?|bundle)$/;

t.test("any string is refused, or its words are a report's", async (t) => {
  const options = REPORTS.flatMap((report) =>
    Object.keys(report.options).map((option) => `--${option}`),
  );
  const known = fc.constantFrom(
    ...new Set([
      ...REPORTS.flatMap(({ verb }) => [...verb]),
      ...options,
      'mountroot',
      'start',
      'reset',
      'json',
      'text',
      '1',
      '-1',
      '=',
      '--boot=1',
      '--format=json',
      '--last',
      '2',
      ' ',
      ' ',
      ' ',
      "'",
      '"',
      '\\',
      ';',
      '|',
      '&',
      '$',
      '`',
      '<',
      '>',
      '\n',
      '-o',
      '--facts',
      '--',
      '@',
      '/etc/shadow',
      '../x',
    ]),
  );
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(fc.oneof({ weight: 6, arbitrary: known }, { weight: 1, arbitrary: printable }), {
        maxLength: 10,
      })
      .map((parts) => parts.join('')),
    fc.array(known, { maxLength: 6 }).map((parts) => parts.join(' ')),
  );
  let taken = 0;
  fc.assert(
    fc.property(anything, (command) => {
      const asked = askedFor(command);
      if ('refused' in asked || 'usage' in asked) return;
      taken++;
      if (
        !ALLOWED.test(asked.words.join(' ')) ||
        asked.words.some((word) => !/^[a-z\d=-]+$/.test(word))
      )
        throw new Error(`${JSON.stringify(command)} became ${JSON.stringify(asked.words)}`);
    }),
    { numRuns: 20_000 },
  );
  t.ok(taken > 200, `${taken} were reports`);
});

t.test('accepted words are accepted again, as the same words', async (t) => {
  for (const words of [
    ['status'],
    ['journal', '--boot', '-1', '--json'],
    ['plan', 'reset', '--format', 'sh'],
    ['diff', '--biggest', '5', '--exit-code'],
  ]) {
    const checked = checkReport(words);
    if ('refused' in checked) throw new Error(checked.refused);
    const again = checkReport(checked.words);
    t.strictSame('words' in again && again.words, checked.words);
    t.strictSame(
      askedFor(quoteWords(['mountroot', ...checked.words])),
      { words: checked.words },
      'also over the line',
    );
  }
});
