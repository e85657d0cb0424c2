import type { Details, System } from '../port.js';
import { SystemError } from '../system-error.js';
import { ENDING } from '../tree-door.js';
import type {
  Changed,
  Description,
  FileContent,
  Folder,
  FolderEntry,
  TreeChange,
  TreeDoor,
} from '../tree-door.js';
import type { Machine } from './machine.js';
import { Errno, Tree, detailsOf, inode, within, type ModelInode } from './model-tree.js';
import type { ModelMount } from './mounts.js';
import { removeTreeAt } from '../remove-tree-at.js';
import { copyByEntries, type Copyable } from './copy-by-entries.js';
import { built, type BuildSteps } from './build-tree.js';
import { walkByEntries } from './walk-by-entries.js';

/** An open directory: it stays the same one if it is renamed, as a descriptor does. */
interface ModelFolder extends Folder {
  mount: ModelMount;
  node: ModelInode;
  /** Its path in its file system when it was opened. */
  opened: string;
  /** For messages. */
  path: string;
}

const model = (folder: Folder): ModelFolder => folder as ModelFolder;

/** The present path of a directory in a tree. @throws Errno ENOENT if it was removed. */
function placeOf({ mount, node, opened }: ModelFolder): string {
  const { files } = mount;
  if (!(files instanceof Tree)) return opened;
  if (files.find(opened) === node) return opened;
  const search = (at: ModelInode, path: string): string | null => {
    if (at === node) return path;
    for (const [name, entry] of at.entries) {
      const found = entry.kind === 'directory' ? search(entry, within(path, `/${name}`)) : null;
      if (found !== null) return found;
    }
    return null;
  };
  const found = search(files.root, '/');
  if (found === null) throw new Errno('ENOENT');
  return found;
}

const NEW = 'new';

/** The names of the calls that make a file. */
const CALLS = {
  file: 'copy',
  symlink: 'symlink',
  node: 'mknod',
  link: 'link',
  folder: 'mkdir',
} as const;

const byBytes = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

const isComponent = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);

/** Trees by descriptor, over the model's files. */
export function doorCalls(machine: Machine): Pick<System, 'tree' | 'removeTree'> {
  const { calls, mounts, paths } = machine;

  const numberOf = ({ device }: ModelMount): number => Number(device.split(':')[1]);
  const folderOf = (mount: ModelMount, on: string, path: string): ModelFolder => {
    const node = mount.files.find(on);
    if (node === null) throw new Errno('ENOENT');
    if (node.kind !== 'directory') throw new Errno('ENOTDIR');
    return { mount, node, opened: on, path, device: numberOf(mount), inode: node.number };
  };
  const on = (folder: Folder, name: string): string => within(placeOf(model(folder)), `/${name}`);
  const pathOf = (folder: Folder, name: string): string => `${model(folder).path}/${name}`;
  const child = (folder: Folder, name: string): ModelInode | null => {
    if (!isComponent(name)) throw new Errno('EINVAL');
    const { mount, node } = model(folder);
    return mount.files instanceof Tree
      ? (node.entries.get(name) ?? null)
      : mount.files.find(on(folder, name));
  };
  const isMounted = (folder: Folder, name: string): boolean =>
    mounts.isMountedOn(model(folder).mount, on(folder, name));

  const entryOf = (mount: ModelMount, name: string, node: ModelInode): FolderEntry => {
    const details: Details = detailsOf(node, numberOf(mount), 1);
    return {
      ...details,
      name,
      target: node.kind === 'symlink' ? node.content : '',
      attributes: new Map([...node.attributes].map(([key, text]) => [key, Buffer.from(text)])),
      errno: null,
    };
  };
  /** A mountpoint has the details of what is mounted on it. */
  const shown = (folder: Folder, name: string, node: ModelInode): FolderEntry => {
    const over = isMounted(folder, name)
      ? mounts.mountedOn(model(folder).mount, on(folder, name))
      : null;
    return over === null
      ? entryOf(model(folder).mount, name, node)
      : entryOf(over, name, over.files.find('/')!);
  };

  const checkWritable = ({ mount }: ModelFolder): void => {
    const { files, options } = mount;
    if (options.includes('ro') || files.readonly) throw new Errno('EROFS');
  };
  const checkFlash = ({ mount }: ModelFolder): void => {
    const { files } = mount;
    if (files instanceof Tree && files.fstype === 'jffs2' && paths.isWriteProtected(files))
      throw new Errno('EIO');
  };

  const describe = (node: ModelInode, { mode, uid, gid, mtime }: Description): void =>
    void Object.assign(node, { mode, uid, gid, mtime });

  const sourceOf = (change: Extract<TreeChange, { what: 'file' | 'link' }>): ModelInode => {
    const [name, number] =
      change.what === 'file'
        ? [change.source.name, change.source.inode]
        : [change.existing, change.inode];
    return calls.look('open', pathOf(change.from, name), () => {
      const found = child(change.from, name);
      if (found === null) throw new Errno('ENOENT');
      if (found.number !== number || found.kind === 'directory') throw new Errno('ESTALE');
      return found;
    });
  };

  type Put = Extract<TreeChange, { scratch: Folder }>;

  /** What a change makes, before it has its name. */
  const made = (change: Put): ModelInode => {
    if (change.what === 'link') return sourceOf(change);
    if (change.what === 'folder') return inode('directory', { mode: 0o700 });
    const node =
      change.what === 'node'
        ? inode(change.kind, { node: change.node })
        : inode(change.what, {
            content: change.what === 'file' ? sourceOf(change).content : change.target,
          });
    describe(node, change);
    return node;
  };

  /** Returns how many attributes the file system does not support. */
  const put = (change: Put): number => {
    const [scratch, folder] = [model(change.scratch), model(change.in)];
    const path = pathOf(folder, change.name);
    const node = made(change);
    const source = change.what === 'file' ? pathOf(change.from, change.source.name) : path;
    const told = { name: CALLS[change.what], path: source };
    calls.change(source === path ? told : { ...told, operand: path, dest: path }, () => {
      checkWritable(scratch);
      checkFlash(scratch);
      if (child(scratch, NEW) !== null) throw new Errno('EEXIST');
      scratch.mount.files.add(on(scratch, NEW), node);
    });
    let lost = 0;
    try {
      if ('attributes' in change) lost = setAttributes(node, path, change);
      calls.change({ name: 'rename', path: pathOf(scratch, NEW), operand: path, dest: path }, () =>
        take(scratch, folder, change.name),
      );
    } catch (error) {
      if (!calls.dead && child(scratch, NEW) !== null) scratch.mount.files.remove(on(scratch, NEW));
      throw error;
    }
    return lost;
  };

  const setAttributes = (node: ModelInode, path: string, change: Description): number => {
    let lost = 0;
    for (const [index, [name, value]] of [...change.attributes].entries())
      try {
        calls.change({ name: 'setxattr', path, operand: name }, () => {
          node.attributes.set(name, value.toString());
        });
      } catch (error) {
        const isLost = error instanceof SystemError && error.errno === 'EOPNOTSUPP';
        if (!isLost || index < change.needed) throw error;
        lost++;
      }
    return lost;
  };

  const take = (scratch: ModelFolder, folder: ModelFolder, name: string): void => {
    if (scratch.mount !== folder.mount) throw new Errno('EXDEV');
    checkWritable(folder);
    const [node, there] = [child(scratch, NEW)!, child(folder, name)];
    if (isMounted(folder, name)) throw new Errno('EBUSY');
    if (there !== null && (there.kind === 'directory') !== (node.kind === 'directory'))
      throw new Errno(there.kind === 'directory' ? 'EISDIR' : 'ENOTDIR');
    const { files } = folder.mount;
    const [from, to] = [on(scratch, NEW), on(folder, name)];
    if (there === node) files.remove(from);
    else if (calls.halved && files instanceof Tree && files.fstype === 'jffs2')
      files.halfRename(from, to);
    else files.rename(from, to, false);
  };

  /** @returns whether only mounts, and the directories above them, are left. */
  const removeBelow = (folder: ModelFolder, name: string): boolean => {
    calls.yield();
    const node = child(folder, name);
    if (node === null) return false;
    if (isMounted(folder, name)) return true;
    let left = false;
    if (node.kind === 'directory') {
      const below = folderOf(folder.mount, on(folder, name), pathOf(folder, name));
      for (const inner of folder.mount.files.list(placeOf(below)))
        left = removeBelow(below, inner) || left;
      calls.yield();
      if (child(folder, name) !== node) throw new Errno('ESTALE');
    }
    if (left) return true;
    checkWritable(folder);
    folder.mount.files.remove(on(folder, name));
    return false;
  };

  /** As native/tree.c does, it begins anew if somebody moves directories under it. */
  const removeAll = (folder: ModelFolder, name: string): void => {
    for (let tries = 8; ; tries--)
      try {
        if (removeBelow(folder, name))
          throw new Errno(child(folder, name)?.kind === 'directory' ? 'EXDEV' : 'EBUSY');
        return;
      } catch (error) {
        const again = error instanceof Errno && ['ESTALE', 'ENOTEMPTY'].includes(error.code);
        if (!again || tries === 1) throw error;
      }
  };

  const change = (each: TreeChange): number => {
    const folder = model(each.in);
    if ('name' in each && !isComponent(each.name)) throw new Errno('EINVAL');
    if (each.what !== 'describe' && each.what !== 'remove') return put(each);
    if (each.what === 'describe') return described(folder, each);
    calls.change({ name: 'remove_tree', path: pathOf(folder, each.name) }, () =>
      removeAll(folder, each.name),
    );
    return 0;
  };

  const described = (folder: ModelFolder, each: Description): number => {
    calls.change({ name: 'describe', path: folder.path }, () => {
      checkWritable(folder);
      const node = folder.mount.files.change(placeOf(folder));
      describe(node, each);
      for (const [name, value] of each.attributes) node.attributes.set(name, value.toString());
    });
    return 0;
  };

  const applied = (call: () => number): Changed => {
    try {
      return { errno: null, lost: call() };
    } catch (error) {
      if (error instanceof SystemError) return { errno: error.errno, lost: 0 };
      if (error instanceof Errno) return { errno: error.code, lost: 0 };
      throw error;
    }
  };

  /** Each change has a result of its own, until nothing more can be made. */
  const each = <Change>(all: readonly Change[], make: (one: Change) => number): Changed[] => {
    const results: Changed[] = [];
    let full = false;
    for (const one of all) {
      const result = full ? { errno: 'ECANCELED', lost: 0 } : applied(() => make(one));
      full ||= ENDING.includes(result.errno ?? '');
      results.push(result);
    }
    return results;
  };

  function* entries(folder: Folder): Generator<FolderEntry, void> {
    const names = calls.look('opendir', model(folder).path, () =>
      model(folder)
        .mount.files.list(placeOf(model(folder)))
        .sort(byBytes),
    );
    for (const name of names) {
      const found = calls.look('lstat', pathOf(folder, name), () => {
        const node = child(folder, name);
        return node === null ? null : shown(folder, name, node);
      });
      if (found !== null) yield found;
    }
  }

  /** What a file holds, in the steps of native/tree-walk.h. */
  const content = (folder: Folder, found: FolderEntry): FileContent => {
    const path = pathOf(folder, found.name);
    try {
      const node = opened(folder, found);
      return calls.look('read', path, () => {
        const bytes = Buffer.from(node.content).subarray(0, found.size);
        const same = bytes.length === found.size && node.mtime === found.mtime;
        return { errno: null, bytes, same };
      });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return { errno: error.errno, bytes: Buffer.alloc(0), same: false };
    }
  };
  const opened = (folder: Folder, { name, inode: number }: FolderEntry): ModelInode =>
    calls.look('open', pathOf(folder, name), () => {
      const found = child(folder, name);
      if (found === null) throw new Errno('ENOENT');
      if (found.number !== number || found.kind !== 'file') throw new Errno('ESTALE');
      return found;
    });
  // The model has no descriptors, and nothing on it has large files.
  const openFile = (folder: Folder, found: FolderEntry): number => (opened(folder, found), -1);

  const holdsSame: Copyable['holdsSame'] = ({ from, to }, one, copy) =>
    content(from, one).bytes.equals(content(to, copy).bytes);

  const building: BuildSteps = {
    enter: (folder, name) => tree.enter(folder, name),
    child,
    describe,
    described: (folder, description) => described(model(folder), description),
    setAttributes,
    add: (folder, name, node, call) =>
      calls.change({ name: call, path: pathOf(folder, name) }, () => {
        checkWritable(model(folder));
        checkFlash(model(folder));
        if (child(folder, name) !== null) throw new Errno('EEXIST');
        model(folder).mount.files.add(on(folder, name), node);
      }),
    drop: (folder, name) =>
      calls.dead ? undefined : model(folder).mount.files.remove(on(folder, name)),
    pathOf,
  };

  const tree: TreeDoor = {
    open: (path, follow = false) =>
      calls.look('open', path, () => {
        const { mount, on: place } = mounts.resolve(path, follow);
        return folderOf(mount, place, path);
      }),
    enter: (folder, name) =>
      calls.look('open', pathOf(folder, name), () => {
        const found = child(folder, name);
        if (found === null) throw new Errno('ENOENT');
        if (isMounted(folder, name)) throw new Errno('EXDEV');
        return folderOf(model(folder).mount, on(folder, name), pathOf(folder, name));
      }),
    scratch: (folder, name) =>
      calls.change({ name: 'mkdir', path: pathOf(folder, name) }, () => {
        checkWritable(model(folder));
        if (child(folder, name) !== null) throw new Errno('EEXIST');
        const place = on(folder, name);
        model(folder).mount.files.add(place, inode('directory', { mode: 0o700 }));
        return folderOf(model(folder).mount, place, pathOf(folder, name));
      }),
    above: (folder, { device, inode: number }) =>
      calls.look('open', `${model(folder).path}/..`, () => {
        const place = placeOf(model(folder));
        const above = folderOf(
          model(folder).mount,
          place.slice(0, place.lastIndexOf('/')) || '/',
          model(folder).path.replace(/\/[^/]*$/, ''),
        );
        if (above.device !== device || above.inode !== number) throw new Errno('ESTALE');
        return above;
      }),
    again: (folder) => ({ ...model(folder) }),
    close: () => {},
    entries,
    entry: (folder, name) =>
      calls.look('lstat', pathOf(folder, name), () => {
        const node = child(folder, name);
        return node === null ? null : shown(folder, name, node);
      }),
    self: (folder) =>
      calls.look('lstat', model(folder).path, () =>
        entryOf(model(folder).mount, '', model(folder).node),
      ),
    walk: (folder, purpose) => walkByEntries({ ...tree, content, openFile }, folder, purpose),
    copy: (from, to, how) => copyByEntries({ ...tree, holdsSame }, from, to, how),
    apply: (changes) => each(changes, change),
    build: (top, all) => each(all, (one) => built(building, top, one)),
  };
  return { tree, removeTree: (path) => removeTreeAt(tree, path) };
}
