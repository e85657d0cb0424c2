import type { Device, DeviceKind } from './device.js';

/** Bytes at the beginning of a volume, or of one of its erase blocks, that show what it holds. */
export interface Signature {
  offset: number;
  bytes: readonly number[];
  name: string;
}

/** The label and UUID in a file system. */
export interface Labels {
  label: string;
  /** Lower case, with dashes; '' if there is none. */
  uuid: string;
}

/** A file system of the kernel. */
export interface FileSystem {
  /** As sentences write it: `jffs2`, `UBIFS`. */
  title: string;
  /**
   * The CONFIG_ options, without that prefix, that `explain` and `facts` read. The first one builds
   * the file system into the kernel.
   */
  options: readonly [string, ...string[]];
  /**
   * It works only on flash, and accepts the name of an mtd partition or UBI volume instead of a
   * block device.
   */
  flashOnly?: true;
  /** The kernel can never write to it. */
  readonly?: true;
  /**
   * The CONFIG_ option with which it also takes the name of an mtd partition (fs/cramfs/inode.c,
   * fs/romfs/super.c: get_tree_mtd before get_tree_bdev).
   */
  mtdOption?: string;
  /** The CONFIG_ option for extended attributes; left out if it always has them. */
  xattrOption?: string;
}

/** Why content cannot be mounted. */
export interface Unmountable {
  reason: 'erase-marker' | 'unknown-content' | 'unsupported-content';
  /** The consequence, as the end of a sentence that begins with the evidence. */
  because: string;
  cure: string;
}

/**
 * One type of content that a volume can have. Everything that depends on the type is asked of its
 * row in index.ts. What is left out has the ordinary answer of mountable.ts.
 */
export interface VolumeType {
  /** Any of these shows the type; [] if it has no signature of its own. */
  signatures: readonly Signature[];
  /**
   * The driver finds its signature in any erase block, so a damaged first block does not hide the
   * volume. Other signatures count only at the volume's beginning.
   */
  inAnyBlock?: true;
  /** The file system that this content is; left out if it is none. Its name is the type's. */
  fileSystem?: FileSystem;
  /**
   * The file system type for mount(2) of a data volume with this content, by the kind of its
   * device.
   */
  mountAs: Partial<Record<DeviceKind, string>>;
  /** The file systems that can mount a root with this content, the best one first. */
  rootAs: readonly string[];
  /** Label and UUID in the superblock. */
  labels?: {
    /** The number of bytes at the beginning that are needed to read them. */
    bytes: number;
    /** null if the bytes are of another type, or too few. */
    read: (start: Buffer) => Labels | null;
  };
  /**
   * Words that differ between any two images of this type; null if the bytes are of another type
   * or do not tell. `fstype` is what the kernel mounted it as.
   */
  identity?: (start: Buffer, fstype: string, crcOf: (bytes: Uint8Array) => string) => string | null;
  /**
   * The reason why it cannot be mounted from a device. `makers` are the mkfs programs for such a
   * device.
   */
  unmountable?: (device: Device, makers: string) => Unmountable;
  /** doctor's sentence if it cannot be mounted. `on` is the device, for a person. */
  unmountableText?: (on: string, kind: DeviceKind) => string;
}
