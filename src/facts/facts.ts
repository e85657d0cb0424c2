import type { PathKind } from '../system/port.js';
import type { Configuration } from './settings.js';

export type { Configuration };

export const FACTS_SCHEMA = 'mountroot.facts/2';

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

/** One device that a volume's name may mean. */
export interface Device {
  kind: 'mtd' | 'ubi' | 'block';
  /** The kernel's name: `mtd3`, `ubi0_1`, `mmcblk0p3`. */
  name: string;
  /** What its owner calls it: partition, volume or file system label; may be ''. */
  label: string;
  /** What mount(2) takes. */
  source: string;
  /** `major:minor` as mountinfo shows it when a file system is mounted from here; null where that cannot be known before. */
  number: string | null;
  /** Bytes; 0 where the kernel does not say. */
  size: number;
  /** Bytes of an erase block; null where there are none. */
  eraseBlock: number | null;
}

/** The data volume: where the settings live. */
export interface Volume {
  /** As it was asked for. */
  wanted: string;
  /** Devices of exactly this name: one is right, none and several are not. */
  found: Device[];
  content: Content | null;
  /** Number of the mtd partition that holds the volume in UBI form and must be attached first. */
  attach: number | null;
}

/** The symlink `.fs_state` of OpenWrt: fresh where there is none; `damaged`: something else stands there. */
export type State = 'fresh' | 'unknown' | 'pending' | 'ready' | 'damaged';

/** An order to reset, recorded on the volume until it is carried out. */
export interface ResetOrder {
  keep: string[];
}

/** What a mounted data volume holds besides the settings. */
export interface Opened {
  /** Where it is mounted. */
  at: string;
  fstype: string;
  readonly: boolean;
  state: State;
  /** Starts since the last `done`; null where the counter is damaged. */
  attempts: number | null;
  order: ResetOrder | 'damaged' | null;
  /** A sysupgrade.tgz stands in the volume's root. */
  upgrade: boolean;
  upper: PathKind;
  work: PathKind;
  /** What a cut-off switch to flash left. */
  incoming: PathKind;
  /** Names in quarantine. */
  quarantine: string[];
  /** This board's own identity, which external volumes are tied to. */
  identity: string | null;
}

/** An external volume in place of the data volume. */
export interface External extends Volume {
  /** Where it is mounted; null while it is not. */
  at: string | null;
  readonly: boolean;
  /** The identity of the board it belongs to; null: nobody's yet. */
  identity: string | null;
  upper: PathKind;
  work: PathKind;
  /** For a whole root: whether it has an init. */
  init: boolean;
  /** A new identity for a board that has none yet; '' where none is needed. */
  offered: string;
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
  /** True when env SHUTDOWN is set, the sign for `stop`. */
  shutdown: boolean;
  configuration: Configuration;
  mtd: MtdPartition[];
  mounts: Mount[];
  /** What is at the paths that a plan may need (lstat). */
  paths: Record<string, PathKind>;
  volume: Volume;
  /** null while the volume is not mounted. */
  opened: Opened | null;
  /** null where no external volume is configured. */
  external: External | null;
  /** What `start` recorded in this boot. */
  state: RecordedState | null;
  /** What could not be read or understood while gathering, a sentence each. */
  problems: string[];
}

/** The steps down from a root that keeps its changes. */
export type Rung = 'persistent' | 'kept-read-only' | 'volatile' | 'rom';

/** The part of /tmp/mountroot/state.json that later verbs rest on. */
export interface RecordedState {
  rung: Rung;
  reason: string | null;
}
