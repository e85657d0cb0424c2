import { spawnSync } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { checkout } from '../../../scripts/lib/report.js';
import { openedFacts } from '../../fixtures/facts.js';

const FACTS = new URL('../../../board/vexpress-a9/facts.json', import.meta.url).pathname;
const folder = join(checkout, 'build', 'test', `output-${process.pid}`);
mkdirSync(folder, { recursive: true });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
const PLAN = [process.execPath, agent, 'plan', 'start', '--facts', FACTS];

/** `env -i`, because the test runner hooks itself into every Node it starts. */
const run = (words: string[], stdout: number | 'pipe' = 'pipe') =>
  spawnSync('env', ['-i', `PATH=${process.env['PATH']}`, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', stdout, 'pipe'],
  });

t.test('a reader that stops reading ends the agent silently', async (t) => {
  const { stderr, stdout } = run([
    'bash',
    '-c',
    '"$@" | true; echo "${PIPESTATUS[0]}"',
    'bash',
    ...PLAN,
  ]);
  t.equal(stderr, '');
  t.equal(stdout, '0\n');
});

t.test('a full disk is reported in one sentence', async (t) => {
  const { status, stderr } = run(PLAN, openSync('/dev/full', 'w'));
  t.equal(status, 1);
  t.match(stderr, /^mountroot: cannot write to stdout: ENOSPC[^\n]*\n$/);
});

t.test('the last one of a repeated option counts', async (t) => {
  const { status, stdout } = run([...PLAN, '--format', 'sh', '--format', 'json', '--facts', FACTS]);
  t.equal(status, 0);
  t.match(JSON.parse(stdout), { schema: 'mountroot.plan/2' });
});

t.test('every path to keep is kept, in any form of the options', async (t) => {
  const board = join(t.testdir({ facts: JSON.stringify(openedFacts()) }), 'facts');
  const { status, stdout } = run([
    process.execPath,
    agent,
    'plan',
    'reset',
    '--facts',
    board,
    '--keep',
    '/etc/a',
    '--keep=/etc/b',
    '--json',
  ]);
  t.equal(status, 0);
  const { steps } = JSON.parse(stdout) as {
    steps: { action: { kind: string; content?: string } }[];
  };
  t.equal(
    steps.find(({ action }) => action.kind === 'write')?.action.content,
    '{"keep":["/etc/a","/etc/b"]}\n',
  );
});

t.test('a file of several lines that is no facts file is refused in one line', async (t) => {
  const file = join(t.testdir({ file: 'a\nb\nc\n' }), 'file');
  const { status, stderr } = run([process.execPath, agent, 'plan', 'start', '--facts', file]);
  t.equal(status, 2);
  t.match(stderr, /^mountroot: [^\n]+ is not JSON [^\n]+\n$/);
});
