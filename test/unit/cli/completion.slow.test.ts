/** Asks for the completions as a person does: in a real bash, and in a real zsh if there is one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { checkout } from '../../../scripts/lib/report.js';
import type { Definitions } from '../../../src/cli/definitions.js';

const folder = join(checkout, 'build', 'test', `completion-${process.pid}`);
mkdirSync(join(folder, 'here', 'sub'), { recursive: true });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
const print = (shell: string): string =>
  spawnSync(
    'env',
    ['-i', `PATH=${process.env['PATH']}`, process.execPath, agent, 'completion', shell],
    { encoding: 'utf8' },
  ).stdout;
writeFileSync(join(folder, 'here', 'board.json'), '');
writeFileSync(join(folder, 'mountroot.bash'), print('bash'));
writeFileSync(join(folder, '_mountroot'), print('zsh'));
const definitions = JSON.parse(print('json')) as Definitions;
const names = definitions.verbs.map(({ name }) => name);

/** The words that bash offers after these words; the last one is being typed. */
const bash = (...words: string[]): string[] => {
  // As in readline: COMP_WORDS are the words, split at = too.
  const script =
    '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mountroot; ' +
    `printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync(
    'bash',
    [
      '--norc',
      '--noprofile',
      '-c',
      script,
      'bash',
      join(folder, 'mountroot.bash'),
      'mountroot',
      ...words,
    ],
    { encoding: 'utf8', cwd: join(folder, 'here') },
  );
  return stderr === ''
    ? stdout
        .split('\n')
        .filter((line) => line !== '')
        .sort()
    : [stderr];
};

t.test('bash offers the verbs, the options of the verb, and the values of an option', async (t) => {
  t.same(bash(''), [...names].sort());
  t.same(bash('do'), ['doctor', 'done']);
  t.same(bash('plan', ''), ['done', 'ram', 'reset', 'start', 'stop', 'switch-root']);
  t.same(bash('plan', 'start', '--fo'), ['--format']);
  t.same(bash('plan', 'start', '--format', ''), ['json', 'sh', 'text']);
  t.same(bash('plan', '--format', '=', 'j'), ['json'], 'with an equals sign, which parts words');
  t.same(bash('plan', '--format', '='), ['json', 'sh', 'text']);
  t.same(
    bash('plan', '--format', 'json', 'st'),
    ['start', 'stop'],
    'what stands behind an option is no positional',
  );
  t.same(bash('doctor', '--facts', 'bo'), ['board.json']);
  t.same(bash('doctor', '--facts', ''), ['board.json', 'sub']);
  t.same(bash('ramdisk', ''), ['list', 'locate', 'pack', 'unpack']);
  t.same(bash('ramdisk', 'pack', '--compress', 'gz'), ['gzip']);
  t.same(bash('ramdisk', 'list', 'bo'), ['board.json']);
  t.same(bash('--no'), ['--no-color']);
  t.same(bash('explain', '--boot', ''), [], 'nobody can guess a number');
});

t.test('bash knows every option of every verb', async (t) => {
  for (const { name, options, verbs } of definitions.verbs) {
    if (verbs.length > 0) continue;
    const offered = bash(name, '-');
    for (const option of options)
      t.ok(
        offered.includes(`${option.name.length === 1 ? '-' : '--'}${option.name}`),
        `${name} ${option.name}`,
      );
  }
});

t.test(
  'bash completes when Tab is pressed',
  { skip: spawnSync('script', ['--version']).status === 0 ? false : 'script(1) is not there' },
  async (t) => {
    const keys =
      `PS1=; . ${join(folder, 'mountroot.bash')}; mountroot() { echo "GOT:$*:"; }\n` +
      'mountroot doct\t--js\t\nexit\n';
    const { stdout } = spawnSync(
      'script',
      ['-qec', 'env -i PATH="$PATH" TERM=dumb bash --norc --noprofile -i', '/dev/null'],
      { encoding: 'utf8', input: keys, cwd: join(folder, 'here'), timeout: 20_000 },
    );
    t.match(stdout, /GOT:doctor --json:/);
  },
);

t.test('the scripts have valid syntax', async (t) => {
  t.equal(spawnSync('bash', ['-n', join(folder, 'mountroot.bash')]).status, 0);
  t.notMatch(print('bash') + print('zsh'), /undefined|\[object/);
});

const zsh = spawnSync('zsh', ['--version']).status === 0;

t.test(
  'zsh completes when Tab is pressed',
  { skip: zsh ? false : 'there is no zsh here' },
  async (t) => {
    const cases: [string, string][] = [
      ['mountroot doct', 'mountroot doctor'],
      ['mountroot doctor --fa', 'mountroot doctor --facts='],
      ['mountroot doctor --facts bo', 'mountroot doctor --facts board.json'],
      ['mountroot doctor --facts=bo', 'mountroot doctor --facts=board.json'],
      ['mountroot plan start --format js', 'mountroot plan start --format json'],
      ['mountroot plan sw', 'mountroot plan switch-root'],
      ['mountroot ramdisk unp', 'mountroot ramdisk unpack'],
    ];
    // The typed text ends in a tab; then the line is taken unchanged, and written to a separate
    // file.
    const out = join(folder, 'line');
    const typed = cases.map(
      ([line], index) =>
        `zpty -n -w z $'${line}\\t\\x18'\n` +
        `for wait in {1..100}; do [[ -e ${out}.${index} ]] && break; sleep 0.05; done`,
    );
    const setUp = [
      `PROMPT=READY; fpath=(${folder} $fpath)`,
      'autoload -Uz compinit; compinit -u -D; unsetopt beep; setopt no_auto_menu; n=0',
      `take() { print -r -- $BUFFER >${out}.$((n++)); zle kill-whole-line }`,
      'zle -N take; bindkey "^X" take; print ALL-SET',
    ];
    const driver = `
zmodload zsh/zpty
zpty z 'env -i PATH=$PATH TERM=dumb HOME=${folder} zsh -f -i'
zpty -w z '${setUp.join('; ')}'
zpty -r z output '*ALL-SET*ALL-SET*READY*'
${typed.join('\n')}
zpty -d z`;
    spawnSync('zsh', ['-f', '-c', driver], { cwd: join(folder, 'here'), timeout: 30_000 });
    for (const [index, [line, whole]] of cases.entries())
      t.equal(readFileSync(`${out}.${index}`, 'utf8').trim(), whole, line);
  },
);
