import { RAM_FILESYSTEMS } from '../flags.js';
import type { PathKind, Reader, System } from '../port.js';
import { blockStart, storageBytes } from './board.js';
import type { Machine } from './machine.js';
import { IMAGE_DEVICE } from './model-devices.js';
import { orMissing } from './model-paths.js';
import { Errno, detailsOf, parent } from './model-tree.js';

const SQUASHFS_MAGIC = 0x73717368;

/** Directories of sysfs and files of proc, which are computed and not in a tree. */
const DIRECTORIES = /^\/sys\/class\/(ubi|block)$/;
const FILES = /^\/proc\/(cmdline|mtd|filesystems)$/;

/** The calls that change nothing. */
export function readCalls({
  board,
  calls,
  devices,
  faults,
  mounts,
  paths,
}: Machine): Reader & Pick<System, 'attributes'> {
  /** The content of /proc and /sys at their mountpoints. */
  const shown = (path: string): string | null => {
    const fstypeAt = (at: string): string => mounts.resolve(at, true).mount.files.fstype;
    if (path.endsWith('/self/mountinfo') && fstypeAt(parent(parent(path))) === 'proc')
      return mounts.text();
    return path.startsWith('/proc/') && fstypeAt('/proc') !== 'proc' ? null : devices.shown(path);
  };

  /** The new root shows the same files before and after the pivot. */
  const faultOf = (path: string): string | undefined =>
    faults.sources[path.replace(/^(?:\/mnt|\/tmp\/mountroot\/root)(?=\/(?:proc|sys|dev)\/)/, '')];

  /** Sees a file, unless its source is missing, empty or unreadable. */
  const through = <T>(path: string, empty: T, see: () => T): T => {
    const fault = faultOf(path);
    if (fault === undefined) return see();
    if (fault === 'missing') throw new Errno('ENOENT');
    if (fault !== 'empty') throw new Errno(fault);
    return empty;
  };

  const kindAt = (path: string): PathKind => {
    if (faultOf(path) === 'missing') return 'missing';
    if (DIRECTORIES.test(path)) return 'directory';
    if (FILES.test(path) && shown(path) !== null) return 'file';
    const storage = path.startsWith('/dev/') ? devices.storage(path) : undefined;
    if (storage !== undefined) return storage.kind === 'ubi' ? 'character' : 'block';
    return paths.find(path)?.kind ?? 'missing';
  };

  const bytesAt = (path: string, offset: number, length: number): Uint8Array => {
    const flash = devices.flash(path);
    if (path === IMAGE_DEVICE && board.initramfs !== null)
      return Buffer.from('hsqs'.padEnd(length, '\0'));
    if (flash) {
      const left = flash.blocks.length * flash.eraseBlock - offset;
      const block = flash.blocks[Math.floor(offset / flash.eraseBlock)] ?? 'erased';
      return blockStart(block, Math.max(0, Math.min(length, left)));
    }
    const storage = devices.storage(path);
    if (storage) return storageBytes(storage, offset, length);
    const disk = devices.diskBytes(path, offset, length);
    if (disk) return disk;
    return Buffer.from(paths.must(path, true).content).subarray(offset, offset + length);
  };

  return {
    kind: (path) => calls.look('lstat', path, () => orMissing(() => kindAt(path)) ?? 'missing'),
    details: (path) =>
      calls.look('lstat', path, () => {
        const { mount } = mounts.resolve(path);
        return detailsOf(paths.must(path), Number(mount.device.split(':')[1]), 1);
      }),
    readText: (path) =>
      calls.look('read', path, () =>
        through(path, '', () => {
          const text = shown(path);
          if (text !== null) return text;
          const found = paths.must(path, true);
          if (found.kind === 'directory') throw new Errno('EISDIR');
          return found.content;
        }),
      ),
    readBytes: (path, offset, length) =>
      calls.look('read', path, () =>
        through(path, new Uint8Array(), () => bytesAt(path, offset, length)),
      ),
    readLink: (path) =>
      calls.look('readlink', path, () => {
        const link = devices.linkOf(path);
        if (link !== null) return link;
        const found = paths.must(path);
        if (found.kind !== 'symlink') throw new Errno('EINVAL');
        return found.content;
      }),
    list: (path) =>
      calls.look('opendir', path, () =>
        through(path, [], () => {
          const names = devices.listed(path);
          if (names) return names;
          const { mount, on } = mounts.resolve(path, true);
          return mount.files.list(on).sort();
        }),
      ),
    realPath: (path) => path,
    space: (path) => ({
      total: 65_536,
      free: 32_768,
      type: calls.look('statfs', path, () =>
        ['rootfs', 'tmpfs', 'ramfs'].includes(mounts.resolve(path, true).mount.files.fstype)
          ? RAM_FILESYSTEMS[0]!
          : SQUASHFS_MAGIC,
      ),
    }),
    attributes: (path) =>
      calls.look('listxattr', path, () => {
        const { attributes } = paths.must(path);
        return new Map([...attributes].map(([name, value]) => [name, Buffer.from(value)]));
      }),
  };
}
