import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Board, DiskPartition } from '../lib/board.js';
import { Failure } from '../lib/report.js';
import { run } from '../lib/run.js';

/**
 * Partitions begin at full mebibytes. The first mebibyte holds the partition table, the last one
 * its copy.
 */
const MIB = 2 ** 20;

/** Makes an id in the form of a version 4 UUID. The same image always has the same id. */
function idOf(...what: string[]): string {
  const hex = createHash('sha256').update(what.join('\0')).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/**
 * Makes a file with an ext4 file system, and with the files of a folder if one is given. The same
 * arguments give the same bytes.
 */
export async function makeExt4(
  file: string,
  size: number,
  label: string,
  folder?: string,
): Promise<void> {
  rmSync(file, { force: true });
  writeFileSync(file, '');
  truncateSync(file, size);
  const id = idOf('ext4', label);
  // These switch off features that U-Boot of 2023 cannot read or that are useless on so small a
  // disk.
  const options = [
    '-q',
    '-t',
    'ext4',
    '-O',
    '^metadata_csum,^64bit,^orphan_file',
    '-L',
    label,
    '-U',
    id,
    '-E',
    `hash_seed=${id},lazy_itable_init=0,lazy_journal_init=0`,
    '-m',
    '0',
  ];
  await run('/sbin/mke2fs', [...options, ...(folder === undefined ? [] : ['-d', folder]), file], {
    env: { E2FSPROGS_FAKE_TIME: '1' },
  });
}

/**
 * Makes the file `output`: a disk with a GPT and the contents of its partitions.
 * @param contents files by the partition's name. A partition without one is filled with zeros.
 */
export async function makeDisk(
  board: Board,
  partitions: readonly DiskPartition[],
  contents: Record<string, string>,
  output: string,
): Promise<void> {
  const next = `${output}.next-${process.pid}`;
  const total = partitions.reduce((sum, { size }) => sum + size, 0) + 2 * MIB;
  const fd = openSync(next, 'w');
  try {
    ftruncateSync(fd, total);
    let at = MIB;
    for (const { name, size } of partitions) {
      if (size % MIB !== 0)
        throw new Failure(
          `partition ${name} of ${board.name} has ${size} bytes, which are no full ` +
            'mebibytes; correct board.json',
        );
      const content = contents[name];
      if (content !== undefined) {
        const bytes = readFileSync(content);
        if (bytes.length > size)
          throw new Failure(
            `what goes into partition ${name} of ${board.name} has ${bytes.length} bytes, ` +
              `${bytes.length - size} more than fit; give it more room in board.json`,
          );
        writeSync(fd, bytes, 0, bytes.length, at);
      }
      at += size;
    }
  } finally {
    closeSync(fd);
  }
  const lines = partitions.map(
    ({ name, size, holds }) =>
      `size=${size / 512}, name=${JSON.stringify(name)}, ` +
      `uuid=${idOf(board.name, name)}${holds === 'boot' ? ', attrs=LegacyBIOSBootable' : ''}`,
  );
  await run('/sbin/sfdisk', ['--quiet', next], {
    input: `label: gpt\nlabel-id: ${idOf(board.name)}\nfirst-lba: 2048\n${lines.join('\n')}\n`,
  });
  renameSync(next, output);
}

/**
 * Fills a folder with the files that U-Boot reads in the extlinux format of its distro boot. They
 * name the files to load and the kernel command line.
 */
export function bootFolder(
  folder: string,
  zImage: string,
  ramdisk: string,
  commandLine: string,
): string {
  mkdirSync(join(folder, 'extlinux'), { recursive: true });
  for (const [name, from] of [
    ['zImage', zImage],
    ['ramdisk.img', ramdisk],
  ] as const)
    writeFileSync(join(folder, name), readFileSync(from));
  writeFileSync(
    join(folder, 'extlinux', 'extlinux.conf'),
    'timeout 1\ndefault mountroot\nlabel mountroot\n  kernel /zImage\n  initrd ' +
      `/ramdisk.img\n  append ${commandLine}\n`,
  );
  return folder;
}
