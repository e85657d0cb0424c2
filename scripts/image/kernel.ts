import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { boardFolder, type Board } from '../lib/board.js';
import { cached, digest } from '../lib/cache.js';
import { compilerVersion } from '../agent/compile.js';
import { buildProbe } from '../agent/native.js';
import { Failure, need, say } from '../lib/report.js';
import { unpackedPackage } from './packages.js';
import { run } from '../lib/run.js';

const cross = 'arm-linux-gnueabihf-';

/**
 * Variables for every make. With them the same sources give the same zImage for every user at any
 * time. An empty LOCALVERSION keeps scripts/setlocalversion from appending "+".
 */
const variables = {
  ARCH: 'arm',
  CROSS_COMPILE: cross,
  LOCALVERSION: '',
  KBUILD_BUILD_TIMESTAMP: '1970-01-01 00:00:00 UTC',
  KBUILD_BUILD_USER: 'mountroot',
  KBUILD_BUILD_HOST: 'mountroot',
};

/** The version of an installed Debian package. */
export async function installedVersion(name: string): Promise<string> {
  try {
    return (await run('dpkg-query', ['-W', '-f', '${Version}', name])).trim();
  } catch {
    throw new Failure(
      `the Debian package ${name} is not installed; \`sh scripts/setup.sh full\` installs it`,
    );
  }
}

/**
 * Returns the lines of a fragment that a final .config does not honour. olddefconfig silently drops
 * an option with unmet dependencies, and silently sets an option that another one selects.
 */
export function lostOptions(fragment: string, config: string): string[] {
  const wanted = fragment.split('\n').map((line) => line.trim());
  const final = new Set(config.split('\n'));
  return wanted.filter((line) => {
    if (/^CONFIG_\w+=/.test(line)) return !final.has(line);
    const off = /^# (CONFIG_\w+) is not set$/.exec(line)?.[1];
    return off !== undefined && (final.has(`${off}=y`) || final.has(`${off}=m`));
  });
}

/** A release as a number that orders: 5.10 is above 5.4. */
const ordinal = (release: string): number => {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  return major * 1000 + minor;
};

/**
 * Chooses the patches for a release from the names of all, in the order of applying them.
 * `NAME.patch` is for every release. `NAME.5.10.patch` and `NAME.6.12.patch` are variants, each
 * from its release on until the next variant.
 */
export function patchesFor(release: string, names: readonly string[]): string[] {
  const chosen = new Map<string, { from: number; name: string }>();
  for (const name of names) {
    const [, stem, variant = '0'] = /^(.+?)(?:\.(\d+\.\d+))?\.patch$/.exec(name) ?? [];
    const from = ordinal(variant);
    if (stem === undefined || from > ordinal(release)) continue;
    if (from >= (chosen.get(stem)?.from ?? 0)) chosen.set(stem, { from, name });
  }
  return [...chosen.values()].map(({ name }) => name).sort();
}

/** A board's own kernel patches for the release that it builds. */
function patches({ files, kernel: { source } }: Board): string[] {
  const folder = join(boardFolder(files), 'patches');
  if (!existsSync(folder)) return [];
  return patchesFor(source.replace(/^linux-source-/, ''), readdirSync(folder)).map((name) =>
    join(folder, name),
  );
}

/** The kernel's sources: the archive, and the version of the Debian package. */
export async function kernelSources({
  source,
  suite,
}: Board['kernel']): Promise<[archive: string, version: string]> {
  const archive = join('usr/src', `${source}.tar.xz`);
  if (suite === undefined) return [join('/', archive), await installedVersion(source)];
  const unpacked = await unpackedPackage(source, suite);
  return [join(unpacked, 'files', archive), readFileSync(join(unpacked, 'version'), 'utf8')];
}

/**
 * A ramdisk to build into the kernel, in the notation of the kernel's own usr/gen_init_cpio. It
 * contains the program for tests as /init, the console, and a file /built-in.
 */
const builtIn = (init: string): string =>
  `dir /dev 0755 0 0\nnod /dev/console 0600 0 0 c 5 1\nfile /init ${init} 0755 0 0\nfile ` +
  `/built-in ${init} 0644 0 0\n`;

/**
 * Returns the cached folder with a board's zImage, board.dtb, kernel.config (the final one) and
 * version (the kernel's release). It also has zImage-initramfs for tests: the same kernel with a
 * built-in ramdisk.
 */
export async function buildKernel(board: Board): Promise<string> {
  const { source, defconfig, deviceTree, without, more } = board.kernel;
  const [archive, version] = await kernelSources(board.kernel);
  const fragment = join(boardFolder(board.files), board.kernel.fragment);
  const own = more === undefined ? [] : [join(boardFolder(board.name), more)];
  const applied = patches(board);
  const probe = await buildProbe();
  const inputs = {
    source: `${source} ${version}`,
    defconfig,
    deviceTree,
    fragment: digest(fragment),
    ...(own.length > 0 && { more: digest(...own) }),
    patches: applied.map((file) => digest(file)),
    compiler: await compilerVersion('arm'),
    variables,
    ...(without.length > 0 && { without }),
    initramfs: builtIn('') + digest(join(probe, 'probe')),
  };
  return cached('kernel', inputs, async (folder) => {
    need(archive, 'sh scripts/setup.sh full');
    const work = join(folder, 'work');
    const out = join(work, 'out');
    mkdirSync(out, { recursive: true });
    say(`kernel: building ${inputs.source}, some minutes the first time`);
    await run('tar', ['-xJf', archive, '-C', work], { label: 'kernel: unpacking' });
    const tree = join(work, source);
    for (const file of applied)
      await run('patch', ['-p1', '--fuzz=0', '--forward', '--batch', '-i', file], {
        cwd: tree,
        label: `kernel: ${file}`,
      });
    const make = (label: string, ...targets: string[]): Promise<string> =>
      run(
        'make',
        [
          `-j${availableParallelism()}`,
          `O=${out}`,
          ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
          ...targets,
        ],
        { cwd: tree, label },
      );
    await make('kernel: configuring', defconfig);
    await run(
      'scripts/kconfig/merge_config.sh',
      ['-m', '-O', out, join(out, '.config'), fragment, ...own],
      { cwd: tree },
    );
    await make('kernel: configuring', 'olddefconfig');
    const config = readFileSync(join(out, '.config'), 'utf8');
    for (const file of [fragment, ...own]) {
      const lost = lostOptions(readFileSync(file, 'utf8'), config).filter(
        (line) => !without.some((option) => line.startsWith(`${option}=`)),
      );
      if (lost.length > 0)
        throw new Failure(
          `the kernel's configuration loses ${lost.length} of the lines of ${file}, ` +
            `probably for an unmet dependency: ${lost.join(', ')}`,
        );
    }
    await make('kernel: compiling', 'zImage', deviceTree);
    copyFileSync(join(out, 'arch/arm/boot/zImage'), join(folder, 'zImage'));
    const list = join(work, 'initramfs.list');
    writeFileSync(list, builtIn(join(probe, 'probe')));
    // This make repeats only the last links.
    await run(join(tree, 'scripts/config'), [
      '--file',
      join(out, '.config'),
      '--set-str',
      'INITRAMFS_SOURCE',
      list,
    ]);
    await make('kernel: linking with a ramdisk', 'olddefconfig');
    await make('kernel: linking with a ramdisk', 'zImage');
    copyFileSync(join(out, 'arch/arm/boot/zImage'), join(folder, 'zImage-initramfs'));
    copyFileSync(join(out, 'arch/arm/boot/dts', deviceTree), join(folder, 'board.dtb'));
    writeFileSync(join(folder, 'kernel.config'), config);
    writeFileSync(
      join(folder, 'version'),
      readFileSync(join(out, 'include/config/kernel.release')),
    );
    rmSync(work, { recursive: true });
  });
}
