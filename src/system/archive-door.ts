/** Reading archives of a layer where most entries need no decision. */
import type { Folder } from './tree-door.js';

/** How much of an archive may be read, or was. */
export interface ArchiveShare {
  /** Bytes of files. */
  bytes: number;
  /** Entries. */
  members: number;
  /** Bytes of their names, and of what they link to. */
  names: number;
  /** Bytes of the headers before them. */
  headers: number;
}

/** What was read. */
export interface OrdinaryRead extends ArchiveShare {
  directories: number;
  files: number;
  symlinks: number;
  /** Bytes of the archive. */
  taken: number;
  /** Whether more bytes may show that the next entry is ordinary. */
  needsMore: boolean;
}

/** An entry that was read, without what a file holds. */
export interface OrdinaryEntry {
  kind: 'directory' | 'file' | 'symlink';
  path: string;
  mode: number;
  uid: number;
  gid: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  /** What a symlink says, else ''. */
  target: string;
}

/**
 * Reads the ordinary entries of one archive: small files, directories and symlinks without
 * attributes, about which nobody decides. They are in a directory that is an entry before them or
 * noted, no entry has their path, and no limit is exceeded. The caller reads all others, in order.
 */
export interface ArchiveDoor {
  /** Where the caller puts the bytes of the archive. */
  readonly window: Buffer;
  /**
   * Reads the ordinary entries in a part of the window, up to the first one of another kind, and
   * makes them. One that cannot be made is not read, and nothing is left of it.
   * @throws {SystemError} ENOMEM.
   */
  read(from: number, to: number, left: ArchiveShare): OrdinaryRead;
  /** The ordinary entry of a path, of a file only that; null if there was none. */
  find(path: string): OrdinaryEntry | null;
  /** The caller has an entry of this path, or found a directory there. */
  note(path: string, isFolder: boolean): void;
  /** How many directories were made and are not described. */
  folders(): number;
  /**
   * Gives the directories that were made last their owner, mode and time, the innermost first,
   * until so many are left. @param otherwise gets those where that failed.
   */
  describe(left: number, otherwise: (entry: OrdinaryEntry) => void): void;
  end(): void;
}

/**
 * Begins with an archive. @param top an open directory that nobody else may enter, in which entries
 * are made; null if they are only checked. @param modes the bits of modes that are set. @returns
 * null while another archive is read.
 */
export type OpenArchive = (top: Folder | null, modes: number) => ArchiveDoor | null;
