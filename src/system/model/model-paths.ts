import type { Board } from './board.js';
import type { Calls } from './calls.js';
import type { MountPlace, Mounts } from './mounts.js';
import { Overlay } from './overlay.js';
import { Errno, Tree, parent, within, type Files, type ModelInode } from './model-tree.js';

/** The errors of a path that does not exist. */
const NOTHING_THERE = ['ENOENT', 'ENOTDIR'];

/** null for a path that does not exist. */
export function orMissing<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Errno && NOTHING_THERE.includes(error.code)) return null;
    throw error;
  }
}

/** Files by their path through all mounts, with the rules of fs/namei.c. */
export class Paths {
  constructor(
    private readonly board: Board,
    private readonly mounts: Mounts,
    private readonly calls: Calls,
  ) {}

  find(path: string, follow = false): ModelInode | null {
    const { mount, on } = this.mounts.resolve(path, follow);
    return mount.files.find(on);
  }

  /** @throws Errno ENOENT */
  must(path: string, follow = false): ModelInode {
    const found = this.find(path, follow);
    if (found === null) throw new Errno('ENOENT');
    return found;
  }

  /** The inode to change. */
  change(path: string): ModelInode {
    this.must(path);
    const { mount, on } = this.mounts.resolve(path);
    if (mount.options.includes('ro')) throw new Errno('EROFS');
    return mount.files.change(on);
  }

  add(path: string, what: ModelInode): void {
    if (this.find(path) !== null) throw new Errno('EEXIST');
    const { files, on } = this.writable(path);
    if (files instanceof Tree && files.fstype === 'jffs2' && this.isWriteProtected(files))
      throw new Errno('EIO');
    files.add(on, what);
  }

  remove(path: string, only?: 'directory' | 'no directory'): void {
    const { files, on } = this.writable(path);
    if (files.readonly) throw new Errno('EROFS');
    const found = this.must(path);
    // The kind is checked before a mount on it, as in vfs_rmdir and vfs_unlink.
    if (only === 'directory' && files.find(on)?.kind !== 'directory') throw new Errno('ENOTDIR');
    if (only === 'no directory' && found.kind === 'directory') throw new Errno('EISDIR');
    if (this.mounts.isMountpoint(path)) throw new Errno('EBUSY');
    files.remove(on);
  }

  /** The checks are in the order of do_renameat2 and vfs_rename. */
  rename(from: string, to: string, whiteout: boolean): void {
    const [source, target] = this.onOneMount(from, to);
    const { files } = source.mount;
    if (source.mount.options.includes('ro') || files.readonly) throw new Errno('EROFS');
    const [moved, there] = [files.find(source.on), files.find(target.on)];
    if (moved === null) throw new Errno('ENOENT');
    if (target.on.startsWith(`${source.on}/`)) throw new Errno('EINVAL');
    if (source.on.startsWith(`${target.on}/`)) throw new Errno('ENOTEMPTY');
    if (moved === there) return;
    if (there !== null && (there.kind === 'directory') !== (moved.kind === 'directory'))
      throw new Errno(there.kind === 'directory' ? 'EISDIR' : 'ENOTDIR');
    if (this.mounts.isMountpoint(from) || this.mounts.isMountpoint(to)) throw new Errno('EBUSY');
    if (this.calls.halved && files instanceof Tree && files.fstype === 'jffs2')
      return files.halfRename(source.on, target.on);
    files.rename(source.on, target.on, whiteout);
    this.mounts.renamed(source.mount, source.on, target.on);
  }

  exchange(one: string, other: string): void {
    const [source, target] = this.onOneMount(one, other);
    if (source.mount.options.includes('ro')) throw new Errno('EROFS');
    if (!(source.mount.files instanceof Tree)) throw new Errno('EINVAL');
    source.mount.files.exchange(source.on, target.on);
  }

  /** mmap(2) for shared writing. */
  map(path: string): void {
    const { files } = this.mounts.resolve(path, true).mount;
    if (files instanceof Tree && !files.maps) throw new Errno('EINVAL');
  }

  /** syncfs(2). An overlay syncs its upper layer. */
  sync(path: string): void {
    const { mount } = this.mounts.resolve(path, true);
    const { flash, storage, image, root } = this.board;
    if (root.access === 'rw' && image === mount.files) image.sync();
    const behind = this.board.behind === undefined ? [] : [this.board.behind.storage];
    for (const { tree } of [...flash, ...storage, ...behind])
      if (tree !== null && (tree === mount.files || mount.files instanceof Overlay)) tree.sync();
  }

  isWriteProtected = (files: Files): boolean =>
    this.board.flash.find(({ tree }) => tree === files)?.writeProtected ?? false;

  private onOneMount(one: string, other: string): [MountPlace, MountPlace] {
    const [source, target] = [this.above(one), this.above(other)];
    if (source.mount !== target.mount) throw new Errno('EXDEV');
    return [source, target];
  }

  /** The place of a name, even if no file has it. */
  private above(path: string): MountPlace {
    const { mount, on } = this.mounts.resolve(parent(path), true);
    const folder = mount.files.find(on);
    if (folder === null) throw new Errno('ENOENT');
    if (folder.kind !== 'directory') throw new Errno('ENOTDIR');
    return { mount, on: within(on, `/${path.slice(path.lastIndexOf('/') + 1)}`) };
  }

  private writable(path: string): { files: Files; on: string } {
    const { mount, on } = this.above(path);
    if (mount.options.includes('ro')) throw new Errno('EROFS');
    return { files: mount.files, on };
  }
}
