import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { checkout } from '../../../scripts/lib/report.js';
import { askAll } from '../../../src/remote/ask-all.js';
import { ask, interruptAll, type SshResult } from '../../../src/remote/ssh.js';

/** A stand-in for ssh: does what its last word says. */
const folder = join(checkout, 'build', 'test', `ask-${process.pid}`);
mkdirSync(folder, { recursive: true });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(
  join(folder, 'ssh'),
  `#!/bin/sh
for last; do :; done
case $last in
  "'echo'") echo said; echo warned >&2; exit 7 ;;
  "'words'") printf '%s\\n' "$@" ;;
  "'hang'") sleep 60 & echo $! >${folder}/child; wait ;;
  "'stubborn'") trap '' TERM; sleep 60 & echo $! >${folder}/child; while :; do wait; done ;;
  "'flood'") while :; do echo 01234567890123456789012345678901234567890123456789; done ;;
  "'linger'") echo done; sleep 60 & echo $! >${folder}/child; exit 0 ;;
esac
`,
  { mode: 0o755 },
);
process.env['PATH'] = `${folder}:${process.env['PATH']}`;

const way = { options: [], connect: 1 };
const limits = { time: 10_000, output: 1000, grace: 200 };
const run = (what: string, rest: Partial<typeof limits> = {}): Promise<SshResult> =>
  ask('board', [what], way, { ...limits, ...rest });

/** True when a process has ended, or is a zombie. */
const gone = async (): Promise<boolean> => {
  const pid = readFileSync(join(folder, 'child'), 'utf8').trim();
  for (let tries = 0; tries < 50; tries++) {
    try {
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return true;
    } catch {
      return true;
    }
    await pause(20);
  }
  return false;
};

t.test("ssh's exit status and messages are reported", async (t) => {
  const { end, exit, stdout, stderr, host } = await run('echo');
  t.match(
    { end, exit, host, stdout: stdout.toString(), stderr },
    { end: 'exit', exit: 7, host: 'board', stdout: 'said\n', stderr: 'warned\n' },
  );
  t.match((await run('words')).stdout.toString(), /-oBatchMode=yes\n[^]*--\nboard\n'words'\n$/);
});

t.test(
  'a board that does not answer in time is ended, with all processes that it started',
  async (t) => {
    const { end, signal, seconds } = await run('hang', { time: 300 });
    t.match({ end, signal }, { end: 'timed-out', signal: 'SIGTERM' });
    t.ok(seconds < 2, `${seconds} s`);
    t.ok(await gone());
  },
);

t.test('a process that will not end is killed', async (t) => {
  const { end, signal, seconds } = await run('stubborn', { time: 300 });
  t.match({ end, signal }, { end: 'timed-out', signal: 'SIGKILL' });
  t.ok(seconds < 2, `${seconds} s`);
  t.ok(await gone());
});

t.test('a process with endless output is ended, and its output is limited', async (t) => {
  const { end, stdout } = await run('flood');
  t.equal(end, 'too-much');
  t.equal(stdout.length, 1000);
});

t.test('processes that ssh leaves running are not waited for', async (t) => {
  const { end, exit, stdout, seconds } = await run('linger');
  process.kill(Number(readFileSync(join(folder, 'child'), 'utf8')));
  t.match({ end, exit, stdout: stdout.toString() }, { end: 'exit', exit: 0, stdout: 'done\n' });
  t.ok(seconds < 3, `${seconds} s`);
});

t.test('an interruption ends the running processes, and the others are not begun', async (t) => {
  let go = true;
  let begun = 0;
  setTimeout(() => {
    go = false;
    interruptAll();
  }, 200);
  const ends = await askAll(['a', 'b', 'c', 'd'], {
    jobs: 2,
    ask: (host) => (begun++, ask(host, ['hang'], way, limits)),
    use: ({ end, host }) => `${host} ${end}`,
    go: () => go,
  });
  t.strictSame(ends, ['a interrupted', 'b interrupted', 'c interrupted', 'd interrupted']);
  t.equal(begun, 2);
});

t.test(
  'only a limited number runs at once; each is reported at its end, and all in their order',
  async (t) => {
    let [now, most] = [0, 0];
    const came: string[] = [];
    let end = (): void => {};
    const reported = new Promise<void>((resolve) => (end = resolve));
    const all = await askAll(['a', 'b', 'c', 'd', 'e'], {
      jobs: 2,
      ask: async (host) => {
        most = Math.max(most, ++now);
        // The first one ends after the third was reported.
        await (host === 'a' ? reported : pause(1));
        now--;
        return { host } as SshResult;
      },
      use: ({ host }) => {
        came.push(host);
        if (host === 'c') end();
        return host;
      },
      go: () => true,
    });
    t.equal(most, 2);
    t.strictSame(all, ['a', 'b', 'c', 'd', 'e']);
    t.strictSame(came.slice(0, 2), ['b', 'c']);
  },
);

t.test('a missing ssh is reported', async (t) => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  const { end, stderr } = await run('echo').finally(() => (process.env['PATH'] = path));
  t.match({ end, stderr }, { end: 'no-program', stderr: 'ENOENT' });
});
