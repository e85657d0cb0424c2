/**
 * Asks boards with real dropbear over the user's own ssh: one healthy, one degraded, one that is
 * missing. Also tests a key that is for reports only.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Machine } from '../../scripts/emulator/machine.js';
import { buildAgent } from '../../scripts/agent/agent.js';
import { buildNative } from '../../scripts/agent/native.js';
import { makePackages } from '../../scripts/package/build-packages.js';
import type { Answer } from '../../src/remote/judge.js';
import { putOnBench } from '../harness/board.js';
import { freePort, makeKey } from '../tools/servers.js';

const folder = mkdtempSync(join(tmpdir(), 'mountroot-ssh-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => join(folder, name);
const cli = await buildAgent(['host', 'arm']);

const KEYS = { admin: makeKey(file('admin')), diagnostics: makeKey(file('diagnostics')) };

/**
 * The client's own configuration, as its user writes it: the names of the boards, and the host keys
 * to trust.
 */
function writeConfig(ports: Record<string, number>): string {
  const hosts = Object.entries(ports).flatMap(([name, port]) =>
    [[name, 'admin'] as const, [`${name}-reports`, 'diagnostics'] as const].map(
      ([alias, key]) =>
        `Host ${alias}\n  HostName 127.0.0.1\n  HostKeyAlias ${name}\n  Port ${port}\n  User ` +
        `root\n  IdentityFile ${file(key)}\n`,
    ),
  );
  writeFileSync(
    file('config'),
    `${hosts.join('')}Host *\n  IdentitiesOnly yes\n  UserKnownHostsFile ` +
      `${file('known_hosts')}\n  StrictHostKeyChecking accept-new\n  LogLevel ERROR\n`,
  );
  return file('config');
}

const agent = (...args: string[]): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    timeout: 180_000,
  });
  return { status, stdout, stderr };
};
const ssh = (
  host: string,
  ...command: string[]
): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = spawnSync(
    'ssh',
    ['-F', file('config'), '-oBatchMode=yes', host, ...command],
    { encoding: 'utf8', timeout: 120_000 },
  );
  return { status, stdout, stderr };
};

/** Allows both keys, as a person does on the board's console. */
async function admit(machine: Machine): Promise<void> {
  writeFileSync(
    file('authorized_keys'),
    `${KEYS.admin}\ncommand="mountroot ssh-shell",restrict ${KEYS.diagnostics}\n`,
  );
  await machine.output(
    'mkdir -p -m 700 /root/.ssh && cat >/root/.ssh/authorized_keys ' +
      `<<'KEYS'\n${readFileSync(file('authorized_keys'), 'utf8')}KEYS`,
  );
  // It runs within seconds after init, but makes its host key first.
  await machine.output('while ! [ -s /run/dropbear.pid ]; do sleep 1; done; sync');
}

t.test(
  'one workstation reads the root of every board, and sees which one does not answer',
  { timeout: 600_000 },
  async (t) => {
    const ports = { sound: await freePort(), worse: await freePort(), gone: await freePort() };
    const config = writeConfig(ports);
    const [one, other] = [await putOnBench(t), await putOnBench(t)];
    // This machine supplies entropy and time here, because two boards with the same seed would have
    // the same host key.
    const real = { icount: false, timeLimitMs: 600_000 };
    const sound = await one.bootToInit({ ...real, ssh: ports.sound });
    await admit(sound);
    const worse = await other.bootToInit(
      { ...real, ssh: ports.worse, append: 'mountroot.volume=nosuch' },
      /init: done, status 3/,
    );
    await admit(worse);

    const table = agent('remote', '-F', config, 'sound', 'worse', 'gone', '--', 'status');
    t.equal(table.status, 6, table.stdout + table.stderr);
    t.match(table.stdout, /^sound +persistent/m);
    t.match(table.stdout, /^worse +volatile +no-volume/m);
    t.match(table.stdout, /^gone +unreachable/m);
    t.match(table.stdout, /2 of 3 answered; unreachable: gone; degraded: worse/);

    const lines = agent('remote', '-F', config, '--ndjson', 'sound', 'worse', '--', 'status')
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
    t.same(lines.map(({ host, status }) => [host, status]).sort(), [
      ['sound', 'well'],
      ['worse', 'degraded'],
    ]);

    await t.test(
      'the key for reports gets reports, and nothing else, whatever it asks for',
      async (t) => {
        t.match(JSON.parse(ssh('sound-reports', 'mountroot', 'status', '--json').stdout), {
          persistent: true,
        });
        const attempts = [
          'sh',
          'cat /etc/passwd',
          'mountroot status; touch /tmp/pwned',
          'mountroot status && reboot',
          'mountroot status $(touch /tmp/pwned)',
          'mountroot status `touch /tmp/pwned`',
          'mountroot status\ntouch /tmp/pwned',
          'mountroot reset -y',
          'mountroot status -o /etc/passwd',
          "mountroot 'status' | tee /tmp/pwned",
          'mountroot plan start --facts /etc/passwd',
          'scp -t /tmp',
        ];
        for (const attempt of attempts) {
          const { status, stdout } = ssh('sound-reports', attempt);
          t.equal(status, 5, attempt);
          t.equal(stdout, '', attempt);
        }
        t.equal((await sound.run('ls /tmp/pwned')).status, 1);
        const through = spawnSync(
          'ssh',
          [
            '-F',
            config,
            '-oBatchMode=yes',
            '-N',
            '-oExitOnForwardFailure=yes',
            '-L',
            `${await freePort()}:127.0.0.1:22`,
            '-W',
            '127.0.0.1:22',
            'sound-reports',
          ],
          { timeout: 60_000, encoding: 'utf8' },
        );
        t.type(
          through.status,
          'number',
          'the board refuses a way through it, and does not leave one waiting',
        );
        t.not(through.status, 0, 'nor a way through the board');
        t.match(through.stderr, /forwarding|open failed|prohibited/i);
      },
    );

    await t.test(
      'nobody gets in with a password, or with a key that the board does not know',
      async (t) => {
        makeKey(file('stranger'));
        for (const [way, words] of Object.entries({
          'a password': [
            '-oPubkeyAuthentication=no',
            '-oPreferredAuthentications=password,keyboard-interactive',
            '-oNumberOfPasswordPrompts=1',
          ],
          'another key': ['-i', file('stranger'), '-oPreferredAuthentications=publickey'],
        })) {
          // Without BatchMode, ssh would send a password: an empty one, like that of the board's
          // root.
          const { status, stdout, stderr } = spawnSync(
            'ssh',
            [
              '-F',
              '/dev/null',
              ...words,
              '-oIdentitiesOnly=yes',
              '-oStrictHostKeyChecking=no',
              '-oUserKnownHostsFile=/dev/null',
              '-oLogLevel=ERROR',
              '-p',
              String(ports.sound),
              'root@127.0.0.1',
              'echo in',
            ],
            {
              encoding: 'utf8',
              timeout: 120_000,
              env: {
                ...process.env,
                SSH_ASKPASS: '/bin/true',
                SSH_ASKPASS_REQUIRE: 'force',
                SSH_AUTH_SOCK: '',
              },
            },
          );
          t.equal(status, 255, way);
          t.equal(stdout, '', way);
          t.match(
            stderr,
            /Permission denied \(publickey\)/,
            `${way}: keys are all that the board takes`,
          );
        }
      },
    );

    await t.test('a bundle is enough to plan and explain on another machine', async (t) => {
      const { status, stderr } = agent(
        'remote',
        '-F',
        config,
        'sound-reports',
        '--bundle',
        '-o',
        file('bug.tar.gz'),
      );
      t.equal(status, 0, stderr);
      t.match(
        execFileSync('tar', ['-tzf', file('bug.tar.gz')], { encoding: 'utf8' }),
        /facts\.json/,
      );
      t.match(agent('plan', 'start', '--facts', file('bug.tar.gz')).stdout, /rootfs_data/);
      t.match(agent('explain', '--facts', file('bug.tar.gz')).stdout, /\/etc\/preinit/);
    });

    await t.test('a board that loses power during its answer counts as silent', async (t) => {
      const asking = spawn(
        process.execPath,
        [cli, 'remote', '-F', config, '--timeout', '20', 'worse', 'sound', '--', 'status'],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      );
      let said = '';
      asking.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      const ended = new Promise<number | null>((resolve) => asking.on('close', resolve));
      setTimeout(() => void worse.kill(), 700);
      t.equal(await ended, 6, said);
      t.match(said, /^worse +unreachable/m);
      t.match(said, /^sound +persistent/m);
    });

    await t.test(
      'the package is installed on the running board, and is what runs from then on',
      async (t) => {
        const [, archive = ''] = await makePackages({
          bundle: cli,
          natives: { arm: await buildNative('arm') },
          to: file('packages'),
          epoch: 1_790_000_000,
        });
        const list = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' });
        t.match(list, /usr\/lib\/mountroot\/mountroot\.cjs/);
        const { status, stderr } = spawnSync(
          'ssh',
          ['-F', config, '-oBatchMode=yes', 'sound', 'cd / && tar -xzf - && sync'],
          { input: readFileSync(archive), encoding: 'utf8', timeout: 120_000 },
        );
        t.equal(status, 0, stderr);
        t.match(
          await sound.output('mountroot diff /usr/lib/mountroot'),
          /^(?:added|changed|metadata|same) .*usr\/lib\/mountroot\/mountroot\.cjs/m,
        );
        t.match(await sound.output('mountroot doctor'), /checks are fine/);
      },
    );

    await t.test(
      'a heap of another agent is not used, and the board can write a new one',
      async (t) => {
        const lastDone = async (): Promise<string> =>
          sound.output(
            `mountroot done && grep '"type":"begin".*"verb":"done"' ` +
              '/tmp/mountroot/journal.ndjson | tail -n 1',
          );
        // Only a build is another agent: the archive's files have the same content and other dates.
        t.match(await lastDone(), /"heap":true/);
        const files = '/usr/lib/mountroot/mountroot.cjs /usr/lib/mountroot/mountroot-cli.cjs';
        await sound.output(`sed -i '2s|^//build |//build other-|' ${files}`);
        t.notMatch(await lastDone(), /"heap":true/);
        t.match(await lastDone(), /"heapRefused":true/);
        t.match(await sound.output('mountroot status'), /refused .*keep-heap/s);
        t.match(await sound.output('dmesg'), /reports\.heap was refused: .* ms longer until/);
        const mixed = await sound.run('/usr/lib/mountroot/keep-heap', 300_000);
        t.match(mixed.output, /heap\.js and mountroot\.cjs are of two agents/);
        t.not(mixed.status, 0);
        await sound.output(`sed -i '2s|^//build other-|//build |' ${files}`);
        const { status, output } = await sound.run('/usr/lib/mountroot/keep-heap', 300_000);
        t.equal(status, 0, output);
        t.match(await lastDone(), /"heap":true/);
      },
    );

    await t.test('the host key is the same after a reboot', async (t) => {
      await sound.powerOff();
      const again = await one.bootToInit({ ...real, ssh: ports.sound });
      await again.output('while ! [ -s /run/dropbear.pid ]; do sleep 1; done');
      writeFileSync(config, readFileSync(config, 'utf8').replace('accept-new', 'yes'));
      t.equal(ssh('sound', 'true').status, 0);
      t.match(agent('remote', '-F', config, 'sound').stdout, /^sound +persistent/m);
      await again.powerOff();
    });
  },
);
