/** Rules of the house that no tool checks. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { KEEP_HEAP } from '../../../scripts/agent/heap.js';
import { checkout } from '../../../scripts/lib/report.js';

const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');
const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'src'], {
  cwd: checkout,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path.endsWith('.ts'));

/**
 * A step kind's file has the name of the kind (src/steps), also if another room has its subject.
 */
const SHARED_FILES = ['index.ts', 'mount.ts', 'switch-root.ts', 'write.ts'];

/**
 * Functions and constants with one name in two rooms: src/plan makes steps with functions that have
 * the name of the step kind, and the doctor's checks have the name that its report prints. This
 * list may only become shorter.
 */
const SHARED_VALUES = ['mkdir', 'mount', 'mounts', 'ubi', 'unknown'];

/** Values that occur more than once. */
const twice = (all: readonly string[]): string[] =>
  all.filter((each, index) => all.indexOf(each) !== index);

t.test('no source parses our own sentences', async (t) => {
  const parses = /\.split\('; '\)|\.startsWith\('(?:no|yes)[ ']|includes\('while the first/;
  t.same(
    sources.filter((path) => parses.test(read(path))),
    [],
  );
});

t.test('no two files have one name', async (t) => {
  const names = sources.map((path) => basename(path));
  t.same(
    twice(names).filter((name) => !SHARED_FILES.includes(name)),
    [],
  );
});

/** Names that the sources export with one of these keywords. */
const exported = (keywords: string): string[] =>
  sources.flatMap((path) => {
    const found = read(path).matchAll(new RegExp(`^export (?:${keywords}) (\\w+)`, 'gm'));
    // An overloaded function has several lines.
    return [...new Set([...found].map(([, name]) => name!))];
  });

t.test('no two exported types have one name', async (t) => {
  t.same(twice(exported('interface|type|class|enum')), []);
});

t.test('no two exported functions or constants have one name', async (t) => {
  t.same([...new Set(twice(exported('function|async function|const')))].sort(), SHARED_VALUES);
});

t.test('setup.sh installs the programs that lint runs', async (t) => {
  const setup = read('scripts/setup.sh');
  for (const program of ['git', 'shellcheck', 'clang-format']) {
    t.match(read('scripts/lint.ts'), new RegExp(`'${program}'`));
    t.match(setup, new RegExp(`wanted=.*\\b${program}\\b`));
  }
});

/** The findings of shellcheck in a script, one line each. */
function shellcheck(script: string, ...options: string[]): string {
  try {
    return execFileSync('shellcheck', ['-f', 'gcc', ...options, '-'], {
      input: script,
      encoding: 'utf8',
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

t.test('the shell scripts that TypeScript writes pass shellcheck', async (t) => {
  t.equal(shellcheck(KEEP_HEAP), '');
  // SC1007: `name=` empties a variable. SC1010: `done` is a word of our notes. SC2034, SC2317: each
  // plan uses only some variables and functions. SC2086: words are split on purpose. SC3003,
  // SC3028, SC3045: busybox's shell has $'', $EPOCHREALTIME and `read -n`.
  const excluded = '--exclude=SC1007,SC1010,SC2034,SC2086,SC2317,SC3003,SC3028,SC3045';
  for (const name of ['first-start.sh', 'plan-start.sh'])
    t.equal(shellcheck(read(`test/golden/${name}`), excluded), '', name);
});
