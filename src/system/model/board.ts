import { Tree, clone, inode, split, type Cut, type ModelInode } from './model-tree.js';

/**
 * The content of one erase block of the model's flash, as far as a mount or a read of its start
 * shows it.
 */
export type Block = 'erased' | 'jffs2' | 'marker' | 'garbage' | 'ubi';

const STARTS: Record<Block, number[]> = {
  erased: [0xff, 0xff, 0xff, 0xff],
  jffs2: [0x85, 0x19, 0x03, 0x20],
  marker: [0xde, 0xad, 0xc0, 0xde],
  garbage: [0x00, 0x17, 0x2a, 0x55],
  ubi: [0x55, 0x42, 0x49, 0x23],
};

/** A flash partition: its blocks, and the file system that they hold together. */
export interface Flash {
  name: string;
  index: number;
  eraseBlock: number;
  blocks: Block[];
  tree: Tree;
  writeProtected: boolean;
}

/** A UBI volume on a flash partition, or a block device. */
export interface Storage {
  kind: 'ubi' | 'block';
  /** `ubi0_0`, `vda`. */
  name: string;
  label: string;
  /** null: blank. */
  tree: Tree | null;
  writeProtected: boolean;
  /** For UBI: its partition. The volume appears when the partition is attached. */
  mtd: number;
  /** The number of lookups before it appears. */
  late: number;
  number: string;
  /** Its first bytes, in place of a file system. */
  raw?: Buffer;
}

/** The state of a board that survives a power cut. */
export interface Board {
  image: Tree;
  flash: Flash[];
  storage: Storage[];
  commandLine: string;
  filesystems: string[];
  /** File systems that modprobe can load. Their files are in the image, or not. */
  modules: string[];
  /**
   * The initramfs from the boot loader: it is the root, in memory, and nothing is mounted. null if
   * the kernel mounts the image itself.
   */
  initramfs: Tree | null;
  /** How the kernel mounts the image: the device, and whether for writing. */
  root: { device: string; access: 'ro' | 'rw' };
  /** The image lies on a disk, and the data behind it, as OpenWrt has them. */
  behind?: { disk: string; offset: number; size: number; storage: Storage };
  boots: number;
}

/** Adds directories and files to a tree: `/a/b` makes directories, `['/a/f', 'text']` a file. */
export function fill(tree: Tree, ...paths: (string | [string, string])[]): Tree {
  const was = tree.readonly;
  tree.readonly = false;
  for (const path of paths) {
    const [name, content] = typeof path === 'string' ? [path, null] : path;
    const parts = split(name);
    parts.forEach((_, index) => {
      const at = `/${parts.slice(0, index + 1).join('/')}`;
      if (tree.find(at) !== null) return;
      tree.add(
        at,
        content !== null && index === parts.length - 1
          ? inode('file', { content })
          : inode('directory'),
      );
    });
  }
  tree.sync();
  tree.readonly = was;
  return tree;
}

export interface BoardOptions {
  commandLine?: string;
  filesystems?: string[];
  /** File systems that are modules. */
  modules?: string[];
  /** Missing from the image. */
  without?: string[];
  blocks?: Block[];
  partition?: string;
  /** jffs2 knows RENAME_WHITEOUT, as patched kernels have it. */
  whiteout?: boolean;
  /** jffs2 maps files for shared writing, as no kernel's does. */
  mapping?: boolean;
  initramfs?: Tree | null;
}

const FILESYSTEMS = [
  'sysfs',
  'tmpfs',
  'proc',
  'devtmpfs',
  'squashfs',
  'jffs2',
  'ubifs',
  'ext4',
  'f2fs',
  'overlay',
];
const IMAGE = [
  '/dev',
  '/proc',
  '/sys',
  '/tmp',
  '/overlay',
  '/mnt',
  '/rom',
  '/etc',
  '/sbin',
  '/bin',
  '/usr/share',
];

/** modprobe, its list, and the modules' files, as depmod and a distribution lay them out. */
const moduleFiles = (modules: readonly string[]): [string, string][] =>
  modules.length === 0
    ? []
    : [
        ['/sbin/modprobe', 'program'],
        [
          '/lib/modules/model/modules.dep',
          modules.map((name) => `kernel/fs/${name}/${name}.ko.xz:\n`).join(''),
        ],
        ...modules.map((name): [string, string] => [
          `/lib/modules/model/kernel/fs/${name}/${name}.ko.xz`,
          'module',
        ]),
      ];

/** A board like the emulated one: an image on mtd2, and mtd3 for the settings. */
export function makeBoard({
  commandLine = 'root=/dev/mtdblock2',
  filesystems = FILESYSTEMS,
  modules = [],
  without = [],
  blocks = Array<Block>(8).fill('erased'),
  partition = 'rootfs_data',
  whiteout = true,
  mapping = true,
  initramfs = null,
}: BoardOptions = {}): Board {
  const image = fill(
    new Tree('squashfs'),
    ...IMAGE.filter((path) => !without.includes(path)),
    ['/sbin/init', 'init'],
    ['/bin/sh', 'shell'],
    ['/etc/hostname', 'board'],
    ['/etc/passwd', 'root'],
    ['/usr/share/doc', 'text'],
    ...moduleFiles(modules).filter(([path]) => !without.includes(path)),
  );
  for (const program of ['/sbin/init', '/bin/sh']) image.find(program)!.mode = 0o755;
  image.readonly = true;
  const flash: Flash[] = [
    {
      name: partition,
      index: 3,
      eraseBlock: 0x1000,
      blocks: [...blocks],
      tree: new Tree('jffs2', { whiteout, mapping }),
      writeProtected: false,
    },
  ];
  const root = { device: '31:2', access: 'ro' } as const;
  return {
    ...{ image, flash, storage: [], commandLine, filesystems, modules, initramfs, root },
    boots: 0,
  };
}

/** A second board in the same state, for another experiment with it. */
export function copyBoard(board: Board): Board {
  const tree = (from: Tree): Tree =>
    Object.assign(Object.create(Object.getPrototypeOf(from) as object) as Tree, from, {
      root: clone(from.root),
      unsynced: new Set<ModelInode>(),
    });
  const stored = (storage: Storage): Storage => ({
    ...storage,
    tree: storage.tree && tree(storage.tree),
    ...(storage.raw && { raw: Buffer.from(storage.raw) }),
  });
  return {
    ...board,
    image: board.root.access === 'rw' ? tree(board.image) : board.image,
    initramfs: board.initramfs && tree(board.initramfs),
    flash: board.flash.map((flash) => ({
      ...flash,
      blocks: [...flash.blocks],
      tree: tree(flash.tree),
    })),
    storage: board.storage.map(stored),
    ...(board.behind && { behind: { ...board.behind, storage: stored(board.behind.storage) } }),
  };
}

/** Cuts the power. Each device keeps only the data that had reached it. */
export function cutPower(board: Board, way: Cut): void {
  for (const { tree } of [...board.flash, ...board.storage]) tree?.cut(way);
  board.behind?.storage.tree?.cut(way);
  if (board.root.access === 'rw') board.image.cut(way);
}

/** The first bytes of an erase block, as reading the device gives them. */
export function blockStart(block: Block, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(block === 'erased' ? 0xff : 0);
  bytes.set(STARTS[block].slice(0, length));
  return bytes;
}

interface Magic {
  fstype: string;
  /** The offset of the magic number, and its bytes. */
  at: number;
  bytes: number[];
  /** The offset of the label; null if the file system has none. */
  label: number | null;
}

/** The first bytes of the file systems of block devices and UBI volumes. */
const MAGICS: readonly Magic[] = [
  { fstype: 'ubifs', at: 0, bytes: [0x31, 0x18, 0x10, 0x06], label: null },
  { fstype: 'ext4', at: 0x438, bytes: [0x53, 0xef], label: 0x478 },
  { fstype: 'f2fs', at: 0x400, bytes: [0x10, 0x20, 0xf5, 0xf2], label: null },
];
const LONGEST_LABEL = 16;

/** The size of each block of a UBI volume of the model, and how many it has. */
export const LEB = { bytes: 4096, count: 16 };

/** UBIFS_LOG_LNUM (fs/ubifs/ubifs.h), and the node of type 10 with which the log begins there. */
const LOG = 3;
const LOG_START = Buffer.from(
  '31181006c3a636a10000000000000000200000000a0000000000000000000000',
  'hex',
);

/** A UBI volume on which UBIFS was stopped while it made itself: it has no master node yet. */
export function unfinishedUbifs(): Buffer {
  const bytes = Buffer.alloc(LEB.count * LEB.bytes, 0xff);
  const [{ bytes: magic }] = MAGICS as [Magic];
  bytes.set(magic, 0);
  // The tree of LEB properties has no node's head.
  bytes.fill(0x5a, 5 * LEB.bytes, 5 * LEB.bytes + 64);
  return bytes;
}

/** A UBI volume that UBIFS uses: the superblock in LEB 0, and the start of the log in LEB 3. */
function usedUbifs(): Buffer {
  const bytes = Buffer.alloc(LEB.count * LEB.bytes, 0xff);
  const [{ bytes: magic }] = MAGICS as [Magic];
  bytes.set(magic, 0);
  LOG_START.copy(bytes, LOG * LEB.bytes);
  return bytes;
}

/** Erases one block of a UBI volume. Returns whether something was there. */
export function emptyLeb(storage: Storage, leb: number): boolean {
  const { raw } = storage;
  if (storage.tree !== null) {
    storage.tree = null;
    return true;
  }
  const block = raw?.subarray(leb * LEB.bytes, (leb + 1) * LEB.bytes);
  if (raw === undefined || block!.every((byte) => byte === 0xff)) return false;
  block!.fill(0xff);
  if (raw.every((byte) => byte === 0xff)) delete storage.raw;
  return true;
}

const isBlankUbi = ({ kind, tree }: Pick<Storage, 'kind' | 'tree'>): boolean =>
  kind === 'ubi' && tree === null;

/** Bytes of a block device. */
export function storageBytes(storage: Storage, offset: number, length: number): Uint8Array {
  const raw = storage.tree?.fstype === 'ubifs' ? usedUbifs() : storage.raw;
  if (raw === undefined && offset === 0) return superblock(storage, length);
  if (raw === undefined) return Buffer.alloc(length, isBlankUbi(storage) ? 0xff : 0);
  const bytes = Buffer.alloc(length);
  raw.copy(bytes, 0, Math.min(offset, raw.length), Math.min(offset + length, raw.length));
  return bytes;
}

/** The first bytes of a block device: the magic of its file system. */
export function superblock({ tree, label, kind }: Storage, length: number): Uint8Array {
  const bytes = Buffer.alloc(length, isBlankUbi({ tree, kind }) ? 0xff : 0);
  const magic = MAGICS.find(({ fstype }) => fstype === tree?.fstype);
  if (magic === undefined) return bytes;
  bytes.set(magic.bytes.slice(0, Math.max(0, length - magic.at)), Math.min(magic.at, length));
  if (magic.label !== null && length >= magic.label + LONGEST_LABEL)
    bytes.write(label, magic.label, LONGEST_LABEL, 'utf8');
  return bytes;
}
