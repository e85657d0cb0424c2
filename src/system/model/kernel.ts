/**
 * A kernel in memory: file systems, a mount table and flash, with the errno rules of the calls that
 * this agent makes. It exists so that every call can fail in every way, and the power go after
 * every one, within milliseconds. That its rules are the real kernel's is checked by running both
 * side by side.
 */
import { RAM_FILESYSTEMS, type MountFlag } from '../flags.js';
import type { System } from '../port.js';
import { SystemError } from '../system-error.js';
import { blockStart, superblock, type Board, type Flash } from './board.js';
import { Devices, IMAGE_DEVICE } from './model-devices.js';
import { Mounts, type MountPlace } from './mounts.js';
import { Overlay, overlay } from './overlay.js';
import {
  Errno,
  Tree,
  clone,
  detailsOf,
  inode,
  parent,
  within,
  type Files,
  type ModelInode,
} from './model-tree.js';

export interface Faults {
  /** Asked before each call that changes something, the first being 1: the name of an error refuses the call, `cut` is the power going before it is made, `cut after` behind it, `cut within`
   * in the middle: jffs2 makes the new name of what is renamed and then removes the old one. */
  at?: (position: number, call: string) => string | 'cut' | 'cut within' | 'cut after' | null;
  /** File system types that come up read-only although mount(2) returns 0. */
  readonly?: readonly string[];
  /** Files on / that some process has open for writing. */
  writers?: string[];
}

export interface Kernel extends System {
  /** The calls that changed something, in order. */
  calls: string[];
  mounts: Mounts;
  /** What process 1 became. */
  init: string | null;
  /** Whether the power has gone: nothing changes any more, and every call fails. */
  dead: boolean;
  lines: string[];
}

/** What the kernel unpacks a ramdisk to: memory, which begins anew with every boot. */
const unpacked = (from: Tree): Tree =>
  Object.assign(new Tree('rootfs'), { root: clone(from.root) });

/** Every power-on is a kernel of its own. */
export function powerOn(
  board: Board,
  { at = () => null, readonly = [], writers = [] }: Faults = {},
): Kernel {
  board.boots++;
  board.image.readonly = true;
  const first = board.initramfs && unpacked(board.initramfs);
  const mounts =
    first === null
      ? new Mounts(board.image, '/dev/root', '31:2')
      : new Mounts(first, 'rootfs', '0:2', 'rw');
  const devices = new Devices(board);

  const virtual = (fstype: string, path: string): Tree => {
    const tree = new Tree(fstype);
    mounts.mount(path, tree, fstype, devices.nextNumber(), ['rw', 'relatime'], ['rw']);
    return tree;
  };
  const dev =
    first === null && board.image.find('/dev') ? virtual('devtmpfs', '/dev') : new Tree('devtmpfs');
  for (const path of ['/proc', '/sys'])
    if (first === null && board.image.find(path))
      virtual(path === '/proc' ? 'proc' : 'sysfs', path);
  if (first === null && board.image.find('/tmp')) virtual('tmpfs', '/tmp');
  if (first !== null) dev.add('/mtdblock2', inode('block', { node: '31:2' }));
  for (const { index } of board.flash) {
    dev.add(`/mtdblock${index}`, inode('block', { node: `31:${index}` }));
    dev.add(`/mtd${index}`, inode('character', { node: `90:${2 * index}` }));
  }

  const kernel = {
    calls: [] as string[],
    lines: [] as string[],
    mounts,
    init: null,
    dead: false,
  } as unknown as Kernel;
  let position = 0;
  let halved = false;
  const wrap = <T>(
    syscall: string,
    path: string,
    text: string,
    change: () => T,
    dest?: string,
  ): T => {
    const fail = (errno: string): never => {
      throw new SystemError({
        what: text,
        syscall,
        errno,
        path,
        ...(dest !== undefined && { dest }),
      });
    };
    try {
      return change();
    } catch (error) {
      if (error instanceof Errno) return fail(error.code);
      throw error;
    }
  };
  /** A call that changes something. */
  const call = <T>(
    name: string,
    path: string,
    operands: string,
    change: () => T,
    dest?: string,
  ): T =>
    wrap(
      name,
      path,
      `${name} ${path}${operands}`,
      () => {
        if (kernel.dead) throw new Errno('EIO');
        const text = `${name} ${path}${operands}`;
        const fault = at(++position, text);
        if (fault === 'cut') kernel.dead = true;
        if (fault !== null && fault !== 'cut after' && fault !== 'cut within')
          throw new Errno(fault === 'cut' ? 'EIO' : fault);
        halved = fault === 'cut within';
        const result = change();
        kernel.calls.push(text);
        if (fault === 'cut after' || fault === 'cut within') {
          kernel.dead = true;
          throw new Errno('EIO');
        }
        return result;
      },
      dest,
    );
  const look = <T>(name: string, path: string, see: () => T): T =>
    wrap(name, path, `${name} ${path}`, () => {
      if (kernel.dead) throw new Errno('EIO');
      return see();
    });

  const find = (path: string, follow = false): ModelInode | null => {
    const { mount, on } = mounts.resolve(path, follow);
    return mount.files.find(on);
  };
  const must = (path: string, follow = false): ModelInode => {
    const found = find(path, follow);
    if (found === null) throw new Errno('ENOENT');
    return found;
  };
  /** Where a name is, whether there is anything of that name or not. */
  const above = (path: string): MountPlace => {
    const { mount, on } = mounts.resolve(parent(path), true);
    if (mount.files.find(on) === null) throw new Errno('ENOENT');
    if (mount.files.find(on)?.kind !== 'directory') throw new Errno('ENOTDIR');
    return { mount, on: within(on, `/${path.slice(path.lastIndexOf('/') + 1)}`) };
  };
  const writable = (path: string): { files: Files; on: string } => {
    const { mount, on } = above(path);
    if (mount.options.includes('ro')) throw new Errno('EROFS');
    return { files: mount.files, on };
  };
  const add = (path: string, what: ModelInode): void => {
    if (find(path) !== null) throw new Errno('EEXIST');
    const { files, on } = writable(path);
    if (files instanceof Tree && files.fstype === 'jffs2' && boardFlash(files)?.writeProtected)
      throw new Errno('EIO');
    files.add(on, what);
  };
  const boardFlash = (tree: Files): Flash | undefined =>
    board.flash.find((flash) => flash.tree === tree);
  const change = (path: string): ModelInode => {
    must(path);
    const { mount, on } = mounts.resolve(path);
    if (mount.options.includes('ro')) throw new Errno('EROFS');
    return mount.files.change(on);
  };
  const remove = (path: string, only?: 'directory' | 'no directory'): void => {
    const { files, on } = writable(path);
    if (files.readonly) throw new Errno('EROFS');
    const found = must(path);
    // A mount on it is looked for behind its kind, as vfs_rmdir and vfs_unlink do.
    if (only === 'directory' && files.find(on)?.kind !== 'directory') throw new Errno('ENOTDIR');
    if (only === 'no directory' && found.kind === 'directory') throw new Errno('EISDIR');
    if (mounts.isMountpoint(path)) throw new Errno('EBUSY');
    files.remove(on);
  };
  const removeAll = (path: string, top = false): void => {
    let found: ModelInode | null = null;
    try {
      found = find(path);
    } catch (error) {
      if (!(error instanceof Errno) || !['ENOENT', 'ENOTDIR'].includes(error.code)) throw error;
    }
    if (found === null) return;
    const { mount, on } = mounts.resolve(path);
    if (top && mounts.isMountpoint(path))
      throw new Errno(found.kind === 'directory' ? 'EXDEV' : 'EBUSY');
    if (found.kind === 'directory')
      for (const name of mount.files.list(on)) {
        if (mounts.isMountpoint(`${path}/${name}`)) throw new Errno('EXDEV');
        removeAll(`${path}/${name}`);
      }
    remove(path);
  };
  const sync = (path: string): void => {
    const { mount } = mounts.resolve(path, true);
    for (const tree of [...board.flash, ...board.storage].map((each) => each.tree))
      if (tree !== null && (tree === mount.files || mount.files instanceof Overlay)) tree.sync();
  };

  /** What /proc and /sys show, where they are mounted. */
  const shown = (path: string): string | null => {
    if (
      path.endsWith('/self/mountinfo') &&
      mounts.resolve(parent(parent(path)), true).mount.files.fstype === 'proc'
    )
      return mounts.text();
    return path.startsWith('/proc/') && mounts.resolve('/proc', true).mount.files.fstype !== 'proc'
      ? null
      : devices.shown(path);
  };

  const mountNew = (
    source: string,
    target: string,
    fstype: string,
    flags: readonly MountFlag[],
    data: string | null,
  ): void => {
    if (data !== null && Buffer.byteLength(data) > 4095) throw new Errno('EINVAL');
    must(target, true);
    if (!board.filesystems.includes(fstype)) throw new Errno('ENODEV');
    const options = [
      flags.includes('MS_RDONLY') ? 'ro' : 'rw',
      flags.includes('MS_NOATIME') ? 'noatime' : 'relatime',
    ];
    const forced = readonly.includes(fstype);
    if (fstype.startsWith('overlay')) {
      const made = overlay(
        mounts,
        fstype,
        data ?? '',
        (files) => boardFlash(files)?.writeProtected ?? false,
      );
      made.readonly ||= forced;
      return mounts.mount(target, made, source, devices.nextNumber(), options, [
        made.readonly ? 'ro' : 'rw',
        ...(data ?? '').split(','),
      ]);
    }
    if (fstype === 'devtmpfs')
      return mounts.mount(target, dev, source, devices.nextNumber(), options, ['rw']);
    if (['tmpfs', 'pstore', 'proc', 'sysfs'].includes(fstype))
      return mounts.mount(target, new Tree(fstype), source, devices.nextNumber(), options, ['rw']);
    const { tree, device, readonly: protectedDevice } = devices.volume(source, fstype);
    if (protectedDevice && !flags.includes('MS_RDONLY')) throw new Errno('EROFS');
    tree.readonly = flags.includes('MS_RDONLY') || forced;
    mounts.mount(target, tree, source, device, options, [tree.readonly ? 'ro' : 'rw']);
  };

  /** The second half of a replacement; what was written beside goes again when it fails. */
  const settle = (next: string, path: string): void => {
    try {
      call('rename', next, ` ${path}`, () => {
        rename(next, path, false);
        sync(parent(path));
      });
    } catch (error) {
      if (!kernel.dead) remove(next);
      throw error;
    }
  };

  const system: System = {
    kind: (path) =>
      look('lstat', path, () => {
        try {
          return /^\/sys\/class\/(ubi|block)$/.test(path)
            ? 'directory'
            : /^\/proc\/(cmdline|mtd|filesystems)$/.test(path) && shown(path) !== null
              ? 'file'
              : devices.storage(path)?.kind === 'block'
                ? 'block'
                : (find(path)?.kind ?? 'missing');
        } catch (error) {
          if (error instanceof Errno && ['ENOENT', 'ENOTDIR'].includes(error.code))
            return 'missing';
          throw error;
        }
      }),
    details: (path) =>
      look('lstat', path, () => {
        const { mount } = mounts.resolve(path);
        return detailsOf(must(path), Number(mount.device.split(':')[1]), 1);
      }),
    readText: (path) =>
      look('read', path, () => {
        const text = shown(path);
        if (text !== null) return text;
        const found = must(path, true);
        if (found.kind === 'directory') throw new Errno('EISDIR');
        return found.content;
      }),
    readBytes: (path, offset, length) =>
      look('read', path, () => {
        const flash = devices.flash(path);
        if (path === IMAGE_DEVICE && first !== null)
          return Buffer.from('hsqs'.padEnd(length, '\0'));
        if (flash)
          return blockStart(
            flash.blocks[Math.floor(offset / flash.eraseBlock)] ?? 'erased',
            Math.max(0, Math.min(length, flash.blocks.length * flash.eraseBlock - offset)),
          );
        const storage = devices.storage(path);
        if (storage) return superblock(storage, length);
        return Buffer.from(must(path, true).content).subarray(offset, offset + length);
      }),
    readLink: (path) =>
      look('readlink', path, () => {
        const found = must(path);
        if (found.kind !== 'symlink') throw new Errno('EINVAL');
        return found.content;
      }),
    list: (path) =>
      look('opendir', path, () => {
        const names = devices.listed(path);
        if (names) return names;
        const { mount, on } = mounts.resolve(path, true);
        return mount.files.list(on).sort();
      }),
    realPath: (path) => path,
    space: (path) => ({
      total: 65_536,
      free: 32_768,
      type: look('statfs', path, () =>
        ['rootfs', 'tmpfs', 'ramfs'].includes(mounts.resolve(path, true).mount.files.fstype)
          ? RAM_FILESYSTEMS[0]!
          : 0x73717368,
      ),
    }),
    attributes: (path) =>
      look(
        'listxattr',
        path,
        () =>
          new Map([...must(path).attributes].map(([name, value]) => [name, Buffer.from(value)])),
      ),

    mount: (source, target, fstype, flags, data) => {
      if (flags.includes('MS_MOVE'))
        return call('move', source!, ` ${target}`, () => mounts.move(source!, target), target);
      if (flags.includes('MS_REMOUNT'))
        return call('remount', target, flags.includes('MS_RDONLY') ? ' ro' : ' rw', () => {
          if (flags.includes('MS_RDONLY') && target === '/' && writers.length > 0)
            throw new Errno('EBUSY');
          mounts.remount(target, flags.includes('MS_RDONLY'));
        });
      if (fstype === null)
        return call('mount', target, ` ${flags.join('|')}`, () => mounts.propagate(target, flags));
      return call('mount', target, ` ${fstype}`, () =>
        mountNew(source!, target, fstype, flags, data),
      );
    },
    umount: (target, lazy = false) =>
      call('umount', target, lazy ? ' lazy' : '', () => mounts.umount(target, lazy)),
    pivotRoot: (newRoot, putOld) =>
      call('pivot_root', newRoot, ` ${putOld}`, () => mounts.pivot(newRoot, putOld), putOld),
    switchRoot: (newRoot) => call('switch_root', newRoot, '', () => mounts.switch(newRoot)),
    execve: (path) =>
      call('execve', path, '', () => {
        if (must(path, true).kind !== 'file') throw new Errno('EACCES');
        kernel.init = path;
      }),
    chdir: (path) =>
      call(
        'chdir',
        path,
        '',
        () => void (must(path, true).kind === 'directory' || fail('ENOTDIR')),
      ),
    mkdir: (path, mode) => call('mkdir', path, '', () => add(path, inode('directory', { mode }))),
    rmdir: (path) => call('rmdir', path, '', () => remove(path, 'directory')),
    unlink: (path) => call('unlink', path, '', () => remove(path, 'no directory')),
    create: (path, content, mode) =>
      call('create', path, '', () => add(path, inode('file', { content, mode }))),
    replace: (path, content, mode) => {
      const next = `${path}.next`;
      call('create', next, '', () => {
        if (find(next) !== null) remove(next);
        add(next, inode('file', { content, mode }));
        sync(next);
      });
      settle(next, path);
    },
    replaceLink: (target, path) => {
      const next = `${path}.next`;
      call('symlink', next, '', () => {
        if (find(next) !== null) remove(next);
        add(next, inode('symlink', { content: target }));
      });
      settle(next, path);
    },
    removeTree: (path) =>
      call('remove_tree', path, '', () => {
        removeAll(path, true);
      }),
    syncfs: (path) => call('syncfs', path, '', () => sync(path)),
    rename: (from, to) => call('rename', from, ` ${to}`, () => rename(from, to, false), to),
    renameLeavingWhiteout: (from, to) =>
      call('renameat2', from, ` ${to}`, () => rename(from, to, true), to),
    exchange: (one, other) => call('exchange', one, ` ${other}`, () => exchange(one, other), other),
    symlink: (target, path) =>
      call('symlink', path, '', () => add(path, inode('symlink', { content: target }))),
    link: (existing, path) =>
      call('link', existing, ` ${path}`, () => {
        add(path, must(existing));
      }),
    makeNode: (path, type, mode, node) =>
      call('mknod', path, '', () => add(path, inode(type, { mode, node }))),
    copyFile: (from, to, mode) =>
      call(
        'copy',
        from,
        ` ${to}`,
        () => add(to, inode('file', { content: must(from).content, mode })),
        to,
      ),
    setOwner: (path, uid, gid) =>
      call('lchown', path, '', () => void Object.assign(change(path), { uid, gid })),
    setMode: (path, mode) =>
      call('chmod', path, '', () => void Object.assign(change(path), { mode })),
    setModified: (path, mtime) =>
      call('utimensat', path, '', () => void Object.assign(change(path), { mtime })),
    setAttribute: (path, name, value) =>
      call(
        'setxattr',
        path,
        ` ${name}`,
        () => void change(path).attributes.set(name, value.toString()),
      ),

    eraseBlock: (device, start) =>
      call('erase', device, ` ${start}`, () => {
        const flash = devices.flash(device);
        if (!flash) throw new Errno('ENOENT');
        if (flash.writeProtected) throw new Errno('EROFS');
        if (mounts.text().includes(` 31:${flash.index} `)) throw new Errno('EBUSY');
        flash.blocks[start / flash.eraseBlock] = 'erased';
        if (!flash.blocks.includes('jffs2')) flash.tree.root.entries.clear();
        flash.tree.sync();
        return true;
      }),
    writeFlash: (device, offset) =>
      call('write', device, ` ${offset}`, () => {
        const flash = devices.flash(device);
        if (!flash) throw new Errno('ENOENT');
        flash.blocks[offset / flash.eraseBlock] = 'marker';
      }),
    attachUbi: (mtd) =>
      call('attach', `mtd${mtd}`, '', () => {
        devices.attach(mtd);
      }),
    lock: () => true,
    sleep: () => {},
    during: (text) => void (text !== null && kernel.lines.push(text)),
    watchdog: () => {},
  };
  const fail = (errno: string): never => {
    throw new Errno(errno);
  };
  const exchange = (one: string, other: string): void => {
    const [source, target] = [above(one), above(other)];
    if (source.mount !== target.mount) throw new Errno('EXDEV');
    if (source.mount.options.includes('ro')) throw new Errno('EROFS');
    if (!(source.mount.files instanceof Tree)) throw new Errno('EINVAL');
    source.mount.files.exchange(source.on, target.on);
  };
  const rename = (from: string, to: string, whiteout: boolean): void => {
    // In the order of do_renameat2 and vfs_rename (fs/namei.c).
    const [source, target] = [above(from), above(to)];
    if (source.mount !== target.mount) throw new Errno('EXDEV');
    const { files } = source.mount;
    if (source.mount.options.includes('ro') || files.readonly) throw new Errno('EROFS');
    const [moved, there] = [files.find(source.on), files.find(target.on)];
    if (moved === null) throw new Errno('ENOENT');
    if (target.on.startsWith(`${source.on}/`)) throw new Errno('EINVAL');
    if (source.on.startsWith(`${target.on}/`)) throw new Errno('ENOTEMPTY');
    if (moved === there) return;
    if (there !== null && (there.kind === 'directory') !== (moved.kind === 'directory'))
      throw new Errno(there.kind === 'directory' ? 'EISDIR' : 'ENOTDIR');
    if (mounts.isMountpoint(from) || mounts.isMountpoint(to)) throw new Errno('EBUSY');
    if (halved && files instanceof Tree && files.fstype === 'jffs2')
      return files.halfRename(source.on, target.on);
    files.rename(source.on, target.on, whiteout);
    mounts.renamed(source.mount, source.on, target.on);
  };
  return Object.assign(kernel, system);
}
