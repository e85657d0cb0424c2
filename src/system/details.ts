/** The file type at a path (lstat(2)). A symlink is not followed. */
export type PathKind =
  | 'missing'
  | 'directory'
  | 'file'
  | 'symlink'
  | 'block'
  | 'character'
  | 'fifo'
  | 'socket'
  | 'other';

/** The fields of lstat(2) that this agent uses. */
export interface Details {
  kind: PathKind;
  /** Permissions with set-user-ID, set-group-ID and sticky bit: 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes. */
  size: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  ctime: bigint;
  /** Numbers of the file system and of the file in it; two names of one file share both. */
  device: number;
  inode: number;
  links: number;
  /** `major:minor` of a device node, else ''. A whiteout is the character device 0:0. */
  node: string;
}
