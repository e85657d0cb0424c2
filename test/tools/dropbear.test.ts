/** Against the SSH server that a small board has. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import { checkout } from '../../scripts/lib/report.js';
import { readBundle } from '../../src/bundle/read-bundle.js';
import { lacking, makeKey, startDropbear } from './servers.js';

const skip =
  process.getuid?.() === 0
    ? lacking('dropbear', 'dropbearkey', 'ssh', 'ssh-keygen', 'unshare')
    : 'needs root, for dropbear looks for keys in the home that /etc/passwd names';
if (skip) {
  t.pass(`not run: ${skip}`, { skip });
  process.exit(0);
}

const folder = join(checkout, 'build', 'test', `dropbear-${process.pid}`);
mkdirSync(folder, { recursive: true, mode: 0o700 });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
const forced = `'${process.execPath}' '${agent}' ssh-shell`;
const keys = ['restricted', 'listed', 'other'].map(
  (name) => [name, makeKey(join(folder, name))] as const,
);
const [restricted, listed] = keys.map(([, key]) => key);
const board = await startDropbear(folder, [
  `command="${forced}",restrict ${restricted}`,
  `no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-pty,command="${forced}" ${listed}`,
]);
t.teardown(board.stop);
writeFileSync(join(folder, 'known_hosts'), `board ${board.hostKey}\n`);
writeFileSync(
  join(folder, 'config'),
  [
    ...keys.map(([name]) => `Host ${name}\n  IdentityFile ${join(folder, name)}\n`),
    `Host *\n  HostName 127.0.0.1\n  Port ${board.port}\n  User ${userInfo().username}\n  ` +
      'HostKeyAlias board\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile ' +
      `${join(folder, 'known_hosts')}\n  GlobalKnownHostsFile /dev/null\n  ` +
      'StrictHostKeyChecking yes\n',
  ].join(''),
);
// The test runner hooks itself into every Node it starts.
const run = (program: string, words: string[]) =>
  spawnSync(program, words, {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    timeout: 20_000,
    maxBuffer: 64 << 20,
  });
const remote = (words: string[]) =>
  run(process.execPath, [agent, 'remote', '-F', join(folder, 'config'), ...words]);

t.test("both forms of a key's line give reports, and another key gives nothing", async (t) => {
  const { status, stdout } = remote(['restricted', 'listed', 'other', '--ndjson', '--', 'facts']);
  const told = Object.fromEntries(
    stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { host: string })
      .map((line) => [line.host, line]),
  );
  for (const host of ['restricted', 'listed'])
    t.match(told[host], { status: 'well', exit: 0, output: { schema: 'mountroot.facts/2' } });
  t.match(told['other'], { status: 'unreachable', cause: 'permission denied' });
  t.equal(status, 6);
});

t.test('what is more than a report is refused', async (t) => {
  const ssh = (host: string, command: string) =>
    run('ssh', ['-F', join(folder, 'config'), '-oBatchMode=yes', host, command]);
  for (const command of [
    'id',
    'status; id',
    'status $(id)',
    "'mountroot' 'reset' '--yes'",
    'scp -t /tmp',
    'status\nid',
  ]) {
    const { status, stdout, stderr } = ssh('restricted', command);
    t.equal(status, 5, command);
    t.equal(stdout.toString(), '');
    t.match(stderr.toString(), /^mountroot: refused, for this key asks for reports only: /);
  }
  t.match(ssh('listed', '').stdout.toString(), /^This key asks for reports/);
});

t.test('a bundle comes whole', async (t) => {
  const { status, stdout, stderr } = remote(['restricted', '--bundle', '-o', '-']);
  t.equal(status, 0, stderr.toString());
  t.ok(readBundle(stdout, 'it').files.has('facts.json'));
});
