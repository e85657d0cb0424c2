import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, checkout } from './report.js';

export interface Partition {
  name: string;
  /** In bytes, a multiple of the erase block. */
  size: number;
  readOnly?: boolean;
}

/** What `board/NAME/board.json` says. A board is data: nothing in src or scripts knows one by name. */
export interface Board {
  name: string;
  kernel: { source: string; defconfig: string; fragment: string; deviceTree: string };
  flash: { mtdId: string; chips: number[]; eraseBlock: number; partitions: Partition[] };
  rootfs: {
    suite: string;
    architecture: string;
    packages: string[];
    /** Programs in the image; with each come the libraries it is linked against. */
    programs: string[];
    /** Further files taken from the packages: what a program opens by name. */
    files: string[];
    applets: string[];
    compression: string;
  };
  qemu: { program: string; machine: string; memory: string; arguments: string[] };
  commandLine: string;
}

export const boardFolder = (name: string): string => join(checkout, 'board', name);

/** Where `npm run image` leaves a board's files. */
export const imageFolder = (name: string): string => join(checkout, 'build', name);

/** @throws {Failure} when there is no such board, naming those there are. */
export function loadBoard(name = process.env['BOARD'] ?? 'vexpress-a9'): Board {
  const boards = readdirSync(join(checkout, 'board'));
  if (!boards.includes(name)) throw new Failure(`there is no board ${JSON.stringify(name)}; choose one of: ${boards.join(', ')}`);
  return { name, ...JSON.parse(readFileSync(join(boardFolder(name), 'board.json'), 'utf8')) };
}

/** The kernel's own notation for the partition table (drivers/mtd/parsers/cmdlinepart.c). */
export function mtdparts(flash: Board['flash']): string {
  const parts = flash.partitions.map(({ name, size, readOnly }) => `${size / 1024}k(${name})${readOnly ? 'ro' : ''}`);
  return `mtdparts=${flash.mtdId}:${parts.join(',')}`;
}

/** The whole kernel command line of a board. */
export const kernelCommandLine = (board: Board): string => `${board.commandLine} ${mtdparts(board.flash)}`;
