import { SystemError } from '../system-error.js';
import type {
  FileContent,
  Folder,
  FolderEntry,
  TreeDoor,
  WalkedEntry,
  WalkPurpose,
} from '../tree-door.js';

/** What a walk needs of a door that has none of its own. */
export interface Walkable extends Pick<TreeDoor, 'entries' | 'enter' | 'close'> {
  /** What a file holds. */
  content: (folder: Folder, found: FolderEntry) => FileContent;
  openFile: (folder: Folder, found: FolderEntry) => number;
}

/** Larger files are not read by the walk, as in native/tree-walk.h. */
const LARGEST_CONTENT = 65_536;

/** A walk as native/tree-walk.h makes it, with the other calls of a door. */
export function* walkByEntries(
  door: Walkable,
  folder: Folder,
  purpose: WalkPurpose,
  depth = 1,
): Generator<WalkedEntry, void> {
  for (const found of door.entries(folder, true)) {
    const { kind, size } = found;
    const isFolder = kind === 'directory' && found.errno === null;
    if (purpose === 'marks' && !isFolder && found.errno === null && found.attributes.size === 0)
      continue;
    const isRead = purpose === 'contents' && kind === 'file' && size <= LARGEST_CONTENT;
    const entered = isFolder ? entering(door, folder, found) : null;
    const open = (): number => door.openFile(folder, found);
    const errno = typeof entered === 'string' ? entered : found.errno;
    const content = isRead ? door.content(folder, found) : null;
    yield { ...found, errno, depth, content, open };
    if (entered === null || typeof entered === 'string') continue;
    try {
      yield* walkByEntries(door, entered, purpose, depth + 1);
    } finally {
      door.close(entered);
    }
  }
}

/** The directory, or the name of the error. */
function entering(
  door: Pick<TreeDoor, 'enter' | 'close'>,
  folder: Folder,
  { name, inode }: FolderEntry,
): Folder | string {
  try {
    const entered = door.enter(folder, name);
    if (entered.inode === inode) return entered;
    door.close(entered);
    return 'ESTALE';
  } catch (error) {
    if (error instanceof SystemError) return error.errno;
    throw error;
  }
}
