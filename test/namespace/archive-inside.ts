/**
 * Runs in the small board that enter.sh makes. It changes an overlay root, exports it, imports it
 * elsewhere and mounts it there. It also imports it into the board itself, and the next start
 * carries that out. Prints the results. Everything is below /var, because /usr and similar folders
 * are this machine's own.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { runVerb } from '../../src/boot/verb.js';
import { openJournal } from '../../src/execute/journal.js';
import type { Verb } from '../../src/plan/plan.js';
import { system } from '../../src/system/ffi.js';
import { reader } from '../../src/system/files.js';

const { device, boot } = JSON.parse(process.argv[2]!) as { device: string; boot: 1 | 2 };

const log: string[] = [];
const said: Record<string, unknown> = { log };
const sh = (script: string): string =>
  execFileSync('/bin/sh', ['-ec', script], { encoding: 'utf8' });

/**
 * This does the rest of main.ts. A lock lasts until its process ends, and here all verbs share one
 * process.
 */
const verb = (name: Verb): Promise<number> =>
  runVerb({
    verb: name,
    reader,
    openSystem: async () => ({ ...system, lock: () => true }),
    process: { platform: process.platform, arch: process.arch, uid: 0, env: { PREINIT: '1' } },
    log: {
      error: (text) => void log.push(text),
      warn: (text) => void log.push(text),
      info: () => {},
      debug: () => {},
    },
    clock: () => performance.now(),
    force: false,
    openJournal,
  });

/** Runs the agent in its own process, as a user does. */
function agent(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`/opt/mountroot.cjs`, ...words], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** The parts that a user sees. */
const view = (top: string): string =>
  sh(
    `cd ${top}var/image && find . -type d -printf '%p %y %m %U:%G\\n' -o -printf '%p %y %m ` +
      `%U:%G %T@ %s %n %l\\n' | sort; find . -type f -exec cat {} + | sort`,
  );

async function first(): Promise<void> {
  sh(`umask 022; cd /var/image
    mkdir mine; echo new >mine/file; ln mine/file mine/link; ln -s ../x mine/symlink
    chown 12:34 mine/file; chmod 4750 mine/file; mkfifo mine/fifo
    touch -d '1999-12-31 23:59:59.123456789' mine/file
    rm gone; echo more >>kept; rm -r replaced; mkdir replaced; echo mine >replaced/mine
    rm -r removed; touch .hidden; chmod 711 .`);
  const seen = view('/');
  said['seen'] = seen.split('\n').length;

  said['into itself'] = agent('export', '-o', '/var/layer.tar').stderr;
  said['export'] = agent('export', '-z', '-o', '/tmp/layer.tar.gz').status;
  said['marks'] = sh('tar -tzf /tmp/layer.tar.gz | grep .wh. | sort').trim().split('\n');

  sh(
    'mkdir /tmp/other; mount -t tmpfs -o size=20m other /tmp/other; mkdir /tmp/other/work ' +
      '/tmp/other/root',
  );
  said['elsewhere'] = agent('import', '/tmp/layer.tar.gz', '--upper', '/tmp/other/upper').status;
  sh(
    'mount -t overlay -o lowerdir=/rom,upperdir=/tmp/other/upper,workdir=/tmp/other/work ' +
      'other /tmp/other/root',
  );
  said['the same view'] = view('/tmp/other/root/') === seen;
  said['in use'] = agent('import', '/tmp/layer.tar.gz', '--upper', '/tmp/other/upper');
  sh('umount /tmp/other/root');

  // On the board itself, an import leaves an order.
  sh('cd /var/image; echo later >kept; rm -r mine; echo x >late');
  said['dry'] = agent('import', '--dry-run', '/tmp/layer.tar.gz').status;
  said['cancelled nothing'] = agent('import', '--cancel').stderr;
  agent('import', '/tmp/layer.tar.gz');
  said['cancelled'] = agent('import', '--cancel').stderr;
  said['left'] = sh('ls -A /overlay/.mountroot | grep -E "import|upper" || true');
  said['ordered'] = agent('import', '/tmp/layer.tar.gz', '--upper', '/overlay/upper');
  said['status'] = /^pending .*an import/m.test(agent('status').stdout);
  said['not yet'] = sh('cat /var/image/kept');
  sh(`cat >/overlay/seen <<'END'\n${seen}END\n`);
}

async function second(): Promise<void> {
  said['imported'] = view('/') === sh('cat /overlay/seen');
  said['former'] = sh('cat /overlay/.mountroot/former-upper/var/image/kept');
  said['done'] = await verb('done');
  said['after done'] = sh('ls -A /overlay/.mountroot | grep -E "import|upper" || true');
  said['writable'] = sh(
    'echo z >/var/image/z; mv /var/image/replaced /var/image/again 2>&1; rm -r ' +
      '/var/image/mine; ls /var/image',
  );
}

async function main(): Promise<void> {
  // The files of the image. Its settings name the loop device instead of the data partition.
  sh(`umask 022; mount -o remount,rw /
    mkdir -p /etc /var/image/replaced /var/image/removed; cd /var/image
    for file in kept gone replaced/theirs removed/theirs; do
      echo image >$file; touch -d '2020-01-01' $file
    done
    echo '{"volume":"${device}"}' >/etc/mountroot.json; mount -o remount,ro /`);
  said['start'] = await verb('start');
  await (boot === 1 ? first() : second());
}

main().then(
  () => void process.stdout.write(`${JSON.stringify(said)}\n`),
  (error: unknown) => {
    process.stderr.write(`${(error as Error).stack}\n${JSON.stringify(said, null, 1)}\n`);
    process.exitCode = 1;
  },
);
