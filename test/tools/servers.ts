/**
 * Real SSH servers on this machine's own loopback, with keys and a configuration that are made for
 * one test and touch nobody's ~/.ssh.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { uninstalledProgram } from '../../scripts/image/packages.js';

/** Debian keeps servers where an ordinary user's PATH does not look. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
const installed = (program: string): string | null =>
  PATH.split(':')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file)) ?? null;

/** Why a test cannot be run here; false where it can. */
export const lacking = (...programs: string[]): string | false => {
  const missing = programs.filter((program) => installed(program) === null);
  return missing.length === 0
    ? false
    : `needs ${missing.join(' and ')} (Debian: openssh-client, dropbear-bin)`;
};

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );

/** Waits for an SSH server to say its version, which both do first. */
async function greeted(port: number, server: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + 5000;
  while (Date.now() < until && server.exitCode === null) {
    const heard = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once(
        'data',
        (bytes) => (socket.destroy(), resolve(bytes.toString('latin1').startsWith('SSH-2.0-'))),
      );
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
    if (heard) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the SSH server does not answer: ${log()}`);
}

export function makeKey(file: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
  return readFileSync(`${file}.pub`, 'utf8').trim();
}

/** Lets so many bytes of an answer through, and breaks the connection then. */
export async function cutter(
  to: number,
  after: number,
  open: (close: () => void) => void,
): Promise<number> {
  const server = createServer((client) => {
    const board = connect(to, '127.0.0.1');
    let passed = 0;
    const end = (): void => void (client.destroy(), board.destroy());
    client.on('error', end).on('close', end);
    board.on('error', end).on('close', end);
    client.on('data', (bytes) => board.write(bytes));
    board.on('data', (bytes) => {
      client.write(bytes.subarray(0, after - passed));
      passed += bytes.length;
      if (passed >= after) client.end(end);
    });
  });
  const port = await listening(server);
  open(() => server.close());
  return port;
}

/** A thin line: so many bytes of an answer in a second, and all of it in the end. */
export async function trickle(
  to: number,
  bytesPerSecond: number,
  open: (close: () => void) => void,
): Promise<number> {
  const TICKS = 20;
  const server = createServer((client) => {
    const board = connect(to, '127.0.0.1');
    let waiting = Buffer.alloc(0);
    let ended = false;
    const tick = setInterval(() => {
      const now = waiting.subarray(0, Math.ceil(bytesPerSecond / TICKS));
      waiting = waiting.subarray(now.length);
      if (now.length > 0) client.write(now);
      else if (ended) client.end();
    }, 1000 / TICKS);
    const end = (): void => void (clearInterval(tick), client.destroy(), board.destroy());
    client
      .on('error', end)
      .on('close', end)
      .on('data', (bytes) => board.write(bytes));
    board
      .on('error', end)
      .on('end', () => (ended = true))
      .on('data', (bytes) => (waiting = Buffer.concat([waiting, bytes])));
  });
  const port = await listening(server);
  open(() => server.close());
  return port;
}

/** The text of /etc/passwd with another home (5) or shell (6) for this user. */
function withField(passwd: string, index: number, value: string | undefined): string {
  const { username } = userInfo();
  return passwd
    .split('\n')
    .map((line) =>
      value !== undefined && line.startsWith(`${username}:`)
        ? line.split(':').with(index, value).join(':')
        : line,
    )
    .join('\n');
}

export interface Started {
  port: number;
  stop: () => void;
}

/** What differs from a server of a workstation. */
interface SshdOptions {
  /** More lines of its configuration. */
  config?: readonly string[];
  /** The login shell of this user, if this is root: a board has no bash. */
  shell?: string;
}

/** OpenSSH's server, as this very user. */
export async function startSshd(
  folder: string,
  hostKey: string,
  authorized: readonly string[],
  { config = [], shell }: SshdOptions = {},
): Promise<Started> {
  writeFileSync(join(folder, 'authorized_keys'), `${authorized.join('\n')}\n`);
  const port = await freePort();
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'MaxStartups 200',
      'Subsystem sftp internal-sftp',
      'LogLevel VERBOSE',
      ...config,
      '',
    ].join('\n'),
  );
  const log = join(folder, 'sshd.log');
  const daemon = [
    await uninstalledProgram('openssh-server', 'usr/sbin/sshd'),
    '-D',
    '-f',
    join(folder, 'sshd_config'),
    '-E',
    log,
  ];
  // A daemon of root's wants a user and a folder of its own (sshd.c: _PATH_PRIVSEP_CHROOT_DIR),
  // which where it is no service nobody has made: they are there for it alone.
  const passwd = withField(readFileSync('/etc/passwd', 'utf8'), 6, shell);
  writeFileSync(
    join(folder, 'passwd'),
    /^sshd:/m.test(passwd) ? passwd : `${passwd}sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n`,
  );
  const script =
    'mount --make-rprivate / && mount -t tmpfs -o mode=755 run /run && mkdir -m 755 ' +
    '/run/sshd && mount --bind "$1" /etc/passwd && shift && exec "$@"';
  const [program = '', ...words] =
    process.getuid?.() === 0
      ? ['unshare', '-m', 'sh', '-c', script, 'sh', join(folder, 'passwd'), ...daemon]
      : daemon;
  const server = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH } });
  let complaint = '';
  server.stderr.on('data', (chunk: Buffer) => void (complaint += chunk.toString('utf8')));
  const stop = (): void => void server.kill();
  await greeted(port, server, () =>
    existsSync(log) ? readFileSync(log, 'utf8') : `${program} did not start: ${complaint}`,
  ).catch((error: Error) => {
    stop();
    throw error;
  });
  return { port, stop };
}

/**
 * dropbear as a board has it. It looks for keys in the home that /etc/passwd names, so it gets one
 * of its own in a mount namespace; that needs root.
 */
export async function startDropbear(
  folder: string,
  authorized: readonly string[],
): Promise<Started & { hostKey: string }> {
  const home = join(folder, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  chmodSync(home, 0o755);
  writeFileSync(join(home, '.ssh/authorized_keys'), `${authorized.join('\n')}\n`, { mode: 0o600 });
  const passwd = withField(readFileSync('/etc/passwd', 'utf8'), 5, home);
  writeFileSync(join(folder, 'passwd'), withField(passwd, 6, '/bin/sh'));
  const key = join(folder, 'dropbear_ed25519_host_key');
  const said = execFileSync('dropbearkey', ['-t', 'ed25519', '-f', key], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH },
  });
  const port = await freePort();
  let log = '';
  const script = 'mount --make-rprivate / && mount --bind "$1" /etc/passwd && shift && exec "$@"';
  const server = spawn(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      script,
      'sh',
      join(folder, 'passwd'),
      installed('dropbear')!,
      '-F',
      '-E',
      '-s',
      '-p',
      `127.0.0.1:${port}`,
      '-r',
      key,
      '-P',
      join(folder, 'dropbear.pid'),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH } },
  );
  server.stderr.on('data', (chunk: Buffer) => void (log += chunk.toString('utf8')));
  await greeted(port, server, () => log).catch((error: Error) => {
    server.kill();
    throw error;
  });
  return { port, stop: () => void server.kill(), hostKey: /^ssh-ed25519 \S+/m.exec(said)![0] };
}
