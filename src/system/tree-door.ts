import type { Details } from './details.js';

/** An open directory. Only the door that opened it knows more. */
export interface Folder {
  readonly device: number;
  readonly inode: number;
}

/** A name in a directory, with all that a walk needs of its file. */
export interface FolderEntry extends Details {
  name: string;
  /** The target of a symlink, else ''. */
  target: string;
  /** Extended attributes; empty if they were not asked for. */
  attributes: ReadonlyMap<string, Buffer>;
  /** Why the file cannot be looked at, as the name of an error; then the other fields are empty. */
  errno: string | null;
}

/** How a file shall be. */
export interface Description {
  mode: number;
  uid: number;
  gid: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  attributes: ReadonlyMap<string, Buffer>;
  /** How many of the attributes, the first ones, the file cannot do without. */
  needed: number;
}

/** Where a new file is made before it gets its name: an empty directory that only we may enter. */
interface Making {
  in: Folder;
  name: string;
  scratch: Folder;
}

/**
 * A change of one name. It happens at once: a new file appears complete under its name, in place of
 * an older file but not of a directory.
 */
export type TreeChange =
  /** A copy of a regular file. ESTALE if another file than `source` has its name by now. */
  | ({
      what: 'file';
      from: Folder;
      source: FolderEntry;
      /** Whether its bytes are on stable storage before it gets its name. */
      sync: boolean;
    } & Making &
      Description)
  | ({ what: 'symlink'; target: string } & Making & Description)
  | ({
      what: 'node';
      kind: 'character' | 'block' | 'fifo' | 'socket';
      /** `major:minor`; '' for a FIFO or a socket. */
      node: string;
    } & Making &
      Description)
  /** Another name of a file. ESTALE if another file than `inode` has the name `existing` by now. */
  | ({ what: 'link'; from: Folder; existing: string; inode: number } & Making)
  /** A directory with mode 0700. */
  | ({ what: 'folder' } & Making)
  /** Gives a directory itself its owner, mode, attributes and time, where they differ. */
  | ({ what: 'describe'; in: Folder } & Description)
  /**
   * Removes a name and all below it. It follows no symlink and enters no mount; EXDEV if mounts,
   * and the directories above them, are all that stays. A missing name is no error.
   */
  | { what: 'remove'; in: Folder; name: string };

/**
 * A change below a directory that nobody else may enter. The path is one of names below it, which
 * lead through no symlink. EEXIST if there is something already.
 */
export type Building = { path: string } & (
  | ({ what: 'data'; bytes: Uint8Array } & Description)
  | ({ what: 'symlink'; target: string } & Description)
  | ({ what: 'node'; kind: 'character' | 'block' | 'fifo'; node: string } & Description)
  /** Another name of the file at the path `existing`. */
  | { what: 'link'; existing: string }
  /** A directory with mode 0700. */
  | { what: 'folder' }
  /** Gives a directory its owner, mode, attributes and time, where they differ. */
  | ({ what: 'describe' } & Description)
);

/** After one of these errors of a change nothing more can be made, and the rest is not tried. */
export const ENDING: readonly string[] = ['ENOSPC', 'EDQUOT', 'EROFS'];

/** What a file holds. */
export interface FileContent {
  /** The name of the error; null if there was none. ESTALE if another file has its name by now. */
  errno: string | null;
  /** As many as were listed at most. They are valid until the next call of the door. */
  bytes: Buffer;
  /** Whether the file was as it was listed, before and after it was read. */
  same: boolean;
}

/**
 * What a walk is for: all entries with what small files hold, or only directories and other files
 * that have extended attributes.
 */
export type WalkPurpose = 'contents' | 'marks';

/** An entry of a walk. Directories precede what is in them, and names are sorted by their bytes. */
export interface WalkedEntry extends FolderEntry {
  /** How far it is below the top, whose own names have 1. */
  depth: number;
  /**
   * What a small file holds; null for anything else, and for a file that could not be opened. The
   * `errno` of a directory says why it could not be entered; EXDEV is a mount.
   */
  content: FileContent | null;
  /**
   * Opens a large file, until the next entry is asked for. @throws {SystemError} ESTALE if another
   * file has its name by now.
   */
  open: () => number;
}

/** An entry of a walk that gives paths. */
export interface PathedEntry extends WalkedEntry {
  /** Below the top of the walk. */
  path: string;
  /** Leaves out what is below this directory, which was entered. It is for the last entry only. */
  leave: () => void;
}

/** Ordinary entries, one behind the other, as blocks of a tar. */
export interface TarRun {
  entries: number;
  /** Of their files. */
  bytes: number;
  /** Valid until the next call of the door. */
  tar: Buffer;
}

/** How a copy is made. */
export interface CopyWalk {
  /** An empty directory that only we may enter, in which new files are made. */
  scratch: Folder;
  /** Its name if it is in the copy's top directory, where it stays; else ''. */
  ours: string;
  /** As CopyOptions.changedSince; null if everything is copied. */
  since: bigint | null;
  /** As CopyPoint.moved, of the directory above. */
  moved: boolean;
}

/** A directory and its copy, in which a walk is. */
export interface CopyPoint {
  /** Below the top of the walk; '' for the top. */
  path: string;
  from: Folder;
  to: Folder;
  /**
   * Whether the directory, or one above it, changed since the last copy. Then files may have
   * changed places, which does not change the files.
   */
  moved: boolean;
}

/** A name in the original, in the copy, or in both; and the error of a change that was tried. */
export type CopyPair = readonly [
  from: FolderEntry | null,
  to: FolderEntry | null,
  errno: string | null,
];

/** The walk waits behind each step; until then its directories are open. */
export type CopyStep =
  /** What it copied and removed itself since the step before. */
  | { what: 'progress'; files: number; bytes: number; removed: number }
  /** Names of no directories that are not ordinary, or that it could not copy. */
  | { what: 'names'; at: CopyPoint; pairs: Iterable<CopyPair> }
  /** A directory of the original that it leaves out, or could not make. */
  | { what: 'folder'; at: CopyPoint; name: string; errno: string | null }
  /** A directory that could not get its owner, mode and time. */
  | { what: 'undescribed'; at: CopyPoint; original: FolderEntry; errno: string };

/** The result of a change. */
export interface Changed {
  /** The name of the error; null if it was made. ECANCELED after one of ENDING. */
  errno: string | null;
  /** How many attributes the file system does not support. */
  lost: number;
}

/**
 * Trees by descriptor: names are single components of a path, below a directory that is open. So
 * nobody can lead a walk elsewhere by renaming or replacing directories meanwhile, and a path may
 * be longer than PATH_MAX.
 */
export interface TreeDoor {
  /**
   * Opens a directory by its path. The path may lead through symlinks; only with `follow` may it
   * end in one. @throws {SystemError} as open(2).
   */
  open(path: string, follow?: boolean): Folder;
  /**
   * Opens a directory in a directory. @throws {SystemError} EXDEV if something is mounted there,
   * ENOTDIR or ELOOP for a symlink or a file, ENOENT.
   */
  enter(folder: Folder, name: string): Folder;
  /**
   * Makes an empty directory that only we may enter, and opens it. @throws {SystemError} EEXIST.
   */
  scratch(folder: Folder, name: string): Folder;
  /** Opens the directory above one. @throws {SystemError} ESTALE if it is not `expected`. */
  above(folder: Folder, expected: Pick<Folder, 'device' | 'inode'>): Folder;
  /** Opens the same directory once more. */
  again(folder: Folder): Folder;
  close(folder: Folder): void;
  /**
   * The names in a directory, sorted by their bytes. Files that vanish meanwhile are left out. The
   * directory must be open whenever the next one is asked for.
   * @throws {SystemError} as getdents64(2).
   */
  entries(folder: Folder, attributes: boolean): Generator<FolderEntry, void>;
  /** The file of one name; null if there is none. */
  entry(folder: Folder, name: string, attributes: boolean): FolderEntry | null;
  /** The directory itself, with the name ''. */
  self(folder: Folder, attributes: boolean): FolderEntry;
  /**
   * Walks through all that is below a directory. The directories on the way stay open, and the way
   * back leads through `..`. @throws {SystemError} ESTALE if somebody moved one of them.
   */
  walk(folder: Folder, purpose: WalkPurpose): Iterable<WalkedEntry>;
  /**
   * The same walk, with paths. Of ordinary entries, about which nobody decides, it gives only
   * blocks of a tar, or nothing if it is for marks. Not every door has it.
   */
  layer?: (folder: Folder, purpose: WalkPurpose) => Iterable<PathedEntry | TarRun>;
  /**
   * Makes one directory a copy of another, as far as all is ordinary: regular files and symlinks
   * with one name and without attributes, directories without attributes, names that only the copy
   * has. The caller does all else behind the steps, and describes the top. null: this door cannot
   * do it now. Not every door has it. @throws {SystemError} as getdents64(2).
   */
  copy?: (from: Folder, to: Folder, how: CopyWalk) => Generator<CopyStep, void> | null;
  /** Makes changes one after the other. Each has a result of its own. */
  apply(changes: readonly TreeChange[]): Changed[];
  /** The same, below a directory that nobody else may enter. */
  build(top: Folder, all: readonly Building[]): Changed[];
}
