/** An entry of an archive, ready to be made in a layer. */
export interface Accepted {
  kind: 'directory' | 'file' | 'symlink' | 'link' | 'character' | 'block' | 'fifo' | 'whiteout';
  /** The path below the layer's root; '' is the root itself. */
  path: string;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of a file. */
  size: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  /** The target of a symlink; for a hard link, the path of the same file below the root. */
  target: string;
  /** `major:minor` of a device node, else ''. */
  node: string;
  attributes: Map<string, Buffer>;
}

/** The content of an archive. */
export interface Counts {
  directories: number;
  files: number;
  symlinks: number;
  links: number;
  nodes: number;
  whiteouts: number;
  opaque: number;
  /** The sum over all files. */
  bytes: number;
}
