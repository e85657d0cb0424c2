/**
 * A NAND chip in the memory of a board, with UBI and settings on UBIFS. The kernel is of `nandsim`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { loadBoard } from '../../scripts/lib/board.js';
import { buildKernel } from '../../scripts/image/kernel.js';
import { blank } from '../../scripts/image/flash.js';
import type { Medium } from './walk.js';

const nandBoard = loadBoard('vexpress-a9-nand');

/** The kernel that simulates NAND. It takes minutes to build. */
export const nandKernel = async (): Promise<string> => join(await buildKernel(nandBoard), 'zImage');

export const PAGE = 2048;
export const PEB = 128 << 10;
/** Where the headers of UBI are in a physical erase block: the second is in the first page too. */
const VID_AT = 512;
const LEB = PEB - PAGE;
export const BLOCKS = 128;

/** Manufacturer and chip, as the simulator wants them: 64 MiB with pages of 2 KiB. */
const CHIP = [0x20, 0xa2, 0x00, 0x15];
const CHIP_NAME = 'NAND 64MiB 1,8V 8-bit';

/** The words for the kernel: the simulated chip, and the partitions of all chips. */
export function nandWords(more = ''): string {
  const id = ['first', 'second', 'third', 'fourth'].map(
    (name, at) => `nandsim.${name}_id_byte=0x${CHIP[at]!.toString(16)}`,
  );
  const { mtdId, partitions } = nandBoard.flash;
  const nor = partitions.map(({ name, size, readOnly }, index) => {
    const last = index === partitions.length - 1;
    return `${size / 1024}k(${last ? 'other' : name})${readOnly ? 'ro' : ''}`;
  });
  const nand = `${CHIP_NAME}:${(BLOCKS * PEB) / 1024}k(rootfs_data),-(more)`;
  return [...id, `"mtdparts=${mtdId}:${nor.join(',')};${nand}"`, more].join(' ').trim();
}

export const NAND: Medium = {
  node: '/dev/mtd5',
  source: 'ubi0_0',
  type: 'ubifs',
  size: BLOCKS * PEB,
  block: PEB,
};

/** The settings on the volume: a listing's paths and contents. */
export const SETTINGS: Readonly<Record<string, string>> = {
  '/upper/etc/kept': 'kept\n',
  '/upper/root/large': 'large\n'.repeat(6000),
};

/** A tree with settings; without any it is empty. */
function makeTree(tree: string, settings: Readonly<Record<string, string>>): void {
  mkdirSync(tree);
  if (Object.keys(settings).length === 0) return;
  for (const path of ['upper/etc', 'upper/root', 'work'])
    mkdirSync(join(tree, path), { recursive: true });
  for (const [path, text] of Object.entries(settings)) writeFileSync(join(tree, path), text);
  symlinkSync('2', join(tree, '.fs_state'));
}

/**
 * Makes UBI with one volume of UBIFS that has the settings, as flash tools write it to a chip: they
 * pass over bad blocks.
 */
export function nandImage(
  folder: string,
  bad: readonly number[],
  settings: Readonly<Record<string, string>>,
): Buffer {
  const tree = join(folder, 'tree');
  makeTree(tree, settings);
  const [ubifs, ini, image] = ['data.ubifs', 'ubi.ini', 'ubi.img'].map((name) =>
    join(folder, name),
  );
  const run = (program: string, ...args: (string | number)[]): void => {
    execFileSync(`/usr/sbin/${program}`, args.map(String), { stdio: 'pipe' });
  };
  run('mkfs.ubifs', '-m', PAGE, '-e', LEB, '-c', 100, '-x', 'none', '-r', tree, '-o', ubifs!);
  writeFileSync(
    ini!,
    `[data]\nmode=ubi\nvol_id=0\nvol_type=dynamic\nvol_name=rootfs_data\nimage=${ubifs!}\n` +
      'vol_size=8MiB\nvol_flags=autoresize\n',
  );
  run('ubinize', '-o', image!, '-p', PEB, '-m', PAGE, '-s', VID_AT, '-Q', 1, ini!);
  const chip = blank(BLOCKS * PEB);
  const content = readFileSync(image!);
  const good = Array.from({ length: BLOCKS }, (_, block) => block).filter(
    (block) => !bad.includes(block),
  );
  for (let at = 0; at < content.length; at += PEB)
    content.copy(chip, good[at / PEB]! * PEB, at, at + PEB);
  return chip;
}

/** Where a text of a file is in the image. */
export function dataAt(chip: Buffer, text: string): number {
  const at = chip.indexOf(text);
  if (at < 0) throw new Error('the image does not have the text');
  return at;
}

const VID_MAGIC = 'UBI!';
const LAYOUT_VOLUME = 0x7fffefff;

/** Where a logical erase block of a volume is in the image; the data follows its headers. */
export function pebOf(chip: Buffer, volume: number, leb: number): number {
  for (let at = 0; at < chip.length; at += PEB) {
    const header = at + VID_AT;
    if (chip.toString('latin1', header, header + 4) !== VID_MAGIC) continue;
    if (chip.readUInt32BE(header + 8) === volume && chip.readUInt32BE(header + 12) === leb)
      return at;
  }
  throw new Error(`the image has no block ${leb} of volume ${volume}`);
}

/** Where a copy of UBI's table of volumes is. */
export const tableOf = (chip: Buffer, copy: 0 | 1): number => pebOf(chip, LAYOUT_VOLUME, copy);

/** UBI's checksum is without the final inversion. */
const ubiCrc = (bytes: Buffer): number => ~crc32(bytes) >>> 0;
const HEADER_BYTES = 64;
const CRC_AT = 60;
const FASTMAP_VOLUME = LAYOUT_VOLUME + 1;
/** A scan deletes such a block if it does not know it. */
const COMPAT_DELETE = 1;

/** UBI's headers of a fastmap in a block. What follows them is erased. */
export function fastmapHeaders(chip: Buffer, peb: number): void {
  chip.copy(chip, peb, tableOf(chip, 0), tableOf(chip, 0) + HEADER_BYTES);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(VID_MAGIC, 'latin1');
  header.set([1, 1, 0, COMPAT_DELETE], 4);
  header.writeUInt32BE(FASTMAP_VOLUME, 8);
  // Newer than all other blocks.
  header.writeBigUInt64BE(1_000_000n, 40);
  header.writeUInt32BE(ubiCrc(header.subarray(0, CRC_AT)), CRC_AT);
  header.copy(chip, peb + VID_AT);
}
