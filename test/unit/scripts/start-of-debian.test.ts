/** The scripts of the package that run before the agent: in an initramfs, and before systemd. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const FOLDER = new URL('../../../scripts/package/debian/', import.meta.url).pathname;
const PREINIT = '/usr/lib/mountroot/preinit';

/** A script with other paths, so that it reads and writes below a folder. */
function script(name: string, folder: string, paths: readonly string[]): string {
  const text = paths.reduce(
    (all, path) => all.replaceAll(path, join(folder, path)),
    readFileSync(join(FOLDER, name), 'utf8'),
  );
  const file = join(folder, name.replaceAll('/', '-'));
  writeFileSync(file, text);
  return file;
}

/** A root that is about to start. */
function rootIn(folder: string, enabled: string | null): string {
  const root = join(folder, 'sysroot');
  for (const name of ['etc', 'boot', 'usr/lib/mountroot'])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['preinit', 'preinit-ram'])
    writeFileSync(join(root, 'usr/lib/mountroot', name), '', { mode: 0o755 });
  if (enabled !== null) writeFileSync(join(root, 'etc/mountroot.enabled'), enabled);
  return root;
}

interface Start {
  enabled?: string | null;
  words?: string;
  init?: string;
  off?: boolean;
  fstab?: string;
  /** Files of boot partitions, which are folders here, by the names of their devices. */
  partitions?: Record<string, string[]>;
}

/** Stands in for programs that need a block device and root. */
const STAND_INS = {
  mount: '[ -d "$5" ] && cp -r "$5/." "$6"',
  umount: 'rm -rf "$1"',
  modprobe: 'exit 1',
};

function makePartitions(folder: string, partitions: Record<string, string[]>): void {
  mkdirSync(join(folder, 'bin'));
  for (const [name, body] of Object.entries(STAND_INS))
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  for (const [name, files] of Object.entries(partitions)) {
    mkdirSync(join(folder, 'dev/disk', name), { recursive: true });
    for (const file of files) writeFileSync(join(folder, 'dev/disk', name, file), '');
  }
}

function chosen(
  folder: string,
  {
    enabled = 'persistent\n',
    words = 'root=/dev/vda ro',
    init = '',
    off = false,
    fstab,
    partitions = {},
  }: Start,
): string {
  const root = rootIn(folder, enabled);
  mkdirSync(join(folder, 'proc'), { recursive: true });
  writeFileSync(join(folder, 'proc/cmdline'), `${words}\n`);
  if (off) writeFileSync(join(root, 'boot/mountroot-off'), '');
  if (fstab !== undefined)
    writeFileSync(join(root, 'etc/fstab'), fstab.replaceAll('/dev/disk', `${folder}/dev/disk`));
  makePartitions(folder, partitions);
  const file = script('init-bottom', folder, ['/proc/cmdline', '/run/mountroot-boot', '/dev/disk']);
  writeFileSync(file, readFileSync(file, 'utf8').replace('[ -b ', '[ -e '));
  const { stdout, stderr } = spawnSync('sh', [file, 'print'], {
    encoding: 'utf8',
    env: { PATH: `${folder}/bin:${process.env['PATH']}`, rootmnt: root, init },
  });
  return `${stdout}${stderr}`.trim();
}

const STARTS: [string, Start, string][] = [
  ['persistent', {}, PREINIT],
  ['volatile', { enabled: 'volatile\n' }, `${PREINIT}-ram`],
  ['not enabled', { enabled: null }, ''],
  ['a file with something else', { enabled: '$(reboot)\n' }, ''],
  ['an empty file', { enabled: '' }, ''],
  ['mountroot=off', { words: 'quiet mountroot=off ro' }, ''],
  ['a word that only looks like it', { words: 'mountroot=offline ro' }, PREINIT],
  ['a word with a pattern', { words: '/* ro' }, PREINIT],
  ['the file on the boot partition', { off: true }, ''],
  ...['PARTUUID=abcd-01', 'PARTUUID="abcd-01"', '/dev/disk/by-partuuid/abcd-01'].map(
    (name): [string, Start, string] => [
      `the file on a partition of its own, ${name}`,
      {
        fstab: `proc /proc proc defaults 0 0\n${name}  /boot/firmware  vfat  defaults  0  2\n`,
        partitions: { 'by-partuuid/abcd-01': ['mountroot-off'] },
      },
      '',
    ],
  ),
  [
    'a boot partition without the file',
    { fstab: 'LABEL=BOOT /boot ext4 ro', partitions: { 'by-label/BOOT': ['cmdline.txt'] } },
    PREINIT,
  ],
  [
    'a boot partition of a file system that may wait for a network',
    { fstab: 'LABEL=BOOT /boot nfs ro', partitions: { 'by-label/BOOT': ['mountroot-off'] } },
    PREINIT,
  ],
  ['a boot partition that is not there', { fstab: 'UUID=1-2 /boot vfat ro 0 2\n' }, PREINIT],
  ['init=/sbin/init', { init: '/sbin/init' }, PREINIT],
  ['another init=', { init: '/bin/bash' }, ''],
];
for (const [title, start, program] of STARTS)
  t.test(`the init of the next root: ${title}`, async (t) => {
    t.equal(chosen(t.testdir(), start), program);
  });

/** Sources the hook as dracut does. Returns what it left. */
function hooked(folder: string, how: { systemd: boolean; reload?: number; enabled?: string }) {
  mkdirSync(join(folder, 'bin'));
  writeFileSync(
    join(folder, 'bin/systemctl'),
    `#!/bin/sh\necho "$*" >>${folder}/calls\nexit ${how.reload ?? 0}\n`,
    { mode: 0o755 },
  );
  mkdirSync(join(folder, 'usr/lib/mountroot'), { recursive: true });
  writeFileSync(
    join(folder, 'usr/lib/mountroot/init-bottom'),
    readFileSync(join(FOLDER, 'init-bottom')),
  );
  const root = rootIn(folder, how.enabled ?? 'persistent\n');
  const file = script('dracut/mountroot.sh', folder, [
    '/etc/systemd',
    '/etc/cmdline.d',
    '/usr/lib/mountroot',
  ]);
  const { status, stderr, stdout } = spawnSync(
    'sh',
    ['-c', `getarg() { return 1; }\nCMDLINE=old\n. ${file}\necho "on:$CMDLINE"`],
    {
      encoding: 'utf8',
      env: {
        PATH: `${folder}/bin:${process.env['PATH']}`,
        NEWROOT: root,
        ...(how.systemd && { DRACUT_SYSTEMD: '1' }),
      },
    },
  );
  const read = (name: string): string | null =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : null;
  return {
    status,
    said: `${stdout}${stderr}`,
    root,
    unit: read('etc/systemd/system/initrd-switch-root.service.d/mountroot.conf'),
    words: read('etc/cmdline.d/mountroot.conf'),
    calls: read('calls'),
  };
}

t.test('with systemd in the initramfs, systemd starts the root with our preinit', async (t) => {
  const folder = t.testdir();
  const { status, said, root, unit, words, calls } = hooked(folder, { systemd: true });
  t.match({ status, said, words }, { status: 0, said: 'on:old\n', words: null });
  t.equal(
    unit,
    '[Service]\nExecStart=\n' +
      `ExecStart=${folder}/bin/systemctl --no-block switch-root ${root} ${PREINIT}\n`.replace(
        PREINIT,
        join(PREINIT),
      ),
  );
  t.equal(calls, 'daemon-reload\n');
});

t.test('a systemd that does not take it starts the root as without mountroot', async (t) => {
  const { status, unit } = hooked(t.testdir(), { systemd: true, reload: 1 });
  t.match({ status, unit }, { status: 0, unit: null });
});

t.test("without systemd, dracut's own init is told", async (t) => {
  const { said, unit, words } = hooked(t.testdir(), { systemd: false });
  t.match({ said, unit, words }, { said: 'on:\n', unit: null, words: `init=${PREINIT}\n` });
});

t.test('where mountroot is not enabled, dracut goes on as without it', async (t) => {
  for (const systemd of [true, false]) {
    const left = hooked(t.testdir(), { systemd, enabled: 'off\n' });
    t.match(left, { status: 0, said: 'on:old\n', unit: null, words: null, calls: null });
  }
});

t.test('/overlay stays until the end of the shutdown, where it is ours', async (t) => {
  const drop = 'out/overlay.mount.d/mountroot.conf';
  const generated = (mounts: string): string | null => {
    const folder = t.testdir({ proc: { self: { mounts } } });
    const file = script('generator', folder, ['/proc/self/mounts']);
    t.equal(spawnSync('sh', [file, join(folder, 'out')]).status, 0);
    return existsSync(join(folder, drop)) ? readFileSync(join(folder, drop), 'utf8') : null;
  };
  t.equal(
    generated('/dev/vdb /overlay ext4 rw 0 0\noverlayfs:/overlay / overlay rw 0 0\n'),
    '[Unit]\nDefaultDependencies=no\n',
  );
  t.equal(generated('/dev/vda / ext4 rw 0 0\n/dev/vdb /overlay ext4 rw 0 0\n'), null);
  t.equal(generated('overlay / overlay rw 0 0\n'), null);
});
