/** A file whose content is read later. */
export interface ListedFile {
  /** For messages. */
  readonly path: string;
  /** @returns a descriptor of the file that was listed, or throws. */
  open(): number;
  /** No file is opened soon. */
  release(): void;
}

/** One file of a ramdisk, ready to be packed. */
export interface Member {
  /**
   * Relative, without a slash at either end; never ''. `.` is the top directory. `raw` has the
   * bytes of a name that is not UTF-8.
   */
  name: string;
  raw?: Buffer;
  kind: 'directory' | 'file' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket';
  /** Permissions: 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970. */
  mtime: number;
  /** Bytes of a file. */
  size: number;
  /** The target of a symlink. */
  target?: string;
  major?: number;
  minor?: number;
  /** The file with the content. */
  file?: ListedFile;
  /** The name of an earlier member to which this one is a hard link. */
  same?: string;
}

/** Kinds by the upper bits of a mode (inode(7)). */
export const TYPES = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const satisfies Record<Member['kind'], number>;

export const S_IFMT = 0o170000;

/** The kind of file by its mode; null for an unknown one. */
export const kindOfMode = (mode: number): Member['kind'] | null =>
  (Object.entries(TYPES).find(([, type]) => type === (mode & S_IFMT))?.[0] as
    Member['kind'] | undefined) ?? null;
