/** The data volumes on which every cut is tried. They are small, so that a state costs little. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyData } from '../../../scripts/image/chips.js';
import { blank } from '../../../scripts/image/flash.js';
import { board } from '../board.js';
import type { Medium } from '../walk.js';
import type { Place } from './recording.js';

const FLASH_SIZE = 8 << 20;
const DISK_SIZE = { ext4: 24 << 20, f2fs: 64 << 20 };
const DISK_UNIT = 64 << 10;

export const KINDS = ['jffs2', 'ubifs', 'ext4', 'f2fs'] as const;
export type Kind = (typeof KINDS)[number];

export interface DataVolume {
  kind: Kind;
  medium: Medium;
  place: Place;
  /** The content of the last flash chip before the first boot. */
  chip: Buffer;
}

/** The board's partitions, but the last one is shorter. */
function smallPartitions(): string {
  const { mtdId, partitions } = board.flash;
  const parts = partitions.map(({ name, size, readOnly }, index) => {
    const last = index === partitions.length - 1;
    return `${(last ? FLASH_SIZE : size) / 1024}k(${name})${readOnly ? 'ro' : ''}`;
  });
  return `mtdparts=${mtdId}:${parts.join(',')},-(rest)`;
}

/** UBI with one empty volume, which UBIFS formats when it is first mounted. */
function ubiImage(folder: string): Buffer {
  const [ini, image] = [join(folder, 'ubi.ini'), join(folder, 'ubi.img')];
  writeFileSync(
    ini,
    '[data]\nmode=ubi\nvol_id=0\nvol_type=dynamic\nvol_name=rootfs_data\nvol_size=1MiB\n' +
      'vol_flags=autoresize\n',
  );
  const block = String(board.flash.eraseBlock);
  execFileSync('/usr/sbin/ubinize', ['-o', image, '-p', block, '-m', '1', '-Q', '1', ini]);
  return readFileSync(image);
}

function chipWith(content: Buffer): Buffer {
  const chip = blank(board.flash.chips.at(-1)!);
  content.copy(chip);
  return chip;
}

const onFlash = (kind: 'jffs2' | 'ubifs', chip: Buffer): DataVolume => ({
  kind,
  medium: {
    node: '/dev/mtd3',
    source: kind === 'jffs2' ? '/dev/mtdblock3' : 'ubi0_0',
    type: kind,
    size: FLASH_SIZE,
    block: board.flash.eraseBlock,
  },
  place: { disk: null, append: smallPartitions() },
  chip,
});

/** What is random in a new file system would make each recording another one. */
const SAME = '4d6f756e-7472-4f6f-8000-6375747363ff';
const MKFS = {
  ext4: ['mkfs.ext4', '-q', '-L', 'cuts', '-U', SAME, '-E', `hash_seed=${SAME}`],
  f2fs: ['mkfs.f2fs', '-q', '-l', 'cuts', '-U', SAME, '-r', '-T', '1'],
};

function onDisk(kind: 'ext4' | 'f2fs', folder: string): DataVolume {
  const disk = join(folder, `${kind}.img`);
  const [program, ...options] = MKFS[kind];
  rmSync(disk, { force: true });
  writeFileSync(disk, '');
  truncateSync(disk, DISK_SIZE[kind]);
  execFileSync(`/usr/sbin/${program!}`, [...options, disk], {
    stdio: 'ignore',
    env: { ...process.env, E2FSPROGS_FAKE_TIME: '1767225600' },
  });
  return {
    kind,
    medium: {
      node: '/dev/vdb',
      source: '/dev/vdb',
      type: kind,
      size: DISK_SIZE[kind],
      block: DISK_UNIT,
    },
    place: { disk, append: 'mountroot.volume=LABEL=cuts' },
    chip: emptyData(board),
  };
}

/** Makes a data volume as a factory leaves it, or one whose flash is marked to be erased. */
export function makeVolume(kind: Kind, folder: string, marked: boolean): DataVolume {
  if (kind === 'ext4' || kind === 'f2fs') return onDisk(kind, folder);
  if (!marked)
    return onFlash(kind, kind === 'jffs2' ? emptyData(board) : chipWith(ubiImage(folder)));
  return onFlash(kind, chipWith(Buffer.from('deadc0de', 'hex')));
}

/** A copy of the medium for a walk. */
export function copyOf({ place }: DataVolume, before: Buffer, folder: string): string | undefined {
  if (place.disk === null) return undefined;
  const copy = join(folder, 'walk.img');
  copyFileSync(place.disk, copy);
  writeFileSync(copy, before);
  return copy;
}
