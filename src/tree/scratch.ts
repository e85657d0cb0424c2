import { SystemError } from '../system/system-error.js';
import type { Folder, TreeDoor } from '../system/tree-door.js';

/** A directory that only we may enter, in which new files are made before they get their names. */
export interface Scratch {
  name: string;
  folder: Folder;
  /** Removes it. Returns the name of the error if that fails. */
  remove: () => string | null;
}

const NAME = '.mountroot-scratch';

/** Whether a name is one of those below. */
export const isScratch = (name: string): boolean => /^\.mountroot-scratch-\d{1,4}$/.test(name);

/** More leftovers of interrupted copies than any directory has. */
const MOST = 1000;

/**
 * Makes it in a directory, under a name that neither directory has. A power cut may leave one,
 * which the next copy removes like every name that the original has not.
 * @throws {SystemError}
 */
export function openScratch(tree: TreeDoor, within: Folder, original: Folder): Scratch {
  for (let number = 0; number < MOST; number++) {
    const name = `${NAME}-${number}`;
    if ([within, original].some((each) => tree.entry(each, name, false) !== null)) continue;
    const folder = tree.scratch(within, name);
    return {
      name,
      folder,
      remove: () => {
        tree.close(folder);
        return tree.apply([{ what: 'remove', in: within, name }])[0]?.errno ?? null;
      },
    };
  }
  throw new SystemError({
    what: 'make a directory for new files',
    syscall: 'mkdir',
    errno: 'EEXIST',
    path: NAME,
  });
}
