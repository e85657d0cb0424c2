/**
 * The forced command against real servers: whatever the holder of a key for reports sends, by
 * request, environment, stdin, subsystem or forwarding, is refused, and nothing changes.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import { checkout } from '../../scripts/lib/report.js';
import { hostileEnvironment } from '../fixtures/hostile-environment.js';
import { HOSTILE_REQUESTS } from '../fixtures/hostile-requests.js';
import { lacking, makeKey, startDropbear, startSshd } from './servers.js';

const skip =
  process.getuid?.() === 0
    ? lacking('dropbear', 'dropbearkey', 'ssh', 'sftp', 'scp', 'ssh-keygen', 'unshare')
    : 'needs root, for the servers get an /etc/passwd of their own';
if (skip) {
  t.pass(`not run: ${skip}`, { skip });
  process.exit(0);
}

const folder = join(checkout, 'build', 'test', `forced-${process.pid}`);
const path = (name: string): string => join(folder, name);
mkdirSync(path('decoys'), { recursive: true, mode: 0o700 });
mkdirSync(path('sshd'));
mkdirSync(path('dropbear'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const marker = path('owned');
for (const name of ['a', 'b']) writeFileSync(path(`decoys/${name}`), 'as it was\n');
writeFileSync(path('decoys/evil.cjs'), `require('node:fs').writeFileSync('${marker}', 'x');\n`);
writeFileSync(path('decoys/env.sh'), `echo x >'${marker}'\n`);
const agent = await bundle('src/main.ts', path('mountroot.cjs'));

/** The line of docs/verbs.md, with the program of this test. */
const DOCUMENTED = /^ *(command="IFS= .*",restrict)$/m
  .exec(readFileSync(join(checkout, 'docs/verbs.md'), 'utf8'))![1]!
  .replace('/usr/sbin/mountroot', `'${process.execPath}' '${agent}'`);
const key = makeKey(path('key'));
const authorized = [`${DOCUMENTED} ${key}`];
const hostKey = makeKey(path('host_key'));
const servers = {
  OpenSSH: {
    ...(await startSshd(path('sshd'), path('host_key'), authorized, {
      config: ['AcceptEnv *', 'PermitUserEnvironment no'],
      shell: '/bin/sh',
    })),
    hostKey,
  },
  dropbear: await startDropbear(path('dropbear'), authorized),
};
type Server = keyof typeof servers;
const SERVERS = Object.keys(servers) as Server[];
t.teardown(() => {
  for (const { stop } of Object.values(servers)) stop();
});
writeFileSync(
  path('known_hosts'),
  SERVERS.map((name) => `${name} ${servers[name].hostKey}\n`).join(''),
);
writeFileSync(
  path('config'),
  [
    ...SERVERS.map(
      (name) => `Host ${name}\n  Port ${servers[name].port}\n  HostKeyAlias ${name}\n`,
    ),
    `Host *\n  HostName 127.0.0.1\n  User ${userInfo().username}\n  ` +
      `IdentityFile ${path('key')}\n  IdentitiesOnly yes\n  IdentityAgent none\n  ` +
      `UserKnownHostsFile ${path('known_hosts')}\n  GlobalKnownHostsFile /dev/null\n  ` +
      'StrictHostKeyChecking yes\n  BatchMode yes\n  LogLevel ERROR\n',
  ].join(''),
);

interface Answer {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface Sent {
  env?: Record<string, string>;
  input?: string;
}

/** Runs a program of OpenSSH's client with the test's configuration. */
const run = (program: string, words: string[], { env = {}, input = '' }: Sent = {}) =>
  new Promise<Answer>((resolve, reject) => {
    const sent = Object.keys(env).flatMap((name) => ['-o', `SendEnv=${name}`]);
    const child = spawn(program, ['-F', path('config'), ...sent, ...words], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      cwd: folder,
      timeout: 60_000,
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (bytes: Buffer) => void (said[name] += bytes.toString('utf8')));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...said }));
    // A server that refuses does not read it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
const ssh = (server: Server, request: string, sent: Sent = {}): Promise<Answer> =>
  run('ssh', [server, '--', request], sent);

/** What must not change. */
const state = (): unknown => [
  existsSync(marker),
  ['/tmp/x', '/tmp/x.so'].filter((file) => existsSync(file)),
  readdirSync(path('decoys')).map((name) => {
    const { mtimeMs, size } = statSync(path(`decoys/${name}`));
    return [name, mtimeMs, size];
  }),
];

/** Several at once. */
async function each<T>(list: readonly T[], use: (one: T) => Promise<void>): Promise<void> {
  const waiting = list.values();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const one of waiting) await use(one);
    }),
  );
}

const REFUSED = /^mountroot: refused, for this key asks for reports only: [\x20-\x7e]+\n$/;
/** dropbear itself refuses longer ones (MAX_CMD_LEN). */
const LONGEST_OF_DROPBEAR = 9000;
// No word of a program may have a NUL, so ssh cannot send it.
const SENDABLE = HOSTILE_REQUESTS.filter((request) => !request.includes('\0'));
/** A shell that splits the request would give its words to env, which would run them. */
const IN_OTHER_WORDS = ['', 'x ', 'X=1 ', "' ", '" ', '\\ ', '-- ', '-S ', 'x\n', 'x\t'].map(
  (before) => `${before}/usr/bin/touch /tmp/x`,
);
/** More than half of them for each server; together they get all. */
const REQUESTS: Record<Server, readonly string[]> = {
  OpenSSH: SENDABLE.filter((_, index) => index % 9 < 5),
  dropbear: SENDABLE.filter((_, index) => (index + 4) % 9 < 5),
};

for (const server of SERVERS) {
  t.test(`${REQUESTS[server].length} requests to ${server} are refused`, async (t) => {
    const before = state();
    const wrong: unknown[] = [];
    t.ok(REQUESTS[server].length >= 149);
    t.strictSame(new Set(Object.values(REQUESTS).flat()).size, new Set(SENDABLE).size);
    await each([...REQUESTS[server], ...IN_OTHER_WORDS], async (request) => {
      const { status, stdout, stderr } = await ssh(server, request);
      const isTooLong = server === 'dropbear' && request.length >= LONGEST_OF_DROPBEAR;
      const refused = status === 5 && stdout === '' && REFUSED.test(stderr);
      if (!(isTooLong ? status !== 0 && stdout === '' : refused))
        wrong.push({ request, status, stdout, stderr });
    });
    t.strictSame(wrong, []);
    t.strictSame(state(), before);
  });

  t.test(`${server}: what the environment says does not count`, async (t) => {
    const before = state();
    const env = {
      ...hostileEnvironment(path('decoys')),
      NODE_OPTIONS: `--require=${path('decoys/evil.cjs')}`,
      NODE_V8_COVERAGE: path('decoys'),
      BASH_ENV: path('decoys/env.sh'),
    };
    const { status, stdout } = await ssh(server, 'facts', { env });
    t.equal(status, 0);
    t.match(JSON.parse(stdout), { preinit: false, shutdown: false });
    t.match(await ssh(server, 'start', { env }), { status: 5, stdout: '', stderr: REFUSED });
    // Not as variables of ssh, which would obey them itself.
    const preloaded = `SetEnv=LD_PRELOAD=/tmp/x.so LD_LIBRARY_PATH=${path('decoys')}`;
    const refused = await run('ssh', ['-o', preloaded, server, '--', 'id']);
    t.strictSame([refused.status, refused.stdout], [5, '']);
    t.strictSame(state(), before);
  });

  t.test(`${server}: what stdin says does not count`, async (t) => {
    const before = state();
    const inputs = [
      `touch ${marker}\nexit 0\n`,
      `{"words":["reset","--yes"]}\n`,
      '['.repeat(1 << 20),
      '\0'.repeat(1 << 20),
      'y\n'.repeat(1 << 18),
    ];
    for (const input of inputs) {
      t.match(await ssh(server, 'status --json', { input }), {
        status: 0,
        stdout: /"mountroot.status\/1"/,
      });
      t.match(await ssh(server, 'sh', { input }), { status: 5, stdout: '', stderr: REFUSED });
    }
    t.match((await run('ssh', [server], { input: inputs[0]! })).stdout, /^This key asks for/);
    t.strictSame(state(), before);
  });

  t.test(`${server}: no subsystem, no copy, no terminal, no forwarding`, async (t) => {
    const before = state();
    const { port } = servers[server];
    const put = `put ${path('decoys/a')} ${marker}\n`;
    const cases: [name: string, answer: Promise<Answer>][] = [
      ['a subsystem', run('ssh', ['-s', server, 'sftp'])],
      ['another subsystem', run('ssh', ['-s', server, 'netconf'])],
      ['sftp', run('sftp', ['-b', '-', server], { input: put })],
      ['scp, over sftp', run('scp', [path('decoys/a'), `${server}:${marker}`])],
      ['scp, as of old', run('scp', ['-O', path('decoys/a'), `${server}:${marker}`])],
      ['scp from there', run('scp', ['-O', `${server}:${path('decoys/a')}`, marker])],
      ['a terminal', run('ssh', ['-tt', server, '--', 'sh'])],
      ['a port of this side', run('ssh', ['-W', `127.0.0.1:${port}`, server])],
      [
        'a port of the other side',
        run('ssh', ['-N', '-oExitOnForwardFailure=yes', '-R', '0:127.0.0.1:1', server]),
      ],
      [
        'a socket of the other side',
        run('ssh', ['-N', '-oExitOnForwardFailure=yes', '-R', `${marker}:127.0.0.1:1`, server]),
      ],
    ];
    for (const [name, answer] of cases) {
      const { status, stdout } = await answer;
      t.ok(status !== 0 && status !== null, `${name}: ${status}`);
      t.notMatch(stdout, /SSH-2\.0|as it was|uid=/, name);
    }
    t.strictSame(state(), before);
  });
}
