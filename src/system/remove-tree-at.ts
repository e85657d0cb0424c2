import { SystemError } from './system-error.js';
import type { Folder, TreeDoor } from './tree-door.js';

/** null if it does not exist. */
function folderOf(tree: TreeDoor, path: string): Folder | null {
  try {
    return tree.open(path.slice(0, path.lastIndexOf('/')) || '/', true);
  } catch (error) {
    if (error instanceof SystemError && ['ENOENT', 'ENOTDIR'].includes(error.errno)) return null;
    throw error;
  }
}

/** Removes what is at a path, through the directory above it. @throws {SystemError} */
export function removeTreeAt(tree: TreeDoor, path: string): void {
  const end = path.lastIndexOf('/');
  const folder = folderOf(tree, path);
  if (folder === null) return;
  try {
    const [{ errno } = { errno: null }] = tree.apply([
      { what: 'remove', in: folder, name: path.slice(end + 1) },
    ]);
    if (errno !== null)
      throw new SystemError({ what: `remove tree ${path}`, syscall: 'unlink', errno, path });
  } finally {
    tree.close(folder);
  }
}
