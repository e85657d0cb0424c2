import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { qemuCommand, shellLine, type BootFiles } from '../emulator/command.js';
import { imageFolder, kernelCommandLine, type Board, type DiskPartition } from '../lib/board.js';
import { emptyData, systemChips } from './chips.js';
import type { Group } from './contents.js';
import { bootFolder, makeDisk, makeExt4 } from './disk.js';
import { buildKernel, installedVersion } from './kernel.js';
import { compilerVersion } from '../agent/native.js';
import { fetchPackages } from './packages.js';
import { Failure, checkout, say } from '../lib/report.js';
import { packRamdisk } from './ramdisk.js';
import { packRootfs, stageRootfs } from './rootfs.js';

export interface Image {
  folder: string;
  boot: BootFiles & { disks: readonly string[] };
  /** What the root file system holds, and its packed size in bytes. */
  contents: Group[];
  packed: number;
}

/**
 * Where each chip's image is; the last chip holds the data partition and nothing else, so the
 * others can be renewed without touching it.
 */
const chipFile = (folder: string, index: number): string => join(folder, `flash${index}.img`);

/** Replaces a file whole, so that a run cut short leaves the old one. */
function replace(path: string, content: Buffer | string): void {
  const next = `${path}.next-${process.pid}`;
  writeFileSync(next, content);
  renameSync(next, path);
}

const digestOf = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');
const npmVersion = (name: string): string =>
  JSON.parse(readFileSync(join(checkout, 'node_modules', name, 'package.json'), 'utf8')).version;

async function manifest(
  board: Board,
  folder: string,
  kernel: string,
  boot: BootFiles,
  contents: readonly Group[],
): Promise<object> {
  const { packages } = await fetchPackages(board);
  const own = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const command = qemuCommand(board, boot, { serial: ['mon:stdio'] });
  return {
    schema: 'mountroot.manifest/1',
    board: board.name,
    mountroot: own.version,
    npm: Object.fromEntries(Object.keys(own.dependencies).map((name) => [name, npmVersion(name)])),
    kernel: {
      release: readFileSync(join(kernel, 'version'), 'utf8').trim(),
      source: `${board.kernel.source} ${await installedVersion(board.kernel.source)}`,
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

/** Where each disk's image is; as with the chips, the last one holds the data. */
const diskFile = (folder: string, index: number): string => join(folder, `disk${index}.img`);

interface SystemParts {
  zImage: string;
  rootfs: string;
  stage: string;
}

/** What a disk's partitions hold, as files. */
async function diskContents(
  board: Board,
  partitions: readonly DiskPartition[],
  parts: SystemParts,
  work: string,
): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const { name, size, holds } of partitions) {
    const file = join(work, name);
    if (holds === 'rootfs') contents[name] = parts.rootfs;
    else {
      const folder =
        holds === 'data'
          ? undefined
          : bootFolder(
              join(work, `${name}-files`),
              parts.zImage,
              await packRamdisk(board, parts.stage),
              kernelCommandLine(board),
            );
      await makeExt4(file, size, name, folder);
      contents[name] = file;
    }
  }
  return contents;
}

async function putDisk(
  board: Board,
  index: number,
  parts: SystemParts,
  output: string,
): Promise<void> {
  const { partitions } = board.disks[index]!;
  const work = `${output}.work-${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    await makeDisk(board, partitions, await diskContents(board, partitions, parts, work), output);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The last disk as a factory leaves it: with an empty file system for the settings. */
export async function emptyDataDisk(board: Board, output: string): Promise<void> {
  const last = board.disks.length - 1;
  if (board.disks[last]!.partitions.some(({ holds }) => holds !== 'data'))
    throw new Failure(
      `the last disk of ${board.name} must hold data and nothing else, so that the settings are a file of their own; correct board.json`,
    );
  await putDisk(board, last, { zImage: '', rootfs: '', stage: '' }, output);
}

/**
 * build/<board>/ as it should be: what is current already is not made again, and the chip or disk
 * with the data partition is only made when it is missing or when `fresh` asks for an empty one,
 * because it holds the user's files.
 */
export async function buildImage(
  board: Board,
  { fresh = false }: { fresh?: boolean } = {},
): Promise<Image> {
  const folder = imageFolder(board.name);
  mkdirSync(folder, { recursive: true });
  const kernel = await buildKernel(board);
  const stage = await stageRootfs(board);
  const rootfs = await packRootfs(board, stage);
  const contents = JSON.parse(readFileSync(join(rootfs, '..', 'contents.json'), 'utf8')) as Group[];
  const boot = {
    zImage: join(folder, 'zImage'),
    deviceTree: board.firmware === null ? join(folder, 'board.dtb') : null,
    ...(board.firmware !== null && { firmware: board.firmware.file }),
    flash: board.flash.chips.map((_, index) => chipFile(folder, index)),
    disks: board.disks.map((_, index) => diskFile(folder, index)),
  };
  const parts = { zImage: boot.zImage, rootfs, stage };
  const [system, data] = [
    (files: readonly string[]) => files.slice(0, -1),
    (files: readonly string[]) => files.slice(-1),
  ];
  // Everything but the data follows from these two cached folders and from what board and checkout
  // say, so their names tell whether anything changed.
  const stamp = JSON.stringify([
    basename(kernel),
    basename(join(rootfs, '..')),
    board.flash,
    board.disks,
    kernelCommandLine(board),
    board.qemu,
    npmVersion('esbuild'),
  ]);
  const made = [
    boot.zImage,
    ...(boot.deviceTree === null ? [] : [boot.deviceTree]),
    join(folder, 'rootfs.squashfs'),
    join(folder, 'manifest.json'),
    ...system(boot.flash),
    ...system(boot.disks),
  ];
  const stampFile = join(folder, '.stamp');
  if (
    !existsSync(stampFile) ||
    readFileSync(stampFile, 'utf8') !== stamp ||
    made.some((file) => !existsSync(file))
  ) {
    say(
      `image: putting ${board.name}'s storage together (root file system ${(statSync(rootfs).size / 2 ** 20).toFixed(1)} MiB)`,
    );
    replace(boot.zImage, readFileSync(join(kernel, 'zImage')));
    if (boot.deviceTree !== null) replace(boot.deviceTree, readFileSync(join(kernel, 'board.dtb')));
    replace(join(folder, 'rootfs.squashfs'), readFileSync(rootfs));
    if (boot.flash.length > 0)
      systemChips(board, boot.zImage, rootfs).forEach((chip, index) =>
        replace(chipFile(folder, index), chip),
      );
    for (const index of system(boot.disks).keys())
      await putDisk(board, index, parts, diskFile(folder, index));
    replace(
      join(folder, 'manifest.json'),
      `${JSON.stringify(await manifest(board, folder, kernel, boot, contents), null, 2)}\n`,
    );
    replace(stampFile, stamp);
  }
  for (const file of data(boot.flash))
    if (fresh || !existsSync(file)) replace(file, emptyData(board));
  for (const file of data(boot.disks))
    if (fresh || !existsSync(file)) await emptyDataDisk(board, file);
  return { folder, boot, contents, packed: statSync(rootfs).size };
}
