import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilerVersion } from '../agent/compile.js';
import { qemuCommand, shellLine, type BootFiles } from '../emulator/command.js';
import { kernelCommandLine, type Board } from '../lib/board.js';
import { own, versionOf } from '../lib/npm.js';
import type { Group } from './contents.js';
import { installedVersion, kernelSources } from './kernel.js';
import { fetchPackages } from './packages.js';

const digestOf = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');

/** The parts of an image that its manifest describes. */
interface ManifestInput {
  /** The image's folder, and the cached folder with the kernel. */
  folder: string;
  kernel: string;
  boot: BootFiles;
  contents: readonly Group[];
}

/**
 * Lists everything that went into an image: versions, packages, digests, and the command that boots
 * it.
 */
export async function manifest(
  board: Board,
  { folder, kernel, boot, contents }: ManifestInput,
): Promise<object> {
  const { packages } = await fetchPackages(board);
  const [, version] = await kernelSources(board.kernel);
  const command = qemuCommand(board, boot, { serial: ['mon:stdio'] });
  return {
    schema: 'mountroot.manifest/1',
    board: board.name,
    mountroot: own.version,
    npm: Object.fromEntries(
      Object.keys(own.dependencies ?? {}).map((name) => [name, versionOf(name)]),
    ),
    kernel: {
      release: readFileSync(join(kernel, 'version'), 'utf8').trim(),
      source: `${board.kernel.source} ${version}`,
      compiler: await compilerVersion('arm'),
    },
    debian: {
      suite: board.rootfs.suite,
      architecture: board.rootfs.architecture,
      packages: packages.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
    },
    qemu: {
      package: await installedVersion('qemu-system-arm'),
      command,
      shell: shellLine(command),
    },
    ...(board.firmware !== null && {
      firmware: `${board.firmware.package} ${await installedVersion(board.firmware.package)}`,
    }),
    commandLine: kernelCommandLine(board),
    rootfs: { compression: board.rootfs.compression, contents },
    sha256: Object.fromEntries(
      ['zImage', 'board.dtb', 'rootfs.squashfs', 'flash0.img', 'disk0.img']
        .filter((name) => existsSync(join(folder, name)))
        .map((name) => [name, digestOf(join(folder, name))]),
    ),
  };
}
