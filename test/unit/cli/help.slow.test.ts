/** The help of the program and of each verb: reviewed, within 80 columns, with examples. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { checkout } from '../../../scripts/lib/report.js';
import { cli } from '../../../src/cli/cli.js';
import { stdout } from '../../../src/cli/stdout.js';
import type { Definitions, VerbDefinition } from '../../../src/cli/definitions.js';

const GOLDEN = new URL('../../golden/help/', import.meta.url);
const folder = join(checkout, 'build', 'test', `help-${process.pid}`);
mkdirSync(folder, { recursive: true });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));

/** `env -i`, because the test runner hooks itself into every Node it starts. */
const run = (words: string[]) =>
  spawnSync('env', ['-i', `PATH=${process.env['PATH']}`, process.execPath, agent, ...words], {
    encoding: 'utf8',
  });
const definitions = JSON.parse(run(['completion', 'json']).stdout) as Definitions;

/** Does not start Node anew for each page. */
async function help(path: readonly string[]): Promise<{ status: number; text: string }> {
  const page = join(folder, 'page');
  stdout.fd = openSync(page, 'w');
  try {
    const status = await cli([...path, '--help'], {
      run: () => Promise.reject(new Error('nothing is run')),
    });
    return { status, text: readFileSync(page, 'utf8') };
  } finally {
    closeSync(stdout.fd);
    stdout.fd = 1;
  }
}
const paths = (verbs: readonly VerbDefinition[], above: string[] = []): string[][] =>
  verbs.flatMap(({ name, verbs: below }) => [[...above, name], ...paths(below, [...above, name])]);

const PAGES: [string, string[]][] = [
  ['mountroot', []],
  ...paths(definitions.verbs).map((path): [string, string[]] => [path.join('-'), path]),
];

t.test('the help of the program and of each verb is the reviewed one', async (t) => {
  for (const [name, path] of PAGES) {
    const { status, text: stdout } = await help(path);
    t.equal(status, 0, name);
    const file = new URL(`${name}.txt`, GOLDEN);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(file, stdout);
    t.equal(
      stdout,
      existsSync(file) ? readFileSync(file, 'utf8') : '',
      `${name}: UPDATE_GOLDEN=1 takes over what is meant to be different`,
    );
    t.same(
      stdout.split('\n').filter((line) => line.length > 80),
      [],
      `${name} fits in 80 columns`,
    );
    t.match(stdout, /^Examples:$/m, `${name} has an example`);
  }
});

t.test('--help ends with all exit statuses', async (t) => {
  const { status, stdout, stderr } = run(['--help']);
  t.same([status, stderr], [0, '']);
  t.match(stdout, /Exit status:\n {2}0 {2}done[^]*\n {2}6 {2}a host could not be reached/);
});

t.test(
  '--version prints one line; without a terminal, or with colour turned off, nothing is coloured',
  async (t) => {
    t.match(run(['--version']).stdout, /^\d+\.\d+\.\d+\n$/);
    for (const words of [
      ['--nosuch'],
      ['--nosuch', '--no-color'],
      ['plan', 'start', '--no-color', '--facts', '/nosuch'],
    ])
      t.notMatch(run(words).stderr, /\x1b/);
  },
);

t.test(
  'on a terminal verdicts are coloured, unless NO_COLOR, TERM=dumb or --no-color forbids it',
  async (t) => {
    const doctor = (settings: string[], words: string[] = []): string =>
      spawnSync(
        'env',
        [
          '-i',
          `PATH=${process.env['PATH']}`,
          ...settings,
          'script',
          '-qec',
          [process.execPath, agent, 'doctor', ...words].join(' '),
          '/dev/null',
        ],
        { encoding: 'utf8', input: '' },
      ).stdout;
    t.match(doctor(['TERM=xterm']), /\x1b\[31mproblem\x1b\[0m/);
    t.notMatch(doctor(['TERM=dumb']), /\x1b/);
    t.notMatch(doctor(['TERM=xterm', 'NO_COLOR=1']), /\x1b/);
    t.notMatch(doctor(['TERM=xterm'], ['--no-color']), /\x1b/);
  },
);
