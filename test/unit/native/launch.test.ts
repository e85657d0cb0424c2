/** The launcher with a program in the place of Node, under signals as its callers leave them. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { compileProgram } from '../../../scripts/agent/compile.js';
import { launcherDefinitions } from '../../../scripts/agent/launcher.js';
import { JOURNAL_SCHEMA } from '../../../src/execute/journal.js';
import { bootOf, type Boot } from '../../../src/report/journal/boot-runs.js';
import {
  AGENT_FILE,
  BEGUN_FD,
  CALLED_AS,
  HEAP_FILE,
  REPORTS_HEAP,
  RESET_NAMES,
} from '../../../src/facts/installation.js';

const home = mkdtempSync(join(tmpdir(), 'launch-'));
const path = (name: string): string => join(home, name);
t.teardown(() => rmSync(home, { recursive: true, force: true }));
/** Not those of this machine. */
const RECORDS = path('records');
const PLACES = { records: [RECORDS], log: path('log') };
writeFileSync(path(HEAP_FILE), '');
writeFileSync(PLACES.log, '');
writeFileSync(path(AGENT_FILE), '');
await compileProgram(
  'host',
  join(process.cwd(), 'native/launch.c'),
  path('launch'),
  launcherDefinitions(home, path('node'), PLACES),
);

/** Says that it begun, as the agent does, and then does this. */
const node = (script: string): void =>
  writeFileSync(
    path('node'),
    `#!/bin/sh\ncase $* in *snapshot-blob*) printf x >&${BEGUN_FD} ;; esac\n${script}\n`,
    { mode: 0o755 },
  );

const run = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(words[0]!, words.slice(1), { encoding: 'utf8', timeout: 20_000 });

const ignoring = (signal: string, ...before: string[]): string[] => [
  ...before,
  'sh',
  '-c',
  `trap '' ${signal}; exec ${path('launch')} stop`,
];

t.test('a key for reports starts Node without the environment of the other side', (t) => {
  node('exec env');
  const hostile = ['NODE_OPTIONS=--require=/x', 'OPENSSL_CONF=/x', 'LC_ALL=/x', 'PREINIT=1'];
  const { stdout } = run(
    ...['env', '-i', 'PATH=/nowhere', 'TERM=vt100', 'SSH_ORIGINAL_COMMAND=status'],
    ...[...hostile, path('launch'), 'ssh-shell'],
  );
  const names = stdout.split('\n').map((line) => line.replace(/=.*/, ''));
  // The shell that stands in for Node adds its own.
  const shells = ['PWD', 'SHLVL', '_', 'OLDPWD', ''];
  t.same(names.filter((name) => !shells.includes(name)).sort(), [
    'PATH',
    'SSH_ORIGINAL_COMMAND',
    'TERM',
  ]);
  t.match(stdout, 'SSH_ORIGINAL_COMMAND=status');
  t.notMatch(stdout, '/nowhere');
  t.end();
});

t.test('a caller that ignores SIGCHLD gets the status of the agent', (t) => {
  node('exit 5');
  t.equal(run(...ignoring('CHLD')).status, 5);
  t.equal(run(...ignoring('CHLD', 'env', '--block-signal=CHLD')).status, 5, 'and blocks it');
  t.end();
});

t.test('the agent begins with SIGCHLD as Node needs it', (t) => {
  node(`grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status`);
  const { stdout } = run(...ignoring('CHLD', 'env', '--block-signal=CHLD'));
  const chld = 1n << 16n;
  for (const [, name, mask] of stdout.matchAll(/^(Sig\w+):\s*(\w+)/gm))
    t.equal(BigInt(`0x${mask}`) & chld, 0n, name!);
  t.match(stdout, 'SigIgn');
  t.end();
});

t.test('an agent that does not fit into memory is told of', async (t) => {
  for (const [signal, number] of [
    ['KILL', 9],
    ['ABRT', 6],
  ] as const) {
    node(`kill -${signal} $$`);
    const { status, stderr } = run(path('launch'), 'stop');
    t.equal(status, 128 + number);
    t.match(
      stderr,
      new RegExp(`signal ${number} ended the agent .*perhaps because memory is short`),
    );
  }
  // The sanitizers take SIGSEGV for a fault of their own program.
  node('kill -TRAP $$');
  t.match(run(path('launch'), 'stop').stderr, /signal 5 ended the agent before it was done\n/);
});

/** What a killed agent left, and what the launcher made of it. */
function killed(script: string, words: string[], before = ''): { text: string; boot: Boot } {
  rmSync(RECORDS, { recursive: true, force: true });
  mkdirSync(RECORDS);
  const journal = join(RECORDS, 'journal.ndjson');
  if (before !== '') writeFileSync(journal, before);
  writeFileSync(PLACES.log, '');
  node(script.replaceAll('JOURNAL', journal));
  t.equal(run('env', 'PREINIT=1', path('launch'), ...words).status, 137);
  const name = { number: null, id: null, current: true, file: journal };
  return {
    text: readFileSync(PLACES.log, 'utf8'),
    boot: bootOf(name, readFileSync(journal, 'utf8')),
  };
}

/** Records are root's. */
const skip = process.getuid?.() === 0 ? false : 'needs root';

const BEGIN = (verb: string): string =>
  JSON.stringify({
    type: 'begin',
    schema: JOURNAL_SCHEMA,
    verb,
    version: '1',
    node: 'v20',
    at: 1,
  });
const ENDED = /^signal 9 ended the agent before it was done, perhaps because memory is short/;

t.test(
  'a start that was killed is told in the kernel log, the journal and at logins',
  { skip },
  (t) => {
    for (const [left, script] of [
      ['nothing', 'kill -KILL $$'],
      ['its beginning', `echo '${BEGIN('start')}' >>JOURNAL; kill -KILL $$`],
      ['half a line', `printf '%s\n{"type":"st' '${BEGIN('start')}' >>JOURNAL; kill -KILL $$`],
    ] as const) {
      const { text, boot } = killed(script, ['start']);
      t.match(text, /^<3>mountroot: signal 9 ended the agent /m, left);
      t.equal(boot.runs.length, 1);
      t.match(boot.runs[0], { verb: 'start', ok: false, exit: 137, error: ENDED, rung: null });
      t.equal(boot.damage.length, left === 'half a line' ? 1 : 0);
      t.match(readFileSync(join(RECORDS, 'notice'), 'utf8'), /^mountroot: signal 9 ended .*\n$/);
    }
    t.end();
  },
);

t.test(
  'a verb that was killed does not change what the journal says of those before',
  { skip },
  (t) => {
    const end = { type: 'end', ok: true, exit: 0, rung: 'persistent', warnings: [], at: 2, ms: 1 };
    const before = `${BEGIN('start')}\n${JSON.stringify(end)}\n`;
    for (const script of ['kill -KILL $$', `echo '${BEGIN('done')}' >>JOURNAL; kill -KILL $$`]) {
      const { boot } = killed(script, ['done'], before);
      t.match(boot.runs, [
        { verb: 'start', ok: true, exit: 0, rung: 'persistent' },
        { verb: 'done', ok: false, exit: 137, error: ENDED },
      ]);
      t.notOk(existsSync(join(RECORDS, 'notice')), 'the root is as the start said');
    }
    t.end();
  },
);

t.test('a Node killed before the agent began is not tried again, nor is its heap damaged', (t) => {
  rmSync(RECORDS, { recursive: true, force: true });
  for (const words of [['start'], ['status']]) {
    writeFileSync(PLACES.log, '');
    // With the heap it is killed; the agent's own file would run.
    writeFileSync(
      path('node'),
      '#!/bin/sh\ncase $* in *snapshot-blob*) kill -KILL $$ ;; esac\nexit 4\n',
      { mode: 0o755 },
    );
    writeFileSync(path(REPORTS_HEAP), '');
    const { status, stderr } = run('env', 'PREINIT=1', path('launch'), ...words);
    t.equal(status, 137);
    const text = readFileSync(PLACES.log, 'utf8') + stderr;
    t.match(text, /mountroot: signal 9 ended the agent before it was done, perhaps because memory/);
    t.notMatch(text, /refused|damaged/);
  }
  t.end();
});

t.test('an agent that is stopped and goes on ends as if nothing had been', (t) => {
  node('(sleep 0.3; kill -CONT $$) & kill -STOP $$; exit 6');
  const { status, stderr } = run(path('launch'), 'stop');
  t.equal(status, 6);
  t.equal(stderr, '');
  t.end();
});

t.test('records of others are left alone', (t) => {
  rmSync(RECORDS, { recursive: true, force: true });
  mkdirSync(RECORDS, { mode: 0o777 });
  chmodSync(RECORDS, 0o777);
  node('kill -KILL $$');
  t.equal(run('env', 'PREINIT=1', path('launch'), 'start').status, 137);
  t.same(readdirSync(RECORDS), []);
  rmSync(RECORDS, { recursive: true });
  symlinkSync(home, RECORDS);
  t.equal(run('env', 'PREINIT=1', path('launch'), 'start').status, 137);
  t.notOk(existsSync(path('notice')));
  rmSync(RECORDS);
  t.end();
});

t.test('the end of a killed start is told in the folder of this boot', { skip }, async (t) => {
  const [runs, temporary] = [path('run'), path('tmp')];
  const records = [runs, temporary].map((place) => join(place, 'mountroot'));
  await compileProgram(
    'host',
    join(process.cwd(), 'native/launch.c'),
    path('two-places'),
    launcherDefinitions(home, path('node'), { ...PLACES, records }),
  );
  node('kill -KILL $$');
  for (const [what, before, expected] of [
    ['/run is in memory', `mount -t tmpfs run ${runs}`, 0],
    ['/run is not in memory', ':', 1],
    [
      '/run was mounted after the start',
      `mount -t tmpfs run ${runs}; mkdir ${records[1]}; touch ${records[1]}/journal.ndjson`,
      1,
    ],
  ] as const) {
    for (const place of [runs, temporary]) {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place);
    }
    const script = `${before}; PREINIT=1 "$0" start; cd ${home}; grep -l ended */mountroot/notice`;
    const { stdout } = run(
      ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script],
      path('two-places'),
    );
    t.equal(stdout.trim(), ['run/mountroot/notice', 'tmp/mountroot/notice'][expected], what);
  }
});

t.test('a signal that the caller ignores stays ignored', (t) => {
  node(`grep '^SigIgn' /proc/self/status; kill -HUP $PPID; exit 3`);
  const { status, stdout } = run(...ignoring('HUP'));
  t.equal(status, 3);
  t.equal(BigInt(`0x${/SigIgn:\s*(\w+)/.exec(stdout)![1]}`) & 1n, 1n);
  t.end();
});

t.test('a signal that the caller blocks stays blocked', (t) => {
  node(`exec grep '^SigBlk' /proc/self/status`);
  const { stdout } = run('env', '--block-signal=USR1', path('launch'), 'stop');
  t.equal(BigInt(`0x${/SigBlk:\s*(\w+)/.exec(stdout)![1]}`), 1n << 9n, 'and no other is');
  t.end();
});

t.test('SIGTERM reaches the agent', async (t) => {
  node(`trap 'exit 7' TERM; echo >'${path('ready')}'; while :; do sleep 0.05; done`);
  const launched = spawn(path('launch'), ['stop']);
  const ended = new Promise((resolve) => launched.on('exit', resolve));
  const isReady = (): boolean => {
    try {
      return readFileSync(path('ready')).length > 0;
    } catch {
      return false;
    }
  };
  while (!isReady()) await delay(20);
  launched.kill('SIGTERM');
  t.equal(await ended, 7);
});

t.test("a symlink with the name of another program's factory reset never calls start", (t) => {
  node('for word; do printf "%s;" "$word"; done');
  for (const name of RESET_NAMES) {
    symlinkSync(path('launch'), path(name));
    for (const words of [[], ['-y', '-r'], ['start'], ['']]) {
      const { status, stdout } = run(path(name), ...words);
      t.equal(status, 0);
      t.match(stdout, new RegExp(`${AGENT_FILE};${[CALLED_AS, name, ...words].join(';')};$`));
      t.notMatch(stdout, 'snapshot-blob', 'and not from the heap, which only has boot verbs');
    }
  }
  symlinkSync(path('launch'), path('mount_root'));
  t.match(run(path('mount_root'), 'start').stdout, /snapshot-blob;.*;start;$/);
  t.end();
});

t.test('an agent that hangs in the early boot is ended, without timeout(1)', async (t) => {
  await compileProgram(
    'host',
    join(process.cwd(), 'native/launch.c'),
    path('limited'),
    launcherDefinitions(home, path('node'), { ...PLACES, limit: 1 }),
  );
  // run() waits for all that have its pipes.
  for (const hangs of ['exec sleep 60', 'sleep 60 >/dev/null 2>&1 & wait']) {
    node(hangs);
    for (const words of [['start'], ['ram'], ['start', 'compr=zlib']])
      t.equal(run('env', 'PREINIT=1', path('limited'), ...words).status, 128 + 14, words.join(' '));
  }
  node('sleep 2; exit 3');
  t.equal(run(path('limited'), 'done').status, 3, 'and no other verb is');
});
