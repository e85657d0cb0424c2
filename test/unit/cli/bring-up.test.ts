/** People follow docs/bring-up.md word for word on a board: each call in it must be valid. */
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkout } from '../../../scripts/lib/report.js';
import { cli } from '../../../src/cli/cli.js';
import type {
  Definitions,
  OptionDefinition,
  VerbDefinition,
} from '../../../src/cli/definitions.js';
import { stdout } from '../../../src/cli/stdout.js';
import { DEFAULTS } from '../../../src/facts/setting-rows.js';

const text = readFileSync(join(checkout, 'docs/bring-up.md'), 'utf8');
const FACTS = join(checkout, 'board/vexpress-a9/facts.json');
const nothing = { run: () => Promise.reject(new Error('nothing is run')) };

/** The output of a call, without a process of its own. */
async function printed(words: string[]): Promise<{ status: number; stdout: string }> {
  const page = join(t.testdir({}), 'page');
  stdout.fd = openSync(page, 'w');
  try {
    const status = await cli(words, nothing);
    return { status, stdout: readFileSync(page, 'utf8') };
  } finally {
    closeSync(stdout.fd);
    stdout.fd = 1;
  }
}

/** The calls of mountroot in it, as words, without the shell's own syntax. */
const calls = [
  ...text.matchAll(
    /(?:^ {4}(?:board# |\$ )?(?:exec )?|`(?:[A-Z]+=[^\s`]+ )*(?:timeout (?:-k 10 )?600 )?)(?:mountroot|mount_root) ([^`\n]+)/gm,
  ),
].map(([, words]) =>
  words!
    .replace(/ *(?:[>#|&].*)$/, '')
    .trim()
    .split(/ +/),
);
const definitions = JSON.parse((await printed(['completion', 'json'])).stdout) as Definitions;

function verbOf(
  words: readonly string[],
): { verb: VerbDefinition; rest: readonly string[] } | null {
  const verb = definitions.verbs.find(({ name }) => name === words[0]);
  const below = verb?.verbs.find(({ name }) => name === words[1]);
  if (verb === undefined) return null;
  return below === undefined
    ? { verb, rest: words.slice(1) }
    : { verb: below, rest: words.slice(2) };
}

t.test('each call has an existing verb and existing options', async (t) => {
  t.ok(calls.length > 15, `${calls.length} calls`);
  for (const words of calls) {
    const found = verbOf(words);
    if (!t.ok(found, words.join(' '))) continue;
    const known =
      (option: string) =>
      (each: OptionDefinition): boolean =>
        [each.name, ...each.aliases].includes(option.replace(/^--?/, ''));
    for (const option of found!.rest.filter((word) => /^--?[a-z]/.test(word)))
      t.ok(found!.verb.options.some(known(option)), `${words.join(' ')}: ${option}`);
  }
});

t.test(
  "calls that examine a board work on the emulated board's facts, and print the output " +
    'in the page',
  async (t) => {
    t.equal((await printed(['doctor', '--facts', FACTS])).status, 0);
    const plan = await printed(['plan', 'start', '--facts', FACTS]);
    t.equal(plan.status, 0);
    for (const line of [
      'plan start: an overlay root that keeps its changes on mtd3 "rootfs_data"\n',
      ' 1  mount("pstore", "/sys/fs/pstore", "pstore", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)\n',
      '25  pivot_root("/mnt", "/mnt/rom")\n',
    ])
      for (const [where, shown] of [
        ['the plan', plan.stdout],
        ['the document', text.replace(/^ {4}/gm, '')],
      ] as const)
        t.ok(shown.includes(line), `${where} has ${line.trim()}`);
  },
);

t.test('the settings and the files that it names exist', async (t) => {
  for (const [, name] of text.matchAll(/mountroot\.(\w+)=/g))
    t.ok(Object.hasOwn(DEFAULTS, name!), `mountroot.${name}=`);
  for (const [, path] of text.matchAll(/\]\(([^)]+)\)/g))
    t.ok(existsSync(join(checkout, 'docs', path!)), path!);
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    version: string;
  };
  for (const [, shown] of text.matchAll(/mountroot[-_](\d+\.\d+\.\d+)[-_]/g))
    t.equal(shown, version);
  t.ok(text.split('\n').length < 200);
});
