/** What of a file belongs to its copy. */
import { OF_ONE_MOUNT } from '../system/one-mount.js';
import type { Details } from '../system/port.js';
import type { Description, Folder, FolderEntry, TreeChange } from '../system/tree-door.js';

/** These tell overlay where the content is. Without them the file would have other content. */
const NEEDED = ['redirect', 'metacopy'].map((name) => `trusted.overlay.${name}`);

/**
 * The number of names of a file. Whiteouts count as separate files: overlay makes all of them links
 * of one file in the workdir (since 5.7), and they have nothing else in common.
 */
export const names = ({ links, node }: Details): number => (node === '0:0' ? 1 : links);

const kept = (attributes: ReadonlyMap<string, Buffer>): Map<string, Buffer> =>
  new Map([...attributes].filter(([name]) => !OF_ONE_MOUNT.includes(name)));

/** How the copy of a file shall be. */
export function described({ mode, uid, gid, mtime, attributes }: FolderEntry): Description {
  if (attributes.size === 0) return { mode, uid, gid, mtime, attributes, needed: 0 };
  const all = [...kept(attributes)];
  const needed = all.filter(([name]) => NEEDED.includes(name));
  const others = all.filter(([name]) => !NEEDED.includes(name));
  return {
    ...{ mode, uid, gid, mtime },
    attributes: new Map([...needed, ...others]),
    needed: needed.length,
  };
}

/** Where a copy is made. */
interface CopyPlace {
  from: Folder;
  to: Folder;
  scratch: Folder;
  /** Whether a file's bytes are on stable storage before it gets its name. */
  sync: boolean;
}

/** The change that makes a copy; null for a kind of file that cannot be made. */
export function copyOf(
  source: FolderEntry,
  { from, to, scratch, sync }: CopyPlace,
): TreeChange | null {
  const { kind, name, target, node } = source;
  const making = { in: to, name, scratch, ...described(source) };
  switch (kind) {
    case 'file':
      return { what: 'file', from, source, sync, ...making };
    case 'symlink':
      return { what: 'symlink', target, ...making };
    case 'character':
    case 'block':
    case 'fifo':
    case 'socket':
      return { what: 'node', kind, node, ...making };
    default:
      return null;
  }
}

/** Whether a copy has attributes that the original has not: no change removes one. */
export const hasMore = (original: FolderEntry, copy: FolderEntry): boolean =>
  [...kept(copy.attributes).keys()].some((name) => !original.attributes.has(name));
