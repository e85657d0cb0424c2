import { joined } from '../system/joined.js';
import type { CopyPair, CopyPoint, CopyStep, TreeDoor } from '../system/tree-door.js';

/** One directory and its copy, of which all is left to the caller: some doors copy nothing. */
export function* copyByListing(tree: TreeDoor, at: CopyPoint): Generator<CopyStep, void> {
  const folders: string[] = [];
  function* pairs(): Generator<CopyPair, void> {
    for (const [from, to] of joined(tree.entries(at.from, true), tree.entries(at.to, true)))
      if (from?.kind === 'directory' && from.errno === null) folders.push(from.name);
      else yield [from, to, null];
  }
  yield { what: 'names', at, pairs: pairs() };
  for (const name of folders) yield { what: 'folder', at, name, errno: null };
}
