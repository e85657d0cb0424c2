/** An entry of an archive as it is to be made in a layer. */
export interface Accepted {
  kind: 'directory' | 'file' | 'symlink' | 'link' | 'character' | 'block' | 'fifo' | 'whiteout';
  /** Below the layer's root; '' is the root itself. */
  path: string;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of a file. */
  size: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  /** Of a symlink, its text; of a hard link, the path below the root that it is another name of. */
  target: string;
  /** `major:minor` of a device node, else ''. */
  node: string;
  attributes: Map<string, Buffer>;
}

/** What an archive holds. */
export interface Counts {
  directories: number;
  files: number;
  symlinks: number;
  links: number;
  nodes: number;
  whiteouts: number;
  opaque: number;
  /** Of all files together. */
  bytes: number;
}
