import type { System, TreeSystem } from '../port.js';
import type { Machine } from './machine.js';
import { inode, parent } from './model-tree.js';

type TreeCalls = Omit<TreeSystem, 'attributes'> &
  Pick<
    System,
    | 'mkdir'
    | 'rmdir'
    | 'unlink'
    | 'create'
    | 'replace'
    | 'replaceLink'
    | 'syncfs'
    | 'renameLeavingWhiteout'
    | 'exchange'
    | 'mapShared'
  >;

/** The calls that change files. */
export function treeCalls({ calls, paths }: Machine): TreeCalls {
  /** The second half of a replacement. If it fails, the file beside is removed. */
  const settle = (next: string, path: string): void => {
    try {
      calls.change({ name: 'rename', path: next, operand: path }, () => {
        paths.rename(next, path, false);
        paths.sync(parent(path));
      });
    } catch (error) {
      if (!calls.dead) paths.remove(next);
      throw error;
    }
  };
  /** An earlier replacement may have left one. */
  const removeOld = (path: string): void => {
    if (paths.find(path) !== null) paths.remove(path);
  };
  return {
    mkdir: (path, mode) =>
      calls.change({ name: 'mkdir', path }, () => paths.add(path, inode('directory', { mode }))),
    rmdir: (path) => calls.change({ name: 'rmdir', path }, () => paths.remove(path, 'directory')),
    unlink: (path) =>
      calls.change({ name: 'unlink', path }, () => paths.remove(path, 'no directory')),
    create: (path, content, mode) =>
      calls.change({ name: 'create', path }, () =>
        paths.add(path, inode('file', { content: String(content), mode })),
      ),
    replace: (path, content, mode) => {
      const next = `${path}.next`;
      calls.change({ name: 'create', path: next }, () => {
        removeOld(next);
        paths.add(next, inode('file', { content, mode }));
        paths.sync(next);
      });
      settle(next, path);
    },
    replaceLink: (target, path) => {
      const next = `${path}.next`;
      calls.change({ name: 'symlink', path: next }, () => {
        removeOld(next);
        paths.add(next, inode('symlink', { content: target }));
      });
      settle(next, path);
    },
    syncfs: (path) => calls.change({ name: 'syncfs', path }, () => paths.sync(path)),
    rename: (from, to) =>
      calls.change({ name: 'rename', path: from, operand: to, dest: to }, () =>
        paths.rename(from, to, false),
      ),
    renameLeavingWhiteout: (from, to) =>
      calls.change({ name: 'renameat2', path: from, operand: to, dest: to }, () =>
        paths.rename(from, to, true),
      ),
    exchange: (one, other) =>
      calls.change({ name: 'exchange', path: one, operand: other, dest: other }, () =>
        paths.exchange(one, other),
      ),
    mapShared: (path) =>
      calls.look('mmap', path, () => {
        paths.must(path);
        paths.map(path);
      }),
    symlink: (target, path) =>
      calls.change({ name: 'symlink', path }, () =>
        paths.add(path, inode('symlink', { content: target })),
      ),
    link: (existing, path) =>
      calls.change({ name: 'link', path: existing, operand: path }, () =>
        paths.add(path, paths.must(existing)),
      ),
    makeNode: (path, type, mode, node) =>
      calls.change({ name: 'mknod', path }, () => paths.add(path, inode(type, { mode, node }))),
    copyFile: (from, to, mode) =>
      calls.change({ name: 'copy', path: from, operand: to, dest: to }, () =>
        paths.add(to, inode('file', { content: paths.must(from).content, mode })),
      ),
    setOwner: (path, uid, gid) =>
      calls.change(
        { name: 'lchown', path },
        () => void Object.assign(paths.change(path), { uid, gid }),
      ),
    setMode: (path, mode) =>
      calls.change({ name: 'chmod', path }, () => void Object.assign(paths.change(path), { mode })),
    setModified: (path, mtime) =>
      calls.change(
        { name: 'utimensat', path },
        () => void Object.assign(paths.change(path), { mtime }),
      ),
    setAttribute: (path, name, value) =>
      calls.change(
        { name: 'setxattr', path, operand: name },
        () => void paths.change(path).attributes.set(name, value.toString()),
      ),
  };
}
