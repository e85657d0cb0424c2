import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { Failure, checkout } from './report.js';

const words = v.array(v.string());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const PARTITION = v.object({
  name: v.string(),
  /** In bytes, a multiple of the erase block. */
  size: count,
  readOnly: v.optional(v.boolean()),
});

/** A partition of a disk; partitions follow the partition table in this order. */
const DISK_PARTITION = v.object({
  name: v.string(),
  /** In bytes, a multiple of 1 MiB. */
  size: count,
  /**
   * Its content: the files that the boot loader reads (ext4), the packed root file system, or an
   * empty ext4 for the settings.
   */
  holds: v.picklist(['boot', 'rootfs', 'data']),
});

/** The content of `board/NAME/board.json`, laid over that of its base. */
const BOARD_FILE = v.object({
  kernel: v.object({
    /** The Debian package of its sources: `linux-source-RELEASE`. */
    source: v.string(),
    /**
     * The Debian suite that has this package; the package is then unpacked in the cache. Without
     * it, the package is one that scripts/setup.sh installs.
     */
    suite: v.optional(v.string()),
    defconfig: v.string(),
    fragment: v.string(),
    /** One more fragment, in the folder of the board itself, where it has a base. */
    more: v.optional(v.string()),
    /** Options of the fragment, as `CONFIG_NAME`, that this release does not know. */
    without: v.optional(words, []),
    /** The make target. */
    deviceTree: v.string(),
  }),
  /**
   * Flash chips and their partitions; empty lists for a board without flash. The last chip holds
   * the settings and nothing else.
   */
  flash: v.object({
    mtdId: v.string(),
    chips: v.array(count),
    eraseBlock: count,
    partitions: v.array(PARTITION),
  }),
  /**
   * Disks: /dev/vda, /dev/vdb …, each with a partition table (GPT). The last one holds the settings
   * and nothing else.
   */
  disks: v.array(v.object({ partitions: v.array(DISK_PARTITION) })),
  /**
   * The boot loader, a file of a Debian package, which loads everything else. null when the
   * emulator loads the kernel.
   */
  firmware: v.nullable(v.object({ package: v.string(), file: v.string() })),
  rootfs: v.object({
    suite: v.string(),
    architecture: v.string(),
    packages: words,
    /** Programs in the image; the libraries that they are linked with come along. */
    programs: words,
    /** More files of the packages, which a program opens by name. */
    files: words,
    applets: words,
    /**
     * mksquashfs's name of the compression. Unpacking is most of a cold start: on vexpress-a9, LZO
     * took 247 of its 521 million instructions.
     */
    compression: v.string(),
    /**
     * The squashfs block size in mksquashfs's notation, `32K`. Reading one page unpacks a whole
     * block. docs/performance.md has what other sizes cost.
     */
    blockSize: v.string(),
  }),
  qemu: v.object({
    program: v.string(),
    machine: v.string(),
    memory: v.string(),
    uarts: count,
    arguments: words,
  }),
  commandLine: v.string(),
});

export type Partition = v.InferOutput<typeof PARTITION>;
export type DiskPartition = v.InferOutput<typeof DISK_PARTITION>;

/** A board is data: no code knows one by name. */
export interface Board extends v.InferOutput<typeof BOARD_FILE> {
  name: string;
  /**
   * The board whose folder has the kernel's configuration, the patches and the files of the root
   * file system. It is this board, or the `base` that its board.json names. A base's board.json
   * also supplies all fields that this board's own does not set.
   */
  files: string;
}

export const boardFolder = (name: string): string => join(checkout, 'board', name);

/** The folder in which `npm run image` leaves a board's files. */
export const imageFolder = (name: string): string => join(checkout, 'build', name);

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lays fields over those of a base; within an object field by field, a list as a whole. */
const laidOver = (base: Fields, own: Fields): Fields => ({
  ...base,
  ...Object.fromEntries(
    Object.entries(own).map(([name, value]) => {
      const under = base[name];
      return [name, isFields(under) && isFields(value) ? laidOver(under, value) : value];
    }),
  ),
});

function ownFields(name: string): Fields {
  const file = join('board', name, 'board.json');
  try {
    const content: unknown = JSON.parse(readFileSync(join(checkout, file), 'utf8'));
    if (isFields(content)) return content;
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${(error as Error).message}`);
  }
  throw new Failure(`cannot use ${file}: it is no JSON object`);
}

const baseOf = ({ base }: Fields): string | null => (typeof base === 'string' ? base : null);

/** The fields of a board over those of its base, which may have a base too. */
function whole(own: Fields): Fields {
  const base = baseOf(own);
  return base === null ? own : laidOver(whole(ownFields(base)), own);
}

/** @throws {Failure} when a field is missing or of another type. */
export function boardOf(name: string, own: Fields): Board {
  const checked = v.safeParse(BOARD_FILE, whole(own), { abortEarly: true });
  if (!checked.success) {
    const [issue] = checked.issues;
    throw new Failure(
      `cannot use board/${name}/board.json: ${v.getDotPath(issue) ?? 'the file'} is ` +
        `${issue.received}, expected ${issue.expected ?? 'something else'}`,
    );
  }
  return { ...checked.output, name, files: baseOf(own) ?? name };
}

/** The board of most tests, and of every command without BOARD. */
export const USUAL_BOARD = 'vexpress-a9';

/** @throws {Failure} when there is no such board, with the names of all boards. */
export function loadBoard(name = process.env['BOARD'] ?? USUAL_BOARD): Board {
  const boards = readdirSync(join(checkout, 'board'));
  if (!boards.includes(name))
    throw new Failure(
      `there is no board ${JSON.stringify(name)}; choose one of: ${boards.join(', ')}`,
    );
  return boardOf(name, ownFields(name));
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
