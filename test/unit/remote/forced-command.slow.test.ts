import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { cleanEnvironment } from '../../../src/remote/ssh-shell.js';
import { hostileEnvironment } from '../../fixtures/hostile-environment.js';
import { HOSTILE_REQUESTS } from '../../fixtures/hostile-requests.js';

const folder = t.testdir({ decoys: { 'en.json': '{}' }, elsewhere: { 'package.json': '{}' } });
const elsewhere = join(folder, 'elsewhere');
const decoys = join(folder, 'decoys');
const program = await bundle(
  'test/unit/remote/forced-command-inside.ts',
  join(folder, 'inside.cjs'),
);

interface Played {
  answers: { status: number; stdout: string; stderr: string }[];
  left: string[];
}

/** Plays the requests. `calls`: the system calls about files, processes and sockets meanwhile. */
function played(requests: readonly string[]): Played & { calls: string[] } {
  const file = join(folder, 'requests.json');
  const trace = join(folder, 'trace');
  writeFileSync(file, JSON.stringify(requests));
  const mark = join(folder, 'mark');
  const { stdout, stderr, status } = spawnSync(
    'strace',
    [
      ...['-f', '-qq', '-e', 'signal=none', '-o', trace],
      ...['-e', 'trace=%file,%network,fork,vfork,clone,clone3,execve,execveat,kill'],
      ...['env', '-i', `PATH=${process.env['PATH']}`],
      ...Object.entries(hostileEnvironment(decoys)).map(([name, value]) => `${name}=${value}`),
      ...[process.execPath, program, file, mark],
    ],
    { cwd: elsewhere, encoding: 'utf8', maxBuffer: 64 << 20, env: { PATH: process.env['PATH'] } },
  );
  if (status !== 0) throw new Error(`the program ended with ${status}: ${stderr}`);
  const calls = readFileSync(trace, 'utf8').split('\n');
  const at = (end: string): number => calls.findIndex((call) => call.includes(`${mark}-${end}`));
  return {
    ...(JSON.parse(stdout) as Played),
    calls: calls.slice(at('begin') + 1, at('end')),
  };
}

/** A system call without the process and the descriptors. */
const withoutNumbers = (call: string): string =>
  call
    .replace(/^\d+ +/, '')
    .replace(/^newfstatat\(\d+/, '')
    .replace(/ = \d+$/, '');

// A variable of the environment cannot hold a NUL, so no server can hand over such a request.
const SENT = HOSTILE_REQUESTS.filter((request) => !request.includes('\0'));

t.test(`${SENT.length} requests are refused, and nothing is done for them`, async (t) => {
  t.ok(SENT.length >= 149);
  const { answers, calls } = played(SENT);
  const line = /^mountroot: refused, for this key asks for reports only: [\x20-\x7e]{1,500}\n$/;
  t.equal(answers.length, SENT.length);
  t.strictSame(
    answers
      .map((answer, index) => ({ request: SENT[index], ...answer }))
      .filter(({ status, stdout, stderr }) => status !== 5 || stdout !== '' || !line.test(stderr)),
    [],
    'each with its exit status and one line',
  );
  // yargs looks for its own files beside the program.
  // glibc's allocator looks at the other file before it gives memory back.
  const usual = new Set(played(['nothing']).calls.map(withoutNumbers));
  t.strictSame(
    calls.filter(
      (call) => !usual.has(withoutNumbers(call)) && !call.includes('vm/overcommit_memory'),
    ),
    [],
    'no file is looked at, no process is started, no socket is opened',
  );
  t.notOk(
    [...usual].some((call) => call.includes(`"${elsewhere}`)),
    'nor one of where it is called',
  );
  t.strictSame(readdirSync(decoys), ['en.json']);
});

t.test('the trace sees what a request does', async (t) => {
  const { answers, calls } = played(['facts']);
  t.match(answers, [{ status: 0, stdout: /"mountroot.facts/ }]);
  t.ok(calls.some((call) => call.includes('/proc/self/mountinfo')));
  t.strictSame(
    calls.filter((call) => call.includes(decoys)),
    [],
  );
  t.notMatch(answers[0]!.stdout, /"preinit": true|"shutdown": true/);
});

t.test('nothing that the other side may have sent stays in the environment', async (t) => {
  const { left } = played(['status']);
  t.strictSame(left, ['PATH', 'TERM']);
  const env: NodeJS.ProcessEnv = {
    ...hostileEnvironment('/x'),
    PATH: '/tmp/evil',
    NO_COLOR: '1',
  };
  cleanEnvironment(env);
  t.strictSame(env, {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    NO_COLOR: '1',
    TERM: 'xterm',
  });
});
