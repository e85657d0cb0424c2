import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, checkout } from './report.js';

export interface Partition {
  name: string;
  /** In bytes, a multiple of the erase block. */
  size: number;
  readOnly?: boolean;
}

/** A partition of a disk; partitions follow the partition table in this order. */
export interface DiskPartition {
  name: string;
  /** In bytes, a multiple of 1 MiB. */
  size: number;
  /**
   * Its content: the files that the boot loader reads (ext4), the packed root file system, or an
   * empty ext4 for the settings.
   */
  holds: 'boot' | 'rootfs' | 'data';
}

/** The content of `board/NAME/board.json`. A board is data: no code knows one by name. */
export interface Board {
  name: string;
  /**
   * The board whose folder has the kernel's configuration, the patches and the files of the root
   * file system. It is this board, or the `base` that its board.json names. A base's board.json
   * also supplies all fields that this board's own does not set.
   */
  files: string;
  kernel: { source: string; defconfig: string; fragment: string; deviceTree: string };
  /**
   * Flash chips and their partitions; empty lists for a board without flash. The last chip holds
   * the settings and nothing else.
   */
  flash: { mtdId: string; chips: number[]; eraseBlock: number; partitions: Partition[] };
  /**
   * Disks: /dev/vda, /dev/vdb …, each with a partition table (GPT). The last one holds the settings
   * and nothing else.
   */
  disks: { partitions: DiskPartition[] }[];
  /**
   * The boot loader, a file of a Debian package, which loads everything else. null when the
   * emulator loads the kernel.
   */
  firmware: { package: string; file: string } | null;
  rootfs: {
    suite: string;
    architecture: string;
    packages: string[];
    /** Programs in the image; the libraries that they are linked with come along. */
    programs: string[];
    /** More files of the packages, which a program opens by name. */
    files: string[];
    applets: string[];
    /**
     * mksquashfs's name of the compression. Unpacking is most of a cold start: on vexpress-a9, LZO
     * took 247 of its 521 million instructions.
     */
    compression: string;
    /**
     * The squashfs block size in mksquashfs's notation, `32K`. Reading one page unpacks a whole
     * block. A cold start took 864 ms with LZ4 in blocks of 128K, 772 ms in blocks of 32K with 16K
     * of read-ahead, and 773 ms in blocks of 16K.
     */
    blockSize: string;
  };
  qemu: { program: string; machine: string; memory: string; uarts: number; arguments: string[] };
  commandLine: string;
}

export const boardFolder = (name: string): string => join(checkout, 'board', name);

/** The folder in which `npm run image` leaves a board's files. */
export const imageFolder = (name: string): string => join(checkout, 'build', name);

const read = (name: string): Partial<Board> & { base?: string } =>
  JSON.parse(readFileSync(join(boardFolder(name), 'board.json'), 'utf8')) as Partial<Board> & {
    base?: string;
  };

/** @throws {Failure} when there is no such board, with the names of all boards. */
export function loadBoard(name = process.env['BOARD'] ?? 'vexpress-a9'): Board {
  const boards = readdirSync(join(checkout, 'board'));
  if (!boards.includes(name))
    throw new Failure(
      `there is no board ${JSON.stringify(name)}; choose one of: ${boards.join(', ')}`,
    );
  const { base, ...own } = read(name);
  return { ...(base === undefined ? {} : read(base)), ...own, name, files: base ?? name } as Board;
}

/** Returns the partition table in the kernel's notation (drivers/mtd/parsers/cmdlinepart.c). */
export function mtdparts(flash: Board['flash']): string {
  const parts = flash.partitions.map(
    ({ name, size, readOnly }) => `${size / 1024}k(${name})${readOnly ? 'ro' : ''}`,
  );
  return `mtdparts=${flash.mtdId}:${parts.join(',')}`;
}

/** Returns the whole kernel command line of a board. */
export const kernelCommandLine = (board: Board): string =>
  board.flash.partitions.length === 0
    ? board.commandLine
    : `${board.commandLine} ${mtdparts(board.flash)}`;
