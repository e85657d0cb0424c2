import type { PathKind } from '../system/port.js';

export const FACTS_SCHEMA = 'mountroot.facts/1';

/** One partition of /proc/mtd. Sizes in bytes. */
export interface MtdPartition {
  index: number;
  name: string;
  size: number;
  eraseBlock: number;
}

/** One line of /proc/self/mountinfo (proc_pid_mountinfo(5)), paths decoded. */
export interface Mount {
  id: number;
  parent: number;
  /** `major:minor` of the mounted file system. */
  device: string;
  /** The directory of that file system that is mounted. */
  root: string;
  mountpoint: string;
  options: string[];
  /** Peer group, when the mount is shared. */
  shared?: number;
  /** Peer group it receives from, when it is a slave. */
  master?: number;
  unbindable?: true;
  fstype: string;
  source: string;
  superOptions: string[];
}

/**
 * What the first bytes of a volume say it holds. `blank`: erased flash (all 0xFF) wherever it was looked at. `erase-marker`: 0xdeadc0de, an order to erase.
 * `unknown`: something, but nothing we know. `unreadable`: the device would not be read.
 */
export type ContentKind = 'jffs2' | 'ubi' | 'ubifs' | 'ext4' | 'f2fs' | 'squashfs' | 'blank' | 'erase-marker' | 'unknown' | 'unreadable';

export interface Content {
  kind: ContentKind;
  /** What was seen and at which byte, or why it could not be read, for a person. */
  evidence: string;
}

/** The data volume: where the settings live. */
export interface Volume {
  name: string;
  /** What named it: the kernel command line, or the name that every board uses without one. */
  namedBy: 'fstools_overlay_name' | 'default';
  /** Partitions of exactly this name: one is right, none and several are not. */
  found: number[];
  /** What mount(2) takes as its source; null when the volume was not found. */
  source: string | null;
  content: Content | null;
}

/** Everything a decision rests on, as one JSON value. A bug report is such a file; a test is such a value and the plan made from it. */
export interface Facts {
  schema: typeof FACTS_SCHEMA;
  platform: string;
  architecture: string;
  uid: number;
  kernel: { release: string; commandLine: string; filesystems: string[] };
  /** True when env PREINIT is set or /tmp/.preinit exists: the sign that this is the early boot and `start` may run. */
  preinit: boolean;
  mtd: MtdPartition[];
  mounts: Mount[];
  /** What is at the paths that `start` needs (lstat). */
  paths: Record<string, PathKind>;
  volume: Volume;
  /** What could not be read or understood while gathering, a sentence each. */
  problems: string[];
}
