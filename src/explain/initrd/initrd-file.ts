import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import type { KernelConfig } from '../../facts/kernel-config.js';
import { handedRamdisk, type HandedRamdisk } from '../../ramdisk/container/handed-ramdisk.js';
import {
  faultText,
  isOfOtherKind,
  problemText,
  type RamdiskFault,
  type RamdiskProblem,
} from '../../ramdisk/ramdisk-problem.js';
import { kernelOption, type Method } from '../../ramdisk/method.js';
import { readRamdisk } from '../../ramdisk/kernel-reader.js';
import { ByteSource } from '../../ramdisk/source.js';
import { unnamedFile } from '../../ramdisk/anonymous-file.js';
import { UImageError } from '../../ramdisk/uimage.js';
import { RAMDISK_LIMITS } from '../../text/input-limits.js';
import type { Initrd } from '../kernel-inputs.js';
import { imageIn, type Image } from '../../ramdisk/initrd-image.js';
import { lookIntoImage } from './image-files.js';
import { RootfsFiles } from './rootfs-files.js';

const LARGEST_RAMDISK = RAMDISK_LIMITS.bytes;

/** Faults for which the boot loader hands nothing over. */
const REFUSED: readonly RamdiskFault['code'][] = ['no-ramdisk-in', 'uimage-cut', 'uimage-checksum'];

/** Whether a boot loader refuses what it would hand over; the kernel beside it may be damaged. */
function isRefused({ fault }: RamdiskProblem, { container }: HandedRamdisk): boolean {
  if (fault.code !== 'piece-checksum') return REFUSED.includes(fault.code);
  return container!.pieces.some(({ name, handed }) => handed && name === fault.piece);
}

/**
 * Reads the part of a file that the kernel gets: the ramdisks of a boot image, or all behind
 * U-Boot's header. The boot loader refuses a file with a wrong checksum.
 * @throws {UImageError} for such a file.
 */
async function reading<T>(
  file: string,
  name: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const all = ByteSource.fromFile(file);
  try {
    const handed = await handedRamdisk(all);
    const made = await use(handed.source);
    const unfit = (await handed.verify()).find((problem) => isRefused(problem, handed));
    if (unfit !== undefined)
      throw new UImageError(
        `cannot say what the kernel makes of ${name}, ` +
          `for it does not get it: ${problemText(unfit)}`,
      );
    return made;
  } finally {
    await all.close();
  }
}

/** An image that we can read and that fits into memory. */
const isReadable = (image: Image | null): boolean =>
  image !== null &&
  image.error === null &&
  (image.content === 'ext2' || image.content === 'ext4') &&
  image.kibibytes * 1024 <= LARGEST_RAMDISK;

/**
 * Reads a ramdisk's file as the kernel does: as a cpio as far as it goes; where it is none, as a
 * file system image. `-` is standard input. @throws {UImageError}, {MissingCodecError}, and
 * {SystemError} where the file cannot be read.
 */
export async function lookIntoInitrd(
  file: string,
  config: KernelConfig | null,
  name = basename(file),
): Promise<Initrd> {
  if (file === '-') {
    const fd = await unnamedFile(
      'the ramdisk from standard input',
      chunksOf(ByteSource.fromFile('-')),
      LARGEST_RAMDISK,
    );
    return lookIntoInitrd(`/proc/self/fd/${fd}`, config, 'standard input').finally(() =>
      closeSync(fd),
    );
  }
  const files = new RootfsFiles(name);
  const configured = (method: Method): boolean =>
    config === null || config[kernelOption(method)] === 'y';
  let why: string | undefined;
  const error = await reading(file, name, (source) =>
    readRamdisk(source, files, {
      configured,
      onProblem: ({ kernelSays, fault }) => {
        if (kernelSays !== null && isOfOtherKind(fault)) why = faultText(fault);
      },
    }),
  );
  const image =
    error === null ? null : await reading(file, name, (source) => imageIn(source, LARGEST_RAMDISK));
  const inImage = isReadable(image)
    ? await reading(file, name, (source) => lookIntoImage(source, name, LARGEST_RAMDISK))
    : null;
  return {
    name,
    bytes: await reading(file, name, lengthOf),
    error,
    ...(why !== undefined && { why }),
    program: (path) => files.program(path),
    image,
    inImage: inImage ?? (() => undefined),
  };
}

async function lengthOf(source: ByteSource): Promise<number> {
  let bytes = 0;
  for (let chunk; (chunk = await source.chunk()) !== null;) bytes += chunk.length;
  return bytes;
}

async function* chunksOf(source: ByteSource): AsyncGenerator<Buffer, void> {
  for (let chunk; (chunk = await source.chunk()) !== null;) yield chunk;
}
