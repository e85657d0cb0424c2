/** TreeDoor.build of the model, in the steps of native/tree-build.h. */
import type { Building, Description, Folder } from '../tree-door.js';
import { Errno, inode, type ModelInode } from './model-tree.js';

/** What the model's door has for it. */
export interface BuildSteps {
  enter: (folder: Folder, name: string) => Folder;
  child: (folder: Folder, name: string) => ModelInode | null;
  describe: (node: ModelInode, description: Description) => void;
  described: (folder: Folder, description: Description) => number;
  setAttributes: (node: ModelInode, path: string, description: Description) => number;
  add: (folder: Folder, name: string, node: ModelInode, call: string) => void;
  drop: (folder: Folder, name: string) => void;
  pathOf: (folder: Folder, name: string) => string;
}

const CALLS = {
  ...{ data: 'create', symlink: 'symlink', node: 'mknod', link: 'link', folder: 'mkdir' },
} as const;

const way = ({ enter }: BuildSteps, top: Folder, path: readonly string[]): Folder =>
  path.reduce((at, name) => enter(at, name), top);

type Made = Exclude<Building, { what: 'describe' }>;

function madeOf(steps: BuildSteps, top: Folder, each: Made): ModelInode {
  switch (each.what) {
    case 'link': {
      const path = each.existing.split('/');
      const found = steps.child(way(steps, top, path.slice(0, -1)), path.at(-1)!);
      if (found === null) throw new Errno('ENOENT');
      return found;
    }
    case 'folder':
      return inode('directory', { mode: 0o700 });
    case 'data':
      return inode('file', { content: Buffer.from(each.bytes).toString() });
    case 'symlink':
      return inode('symlink', { content: each.target });
    case 'node':
      return inode(each.kind, { node: each.node });
  }
}

/** Makes one change below a directory where nobody else is. */
export function built(steps: BuildSteps, top: Folder, each: Building): number {
  const path = each.path.split('/');
  if (each.what === 'describe') return steps.described(way(steps, top, path), each);
  const [folder, name] = [way(steps, top, path.slice(0, -1)), path.at(-1)!];
  const node = madeOf(steps, top, each);
  if ('mode' in each) steps.describe(node, each);
  steps.add(folder, name, node, CALLS[each.what]);
  try {
    return 'attributes' in each ? steps.setAttributes(node, steps.pathOf(folder, name), each) : 0;
  } catch (error) {
    steps.drop(folder, name);
    throw error;
  }
}
