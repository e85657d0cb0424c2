/** Some boards behind one real sshd: their names are in an ssh configuration of this test's own. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../scripts/agent/bundle.js';
import { checkout } from '../../scripts/lib/report.js';
import { cutter, freePort, makeKey, startSshd, trickle } from './servers.js';

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

export interface Lab {
  folder: string;
  agent: string;
  config: string;
  /** The user's side, with the lab's ssh configuration. `bytes`: stdout as it came. */
  remote: (words: string[], input?: string) => Promise<Result & { bytes: Buffer }>;
  /** ssh itself, with any string as the command. */
  ssh: (
    host: string,
    command: string[],
  ) => { status: number | null; stdout: string; stderr: string };
  stop: () => void;
}

/** For a path in authorized_keys and in sh. */
const word = (text: string): string => `'${text}'`;

export async function makeLab(name: string): Promise<Lab> {
  const folder = join(checkout, 'build', 'test', `${name}-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
  const path = (file: string): string => join(folder, file);
  const run = `${word(process.execPath)} ${word(agent)}`;
  // Whoever has no Node.js in the PATH that sshd gives, has it here.
  writeFileSync(path('mountroot'), `#!/bin/sh\nexec ${run} "$@"\n`, { mode: 0o755 });
  writeFileSync(path('not-a-program'), 'x', { mode: 0o644 });
  writeFileSync(path('chatty'), '#!/bin/sh\necho Welcome to this board.\n', { mode: 0o755 });
  const host = makeKey(path('host_key'));
  const other = makeKey(path('other_host_key'));
  const keys = {
    diagnostics: makeKey(path('diagnostics')),
    slow: makeKey(path('slow')),
    drop: makeKey(path('drop')),
    plain: makeKey(path('plain')),
    volatile: makeKey(path('volatile')),
    stranger: makeKey(path('stranger')),
  };
  const volatile = JSON.stringify({
    schema: 'mountroot.status/1',
    persistent: false,
    degraded: true,
    summary:
      'an overlay, its changes on tmpfs overlayfs:/tmp/root; what is changed on it is lost ' +
      'at power-off',
    rung: {
      rung: 'volatile',
      reason: 'no-volume',
      because: 'no partition is called rootfs_data; there are u-boot, kernel and rootfs',
    },
    todo:
      'compare the names in /proc/mtd with `mountroot.volume=` or `fstools_overlay_name=` on ' +
      'the command line; correct the one that is wrong',
  });
  const healthy = JSON.stringify({
    schema: 'mountroot.status/1',
    persistent: true,
    degraded: false,
    summary: 'an overlay, its changes on jffs2 overlayfs:/overlay; what is changed on it is kept',
    rung: { rung: 'persistent', reason: null, because: null },
    todo: null,
  });
  writeFileSync(path('volatile.json'), `${volatile}\n`);
  writeFileSync(path('healthy.json'), `${healthy}\n`);
  const healthyKey = makeKey(path('healthy'));
  const server = await startSshd(folder, path('host_key'), [
    `command="${run} ssh-shell",restrict ${keys.diagnostics}`,
    `command="sleep 600",restrict ${keys.slow}`,
    `command="while sleep .05; do printf '%01000d' 0; done",restrict ${keys.drop}`,
    `command="cat ${word(path('volatile.json'))}",restrict ${keys.volatile}`,
    `command="cat ${word(path('healthy.json'))}",restrict ${healthyKey}`,
    keys.plain,
  ]);
  const stops = [server.stop];
  const dying = await cutter(server.port, 9000, (close) => stops.push(close));
  const early = await cutter(server.port, 300, (close) => stops.push(close));
  const thin = await trickle(server.port, 2000, (close) => stops.push(close));
  const closed = await freePort();
  writeFileSync(path('known_hosts'), `board ${host}\nchanged ${other}\n`);
  const alias = (names: string, lines: string[]): string =>
    `Host ${names}\n${lines.map((line) => `  ${line}\n`).join('')}`;
  writeFileSync(
    path('config'),
    [
      alias('shelf* changed unknown closed early thin nowhere', [
        `IdentityFile ${path('diagnostics')}`,
      ]),
      alias('changed', ['HostKeyAlias changed']),
      alias('unknown', ['HostKeyAlias unknown']),
      alias('stranger', [`IdentityFile ${path('stranger')}`]),
      alias('slow', [`IdentityFile ${path('slow')}`]),
      alias('volatile', [`IdentityFile ${path('volatile')}`]),
      alias('healthy*', [`IdentityFile ${path('healthy')}`]),
      alias('plain', [`IdentityFile ${path('plain')}`]),
      alias('closed', [`Port ${closed}`]),
      alias('dying', [`Port ${dying}`, `IdentityFile ${path('drop')}`]),
      alias('early', [`Port ${early}`]),
      alias('thin', [`Port ${thin}`]),
      alias('nowhere', ['HostName nowhere.invalid']),
      alias('*', [
        'HostName 127.0.0.1',
        `Port ${server.port}`,
        `User ${userInfo().username}`,
        'HostKeyAlias board',
        'IdentitiesOnly yes',
        'IdentityAgent none',
        `UserKnownHostsFile ${path('known_hosts')}`,
        'GlobalKnownHostsFile /dev/null',
        'StrictHostKeyChecking yes',
      ]),
    ].join('\n'),
  );
  const config = path('config');
  // The test runner hooks itself into every Node it starts.
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  return {
    folder,
    agent,
    config,
    remote: (words, input = '') =>
      new Promise((resolve, reject) => {
        const began = performance.now();
        const child = spawn(process.execPath, [agent, 'remote', '-F', config, ...words], {
          env,
          cwd: folder,
        });
        const [out, err]: [Buffer[], Buffer[]] = [[], []];
        child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
        child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
        child.on('error', reject);
        child.on('close', (status) => {
          const bytes = Buffer.concat(out);
          resolve({
            status,
            stdout: bytes.toString('utf8'),
            stderr: Buffer.concat(err).toString('utf8'),
            bytes,
            seconds: (performance.now() - began) / 1000,
          });
        });
        child.stdin.end(input);
      }),
    ssh: (host, command) =>
      spawnSync('ssh', ['-F', config, '-oBatchMode=yes', host, ...command], {
        encoding: 'utf8',
        env,
        timeout: 120_000,
      }),
    stop: () => {
      for (const stop of stops) stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
