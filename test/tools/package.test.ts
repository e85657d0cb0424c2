/**
 * The packages: what is in them, with which modes, and that the same sources give the same bytes.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { NATIVE_PARTS } from '../../scripts/agent/agent.js';
import { bundle, forBoard } from '../../scripts/agent/bundle.js';
import { buildNative } from '../../scripts/agent/native.js';
import { makePackages } from '../../scripts/package/build-packages.js';
import { own } from '../../scripts/lib/npm.js';
import { checkout } from '../../scripts/lib/report.js';

const has = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const folder = join(checkout, 'build', 'test', `package-${process.pid}`);
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** e_machine of elf.h. */
const AARCH64 = 183;

const EPOCH = 1_790_000_000;
const said = (program: string, words: string[]): string => {
  const { status, stdout, stderr } = spawnSync(program, words, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return stdout;
};
/** The one file of an archive that tar unpacks. */
const member = (archive: Buffer, path: string): Buffer =>
  spawnSync('tar', ['-xO', path], { input: archive, maxBuffer: 1 << 26 }).stdout;

t.test(
  'packages of the agent for the board',
  {
    skip:
      has('arm-linux-gnueabihf-gcc') && has('aarch64-linux-gnu-gcc') && has('dpkg-deb')
        ? false
        : 'the cross compiler is not installed (scripts/setup.sh full does it)',
  },
  async (t) => {
    mkdirSync(folder, { recursive: true });
    const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
    const natives = { arm: await buildNative('arm'), arm64: await buildNative('arm64') };
    const make = (name: string): Promise<string[]> =>
      makePackages({ bundle: agent, natives, to: join(folder, name), epoch: EPOCH });
    const before = process.umask(0o077);
    const first = await make('first');
    const [deb, archive, deb64] = first as [string, string, string];
    process.umask(0o002);
    const again = await make('second');
    process.umask(before);
    const files = spawnSync('dpkg-deb', ['--fsys-tarfile', deb], { maxBuffer: 1 << 26 }).stdout;

    t.test('twice the same bytes, whatever the umask is', async (t) => {
      t.equal(first.length, 6);
      for (const [index, file] of first.entries())
        t.ok(readFileSync(file).equals(readFileSync(again[index]!)), basename(file));
      t.equal(
        spawnSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(folder, 'first') })
          .status,
        0,
      );
    });

    t.test('the package says what it is and what it needs', async (t) => {
      const field = (name: string): string => said('dpkg-deb', ['--field', deb, name]).trim();
      t.equal(field('Package'), 'mountroot');
      t.equal(field('Architecture'), 'armhf');
      t.equal(field('Version'), own.version);
      t.match(
        field('Depends'),
        /^nodejs \(>= 20\.19\), libc6 \(>= 2\.\d+\), libgcc-s1, libstdc\+\+6 \(>= \d+\), mount$/,
      );
      t.match(Number(field('Installed-Size')), /^\d{3,4}$/);
      t.same(
        said('dpkg-deb', ['--ctrl-tarfile', deb]).match(
          /\.\/(?:p(?:re|ost)(?:inst|rm)|conffiles)/g,
        ),
        ['./preinst'],
        'one script, no configuration files',
      );
    });

    t.test('the package for arm64 has the same files for another processor', async (t) => {
      t.equal(said('dpkg-deb', ['--field', deb64, 'Architecture']).trim(), 'arm64');
      const paths = (file: string): string[] =>
        said('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" | tar -t', 'sh', file]).split('\n');
      t.same(
        paths(deb64),
        paths(deb).map((path) => path.replace('linux-arm/', 'linux-arm64/')),
      );
      const root = join(folder, 'root64');
      said('dpkg-deb', ['--extract', deb64, root]);
      const home = join(root, 'usr/lib/mountroot');
      for (const name of ['launch', ...NATIVE_PARTS.map((part) => `native/linux-arm64/${part}`)])
        t.equal(readFileSync(join(home, name)).readUInt16LE(18), AARCH64, name);
    });

    t.test("all is root's, and has its mode and its time", async (t) => {
      const lines = said('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" | TZ=UTC tar -tv', 'sh', deb])
        .trim()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ').split(' '));
      t.same(
        lines.filter(([, owner]) => owner !== 'root/root'),
        [],
      );
      t.same(
        lines.filter(([, , , day]) => day !== new Date(EPOCH * 1000).toISOString().slice(0, 10)),
        [],
      );
      t.same(
        lines
          .filter(([mode]) => !mode!.startsWith('d'))
          .map(([mode, , , , , ...name]) => `${mode} ${name.join(' ').replace(/^\.\//, '')}`),
        [
          '-rw-r--r-- etc/apt/apt.conf.d/90mountroot',
          '-rw-r--r-- etc/profile.d/mountroot.sh',
          '-rwxr-xr-x usr/lib/dracut/modules.d/90mountroot/module-setup.sh',
          '-rwxr-xr-x usr/lib/dracut/modules.d/90mountroot/mountroot.sh',
          '-rw-r--r-- usr/lib/mountroot/heap.js',
          '-rwxr-xr-x usr/lib/mountroot/keep-heap',
          '-rwxr-xr-x usr/lib/mountroot/launch',
          '-rwxr-xr-x usr/lib/mountroot/mountroot-boot.cjs',
          '-rwxr-xr-x usr/lib/mountroot/mountroot-cli.cjs',
          '-rwxr-xr-x usr/lib/mountroot/mountroot-layer.cjs',
          '-rwxr-xr-x usr/lib/mountroot/mountroot.cjs',
          '-rw-r--r-- usr/lib/mountroot/native/linux-arm/ffi-napi.node',
          '-rw-r--r-- usr/lib/mountroot/native/linux-arm/libmountroot-tree.so',
          '-rw-r--r-- usr/lib/mountroot/native/linux-arm/libmountroot.so',
          '-rw-r--r-- usr/lib/mountroot/native/linux-arm/ref-napi.node',
          '-rwxr-xr-x usr/lib/mountroot/preinit',
          '-rw-r--r-- usr/lib/mountroot/reports-heap.js',
          '-rw-r--r-- usr/lib/mountroot/warm-up-reports.js',
          '-rw-r--r-- usr/lib/mountroot/warm-up.js',
          '-rwxr-xr-x usr/lib/mountroot/warn-upgrade',
          '-rw-r--r-- usr/lib/systemd/system/mountroot.service',
          '-rw-r--r-- usr/lib/systemd/system/systemd-remount-fs.service.d/mountroot.conf',
          '-rwxr-xr-x usr/lib/systemd/system-generators/mountroot-generator',
          '-rw-r--r-- usr/lib/tmpfiles.d/mountroot.conf',
          '-rw-r--r-- usr/share/bash-completion/completions/mountroot',
          '-rw-r--r-- usr/share/doc/mountroot/README.gz',
          '-rw-r--r-- usr/share/doc/mountroot/bring-up.md.gz',
          '-rw-r--r-- usr/share/doc/mountroot/changelog.gz',
          '-rw-r--r-- usr/share/doc/mountroot/configuration.md.gz',
          '-rw-r--r-- usr/share/doc/mountroot/copyright',
          '-rw-r--r-- usr/share/doc/mountroot/debian.md.gz',
          '-rw-r--r-- usr/share/doc/mountroot/examples/preinit',
          '-rw-r--r-- usr/share/doc/mountroot/examples/rcS',
          '-rw-r--r-- usr/share/doc/mountroot/how-it-fails.md.gz',
          '-rw-r--r-- usr/share/doc/mountroot/kernels.md.gz',
          '-rw-r--r-- usr/share/doc/mountroot/openwrt.md.gz',
          '-rw-r--r-- usr/share/doc/mountroot/verbs.md.gz',
          '-rwxr-xr-x usr/share/initramfs-tools/hooks/mountroot',
          '-rwxr-xr-x usr/share/initramfs-tools/scripts/init-bottom/mountroot',
          '-rw-r--r-- usr/share/man/man8/mountroot.8.gz',
          '-rw-r--r-- usr/share/zsh/vendor-completions/_mountroot',
          'lrwxrwxrwx usr/bin/mountroot -> ../sbin/mountroot',
          'lrwxrwxrwx usr/lib/mountroot/preinit-ram -> preinit',
          'lrwxrwxrwx usr/lib/systemd/system/multi-user.target.wants/mountroot.service -> ' +
            '../mountroot.service',
          'lrwxrwxrwx usr/sbin/factoryreset -> mountroot',
          'lrwxrwxrwx usr/sbin/jffs2mark -> mountroot',
          'lrwxrwxrwx usr/sbin/jffs2reset -> mountroot',
          'lrwxrwxrwx usr/sbin/mount_root -> mountroot',
          'lrwxrwxrwx usr/sbin/mountroot -> ../lib/mountroot/launch',
          'lrwxrwxrwx usr/share/bash-completion/completions/mount_root -> mountroot',
          'lrwxrwxrwx usr/share/man/man8/mount_root.8.gz -> mountroot.8.gz',
        ],
      );
      t.same(
        lines.filter(([mode]) => mode!.startsWith('d') && mode !== 'drwxr-xr-x'),
        [],
      );
    });

    t.test('the archive has the same files and a note, but no directories', async (t) => {
      const names = said('tar', ['-tzf', archive]).trim().split('\n');
      t.ok(names.includes('usr/share/doc/mountroot/INSTALL'));
      t.ok(names.includes('usr/lib/tmpfiles.d/mountroot.conf'), 'any systemd leaves our state');
      t.ok(names.includes('usr/lib/mountroot/native/linux-arm/libmountroot.so'));
      t.same(
        names.filter((name) => name.endsWith('/')),
        [],
      );
      const unpacked = gunzipSync(readFileSync(archive));
      t.ok(
        member(unpacked, 'usr/lib/mountroot/mountroot.cjs').equals(forBoard(readFileSync(agent))),
      );
      t.notMatch(member(unpacked, 'usr/share/doc/mountroot/INSTALL').toString(), /VERSION|GLIBC/);
      t.match(
        member(unpacked, 'usr/share/doc/mountroot/copyright').toString(),
        /Permission is hereby granted, free of charge/,
      );
    });

    t.test('the package does not mention the machine that made it', async (t) => {
      for (const path of [
        'usr/share/doc/mountroot/copyright',
        'usr/share/bash-completion/completions/mountroot',
        'usr/lib/mountroot/mountroot.cjs',
      ]) {
        const text = member(files, `./${path}`);
        t.ok(text.length > 0, path);
        t.notOk(text.includes(checkout), path);
      }
    });

    t.test('its links lead to the agent once it is unpacked, and the agent runs', async (t) => {
      const root = join(folder, 'root');
      said('dpkg-deb', ['--extract', deb, root]);
      const home = join(root, 'usr/lib/mountroot');
      t.equal(realpathSync(join(root, 'usr/sbin/mount_root')), join(realpathSync(home), 'launch'));
      t.equal(
        readFileSync(join(home, 'launch')).readUInt16LE(18),
        40,
        'a program for ARM (e_machine, elf.h)',
      );
      const { stdout } = spawnSync(
        'env',
        [
          '-i',
          `PATH=${process.env['PATH']}`,
          process.execPath,
          join(home, 'mountroot.cjs'),
          '--version',
        ],
        { encoding: 'utf8' },
      );
      t.match(stdout, /^\d+\.\d+\.\d+\n$/);
    });

    t.test(
      'the man page is sound',
      { skip: has('mandoc') ? false : 'mandoc is not installed' },
      async (t) => {
        const page = gunzipSync(member(files, './usr/share/man/man8/mountroot.8.gz'));
        const { status, stdout, stderr } = spawnSync('mandoc', ['-Tlint', '-Wstyle'], {
          input: page,
          encoding: 'utf8',
        });
        t.same([status, stdout, stderr], [0, '', '']);
        for (const section of [
          'NAME',
          'SYNOPSIS',
          'DESCRIPTION',
          'VERBS',
          'EXIT STATUS',
          'ENVIRONMENT',
          'FILES',
          'EXAMPLES',
          'SEE ALSO',
        ])
          t.ok(page.includes(`.SH ${section}\n`), section);
      },
    );

    t.test(
      'lintian finds no error',
      { skip: has('lintian') ? false : 'lintian is not installed' },
      async (t) => {
        const { stdout } = spawnSync('lintian', ['--no-tag-display-limit', deb], {
          encoding: 'utf8',
        });
        t.same(
          stdout.split('\n').filter((line) => line.startsWith('E:')),
          [],
        );
      },
    );
  },
);
