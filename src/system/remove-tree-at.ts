import { SystemError } from './system-error.js';
import type { TreeDoor } from './tree-door.js';

/** Removes what is at a path, through the directory above it. @throws {SystemError} */
export function removeTreeAt(tree: TreeDoor, path: string): void {
  const end = path.lastIndexOf('/');
  const folder = tree.open(path.slice(0, end) || '/');
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
