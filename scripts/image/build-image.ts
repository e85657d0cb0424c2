/** Assembles an image: the kernel and the root file system on a board's chips and disks. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BootFiles } from '../emulator/command.js';
import { imageFolder, kernelCommandLine, type Board, type DiskPartition } from '../lib/board.js';
import { versionOf } from '../lib/npm.js';
import { Failure, readJson, say } from '../lib/report.js';
import { emptyData, systemChips } from './chips.js';
import type { Group } from './contents.js';
import { bootFolder, makeDisk, makeExt4 } from './disk.js';
import { buildKernel } from './kernel.js';
import { manifest } from './manifest.js';
import { packRamdisk } from './ramdisk.js';
import { packRootfs, stageRootfs } from './rootfs.js';

export interface Image {
  folder: string;
  boot: BootFiles & { disks: readonly string[] };
  /** The contents of the root file system, and its packed size in bytes. */
  contents: Group[];
  packed: number;
}

/**
 * The image file of a chip. The last chip holds only the data partition, so the other images can be
 * rebuilt without touching it.
 */
const chipFile = (folder: string, index: number): string => join(folder, `flash${index}.img`);

/** Replaces a file in one step, so that an interrupted run leaves the old one. */
function replace(path: string, content: Buffer | string): void {
  const next = `${path}.next-${process.pid}`;
  writeFileSync(next, content);
  renameSync(next, path);
}

/** The image file of a disk. As with the chips, the last disk holds only the data. */
const diskFile = (folder: string, index: number): string => join(folder, `disk${index}.img`);

interface SystemParts {
  zImage: string;
  rootfs: string;
  stage: string;
}

/** Makes the contents of a disk's partitions. Returns files by the partition's name. */
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

/** Makes the last disk with an empty file system for the settings, as a factory leaves it. */
export async function emptyDataDisk(board: Board, output: string): Promise<void> {
  const last = board.disks.length - 1;
  if (board.disks[last]!.partitions.some(({ holds }) => holds !== 'data'))
    throw new Failure(
      `the last disk of ${board.name} must hold data and nothing else, so that the settings ` +
        'are a file of their own; correct board.json',
    );
  await putDisk(board, last, { zImage: '', rootfs: '', stage: '' }, output);
}

/** Splits the files of chips or disks into the system's, and the last one, which holds the data. */
const system = (files: readonly string[]): readonly string[] => files.slice(0, -1);
const data = (files: readonly string[]): readonly string[] => files.slice(-1);

/**
 * All inputs of the image except the data: two cached folders, the board and the checkout. The same
 * inputs give the same image.
 */
const stampOf = (board: Board, kernel: string, rootfs: string): string =>
  JSON.stringify([
    basename(kernel),
    basename(dirname(rootfs)),
    board.flash,
    board.disks,
    kernelCommandLine(board),
    board.qemu,
    versionOf('esbuild'),
  ]);

function isCurrent(folder: string, stamp: string, { boot }: Image): boolean {
  const file = join(folder, '.stamp');
  if (!existsSync(file) || readFileSync(file, 'utf8') !== stamp) return false;
  return [
    boot.zImage,
    ...(boot.deviceTree === null ? [] : [boot.deviceTree]),
    ...['rootfs.squashfs', 'manifest.json'].map((name) => join(folder, name)),
    ...system(boot.flash),
    ...system(boot.disks),
  ].every((made) => existsSync(made));
}

/** Makes everything except the data. */
async function makeSystem(
  board: Board,
  { folder, boot, contents, packed }: Image,
  { kernel, rootfs, stage }: { kernel: string; rootfs: string; stage: string },
): Promise<void> {
  const mebibytes = (packed / 2 ** 20).toFixed(1);
  say(`image: putting ${board.name}'s storage together (root file system ${mebibytes} MiB)`);
  replace(boot.zImage, readFileSync(join(kernel, 'zImage')));
  if (boot.deviceTree !== null) replace(boot.deviceTree, readFileSync(join(kernel, 'board.dtb')));
  replace(join(folder, 'rootfs.squashfs'), readFileSync(rootfs));
  if (boot.flash.length > 0)
    for (const [index, chip] of systemChips(board, boot.zImage, rootfs).entries())
      replace(chipFile(folder, index), chip);
  for (const [index, file] of system(boot.disks).entries())
    await putDisk(board, index, { zImage: boot.zImage, rootfs, stage }, file);
  const text = JSON.stringify(await manifest(board, { folder, kernel, boot, contents }), null, 2);
  replace(join(folder, 'manifest.json'), `${text}\n`);
}

/**
 * Makes build/<board>/, except the parts that are up to date. The chip or disk with the data
 * partition holds the user's files, so this makes it only if it is missing, or if `fresh` asks for
 * an empty one.
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
  const boot = {
    zImage: join(folder, 'zImage'),
    deviceTree: board.firmware === null ? join(folder, 'board.dtb') : null,
    ...(board.firmware !== null && { firmware: board.firmware.file }),
    flash: board.flash.chips.map((_, index) => chipFile(folder, index)),
    disks: board.disks.map((_, index) => diskFile(folder, index)),
  };
  const contents = readJson<Group[]>(join(dirname(rootfs), 'contents.json'));
  const image = { folder, boot, contents, packed: statSync(rootfs).size };
  const stamp = stampOf(board, kernel, rootfs);
  if (!isCurrent(folder, stamp, image)) {
    await makeSystem(board, image, { kernel, rootfs, stage });
    replace(join(folder, '.stamp'), stamp);
  }
  for (const file of data(boot.flash))
    if (fresh || !existsSync(file)) replace(file, emptyData(board));
  for (const file of data(boot.disks))
    if (fresh || !existsSync(file)) await emptyDataDisk(board, file);
  return image;
}
