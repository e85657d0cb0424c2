import {
  LEB,
  storageBytes,
  unfinishedUbifs,
  type Board,
  type Flash,
  type Storage,
} from './board.js';
import { Errno, Tree } from './model-tree.js';

/** The device of the read-only image. */
export const IMAGE_DEVICE = '/dev/mtdblock2';

interface ModelVolume {
  tree: Tree;
  /** `major:minor`. */
  device: string;
  readonly: boolean;
}

/** jffs2 mounts a partition of at least five blocks that holds jffs2 or is fully erased. */
function jffs2On(flash: Flash): ModelVolume {
  if (flash.blocks.length < 5) throw new Errno('EINVAL');
  if (!flash.blocks.includes('jffs2')) {
    if (flash.blocks.some((block) => block !== 'erased')) throw new Errno('EIO');
    flash.blocks.fill('jffs2');
  }
  return { tree: flash.tree, device: `31:${flash.index}`, readonly: false };
}

/** UBIFS makes itself on a volume on which nothing is mapped. A power cut may stop it. */
function madeUbifs(storage: Storage, halved: boolean): Tree {
  if (storage.raw !== undefined) throw new Errno('EINVAL');
  const tree = new Tree('ubifs');
  if (halved) storage.raw = unfinishedUbifs();
  else storage.tree = tree;
  return tree;
}

/** The devices of a running board that have appeared or been attached. */
export class Devices {
  readonly attached = new Set<number>();
  private loop = false;
  private looks = 0;
  private anonymous = 20;

  constructor(private readonly board: Board) {}

  /** A number for a file system without a device. */
  nextNumber = (): string => `0:${this.anonymous++}`;

  present = (): Storage[] => [
    ...(this.loop && this.board.behind !== undefined ? [this.board.behind.storage] : []),
    ...this.plugged(),
  ];

  private plugged = (): Storage[] =>
    this.board.storage.filter(({ kind, mtd, late }) =>
      kind === 'ubi' ? this.attached.has(mtd) : late <= this.looks,
    );

  flash = (source: string): Flash | undefined =>
    this.board.flash.find(({ index, name }) =>
      [`/dev/mtdblock${index}`, `/dev/mtd${index}`, `mtd${index}`, `mtd:${name}`].includes(source),
    );

  storage = (source: string): Storage | undefined =>
    this.present().find(({ name }) => source === name || source === `/dev/${name}`);

  /** Shows the space behind the image, if the board has it there. */
  attachLoop(disk: string, offset: number): string {
    const { behind } = this.board;
    if (behind === undefined || disk !== `/dev/${behind.disk}`) throw new Errno('ENOENT');
    if (offset !== behind.offset) throw new Errno('EINVAL');
    this.loop = true;
    return behind.storage.name;
  }

  /** The process that opened the loop device has ended: without a mount the kernel frees it. */
  freeLoop(isMounted: (number: string) => boolean): void {
    const { behind } = this.board;
    if (behind !== undefined && !isMounted(behind.storage.number)) this.loop = false;
  }

  /** Modules that are loaded; each power-on begins without. */
  private readonly loaded = new Set<string>();

  /** The file systems that the kernel has now. */
  get types(): string[] {
    return [...this.board.filesystems, ...this.loaded];
  }

  /** What modprobe does, whether a program or the kernel calls it. Returns its exit status. */
  loadModule(name: string, isThere: (path: string) => boolean): number {
    const file = `/lib/modules/model/kernel/fs/${name}/${name}.ko.xz`;
    if (!this.board.modules.includes(name) || !isThere('/sbin/modprobe') || !isThere(file))
      return 1;
    this.loaded.add(name);
    return 0;
  }

  /** A mkfs program, by its name, makes a file system. Others fail. */
  make(program: string, device: string): number {
    const storage = this.storage(device);
    const [, fstype] = /mkfs\.(ext4|f2fs)$/.exec(program) ?? [];
    if (storage === undefined || fstype === undefined) return 1;
    storage.tree = new Tree(fstype);
    storage.tree.sync();
    delete storage.raw;
    return 0;
  }

  attach(mtd: number): void {
    if (!this.board.flash.some(({ index, blocks }) => index === mtd && blocks.includes('ubi')))
      throw new Errno('EINVAL');
    if (this.attached.has(mtd)) throw new Errno('EEXIST');
    this.attached.add(mtd);
  }

  /**
   * The file system that a device's driver would find on it.
   * @param halved whether the power is cut in the middle of the mount.
   */
  volume(source: string, fstype: string, halved: boolean): ModelVolume {
    if (fstype === 'squashfs' && source === IMAGE_DEVICE)
      return { tree: this.board.image, device: '31:2', readonly: true };
    const flash = this.flash(source);
    if (flash && fstype === 'jffs2') return jffs2On(flash);
    const storage = this.storage(source);
    if (storage === undefined) throw new Errno(flash ? 'EINVAL' : 'ENXIO');
    const isUbi = storage.kind === 'ubi';
    const tree =
      storage.tree === null && isUbi && fstype === 'ubifs'
        ? madeUbifs(storage, halved)
        : storage.tree;
    if (tree?.fstype !== fstype) throw new Errno('EINVAL');
    return {
      tree,
      device: isUbi ? this.nextNumber() : storage.number,
      readonly: storage.writeProtected,
    };
  }

  private readonly files: Record<string, () => string> = {
    '/proc/cmdline': () => `${this.board.commandLine}\n`,
    '/proc/filesystems': () => this.types.map((name) => `nodev\t${name}\n`).join(''),
    '/proc/sys/kernel/osrelease': () => 'model\n',
    '/proc/sys/kernel/random/boot_id': () => `${String(this.board.boots).padStart(8, '0')}-0000\n`,
    '/proc/sys/kernel/random/uuid': () => `identity-${this.board.boots}\n`,
    '/proc/mtd': () => `dev:    size   erasesize  name\n${this.partitions().join('')}`,
  };

  /** The disk with the image, and the loop device that shows the space behind it. */
  private get behindFiles(): Record<string, () => string> {
    const { behind } = this.board;
    if (behind === undefined) return {};
    const at = `/sys/class/block/${behind.storage.name}/loop`;
    return {
      [`/sys/class/block/${behind.disk}/size`]: () => `${behind.size / 512}\n`,
      ...(this.loop && {
        [`${at}/backing_file`]: () => `/dev/${behind.disk}\n`,
        [`${at}/offset`]: () => `${behind.offset}\n`,
      }),
    };
  }

  /** The target of a symlink of sysfs; null for any other path. */
  linkOf(path: string): string | null {
    const { behind, root } = this.board;
    return behind !== undefined && path === `/sys/dev/block/${root.device}`
      ? `../../devices/virtual/block/${behind.disk}`
      : null;
  }

  /** The bytes of the disk with the image; null for any other device. */
  diskBytes(path: string, offset: number, length: number): Uint8Array | null {
    const { behind } = this.board;
    if (behind === undefined || path !== `/dev/${behind.disk}`) return null;
    if (offset >= behind.offset)
      return storageBytes(behind.storage, offset - behind.offset, length);
    const image = Buffer.alloc(96);
    image.writeUInt32LE(0x73717368, 0);
    image.writeBigUInt64LE(BigInt(behind.offset - 100), 40);
    return image.subarray(offset, offset + length);
  }

  private partitions(): string[] {
    const hex = (value: number): string => value.toString(16).padStart(8, '0');
    const line = (index: number, size: number, eraseBlock: number, name: string): string =>
      `mtd${index}: ${hex(size)} ${hex(eraseBlock)} "${name}"\n`;
    return [
      ...(this.board.initramfs === null ? [] : [line(2, 0x10000, 0x1000, 'rootfs')]),
      ...this.board.flash.map(({ index, blocks, eraseBlock, name }) =>
        line(index, blocks.length * eraseBlock, eraseBlock, name),
      ),
    ];
  }

  /** The content of a file in /proc or /sys; null if it does not exist. */
  shown(path: string): string | null {
    const known = this.files[path] ?? this.behindFiles[path];
    if (known) return known();
    const [, kind, name, file] = /^\/sys\/class\/(ubi|block)\/([^/]+)\/(\w+)$/.exec(path) ?? [];
    if (kind === undefined) return null;
    const ubi = /^ubi(\d+)$/.exec(name!);
    if (kind === 'ubi' && file === 'mtd_num')
      return ubi && this.attached.has(Number(ubi[1])) ? `${ubi[1]}\n` : null;
    const storage = this.present().find((each) => each.name === name);
    if (storage === undefined) return null;
    return (
      (
        {
          name: storage.label,
          dev: storage.number,
          uevent: `PARTNAME=${storage.label}`,
          data_bytes: String(LEB.count * LEB.bytes),
          usable_eb_size: String(LEB.bytes),
          size: '128',
        } as Record<string, string>
      )[file!] ?? null
    );
  }

  /**
   * The names in a directory of sysfs that lists devices; null for any other. A late device appears
   * after several lookups.
   */
  listed(path: string): string[] | null {
    const named = (kind: Storage['kind']): string[] =>
      this.present().flatMap((storage) => (storage.kind === kind ? [storage.name] : []));
    if (path === '/sys/class/ubi')
      return [
        ...(this.board.filesystems.includes('ubifs') ? ['version'] : []),
        ...[...this.attached].map((mtd) => `ubi${mtd}`),
        ...named('ubi'),
      ].sort();
    if (path !== '/sys/class/block') return null;
    this.looks++;
    const disk = this.board.behind === undefined ? [] : [this.board.behind.disk];
    const flash = this.board.flash.map(({ index }) => `mtdblock${index}`);
    return [...flash, ...disk, ...named('block')].sort();
  }
}
