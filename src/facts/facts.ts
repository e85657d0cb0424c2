import type { PathKind } from '../system/port.js';
import type { FactsProblem } from '../text/problem-text.js';
import type { Device } from '../volumes/device.js';
import type { Content, ContentKind } from '../volumes/index.js';
import type { Atags } from './atags.js';
import type { DeviceTree } from './device-tree.js';
import type { KernelConfig } from './kernel-config.js';
import type { KernelLog } from './kernel-log.js';
import type { Rung } from './rungs.js';
import type { Configuration } from './settings.js';

export type { Configuration, Content, Device, Rung };

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

/**
 * The symlink `.fs_state` of OpenWrt: fresh where there is none; `damaged`: something else stands
 * there.
 */
export type State = 'fresh' | 'unknown' | 'pending' | 'ready' | 'damaged';

/** An order to reset, recorded on the volume until it is carried out. */
export interface ResetOrder {
  keep: string[];
}

/** What an import has put on the data volume. */
export interface Imported {
  /** The layer at `next` is complete, and the next start is to use it. */
  ordered: boolean;
  next: PathKind;
  /**
   * The upper layer that one before took the place of, until a start with the new one is confirmed.
   */
  former: PathKind;
  /**
   * Two of the names are one directory, as a power cut during a rename can leave it on jffs2:
   * removing one would empty the other.
   */
  same: boolean;
}

/** What a mounted data volume holds besides the settings. */
export interface MountedVolume {
  /** Where it is mounted. */
  at: string;
  fstype: string;
  readonly: boolean;
  state: State;
  /** Starts since the last `done`; null where the counter is damaged. */
  attempts: number | null;
  /**
   * `damaged`: the file is no order; `unreadable`: the file system did not give the file.
   */
  order: ResetOrder | 'damaged' | 'unreadable' | null;
  /** A sysupgrade.tgz stands in the volume's root. */
  upgrade: boolean;
  upper: PathKind;
  work: PathKind;
  /** The copy that an interrupted switch to flash left. */
  incoming: PathKind;
  /**
   * `incoming` and `upper` are one directory: the switch was done, and a power cut halved the
   * rename. Emptying one would empty the other.
   */
  switched?: true;
  /** Left out if there is no import. */
  imported?: Imported;
  /**
   * Something that is no directory stands where our own folder belongs; `aside` is a name beside it
   * that nothing has.
   */
  stray?: { kind: PathKind; aside: string };
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
  /** An order to reset it, where there is one. */
  order?: Exclude<MountedVolume['order'], null>;
  /** The identity of the board it belongs to; null: nobody's yet. */
  identity: string | null;
  upper: PathKind;
  work: PathKind;
  /** For a whole root: whether it has an init. */
  init: boolean;
  /** A new identity for a board that has none yet; '' where none is needed. */
  offered: string;
}

/** A program that may become process 1. */
export interface Program {
  path: string;
  /** Why it cannot run, as far as that shows beforehand; null when nothing speaks against it. */
  trouble: string | null;
}

/** What root= and the words beside it name. */
export interface RootVolume extends Volume {
  /** rootfstype=, in the order of trying; [] where nothing is said. */
  fstypes: string[];
  /** rootflags=; null where nothing is said. */
  options: string | null;
  writable: boolean;
  /** rootwait: its device may come at any time. */
  patient: boolean;
}

/**
 * Where this is process 1 or `/` is the kernel's own ramfs (an initramfs): what handing over to
 * another root and to init rests on.
 */
export interface Handover {
  /** Our process id: only process 1 may switch the root of all, and become init. */
  pid: number;
  /** `/` is a file system in memory that the kernel made, from which only a switch leads out. */
  ramfs: boolean;
  /** null where the command line says nothing of a root. */
  root: RootVolume | null;
  /** The directory that was named as the new root; null where none was. */
  asked: string | null;
  /** Where a new root is mounted; null while none is. */
  at: string | null;
  /** What is at the paths in it that a plan needs. */
  paths: Record<string, PathKind>;
  /**
   * Programs of the new root (or of this one, where there is none to come), in the order in which
   * they are tried as init.
   */
  programs: Program[];
  /** What init is called with. */
  args: string[];
}

/** A line of /proc/partitions, and what is on it. */
export interface Partition {
  name: string;
  /** `major:minor`. */
  number: string;
  size: number;
  /** The device itself refuses to be written. */
  readonly: boolean;
  content: ContentKind;
}

/**
 * What execve(2) would say of a program: 0 or the error's number, negative as the kernel prints it,
 * and why.
 */
export interface Runnable {
  path: string;
  error: number;
  why: string;
}

/**
 * How this root came to be, as far as the running system still shows it. It costs time and is no
 * part of a boot: `facts` and `explain` ask for it.
 */
export interface RootOrigin {
  /** The kernel's messages from its start until user space ran; null where they cannot be read. */
  log: KernelLog | null;
  /** When the oldest message was written, in seconds; null without a log. */
  logBegins: number | null;
  config: KernelConfig | null;
  deviceTree: DeviceTree | null;
  atags: Atags | null;
  /** What process 1 is by now. */
  init: { program: string | null; args: string[] } | null;
  /** What an image-initrd's /linuxrc was started before (`major:minor`); null where none was. */
  realRootDevice: string | null;
  /** The types of /proc/filesystems in the kernel's order, and whether they need a block device. */
  types: { name: string; device: boolean }[];
  partitions: Partition[];
  /** The programs that the kernel looks for, in the image that is the root's lower layer. */
  programs: Runnable[];
  /** What rdinit= names, or /init, on the root of today. */
  earlyInit: { path: string; kind: PathKind };
}

/**
 * Everything that a decision rests on, as one JSON value. A bug report is such a file; a unit test
 * is such a value and the plan that is made from it.
 */
export interface Facts {
  schema: typeof FACTS_SCHEMA;
  platform: string;
  architecture: string;
  uid: number;
  kernel: { release: string; commandLine: string; filesystems: string[] };
  /**
   * True when env PREINIT is set or /tmp/.preinit exists: the sign that this is the early boot and
   * `start` may run.
   */
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
  opened: MountedVolume | null;
  /** null where no external volume is configured. */
  external: External | null;
  /** null unless this is process 1, or `/` is the kernel's own ramfs. */
  handover: Handover | null;
  /** What `start` recorded in this boot. */
  state: RecordedState | null;
  /** How the root came to be; only where somebody asked for it (see `facts` and `explain`). */
  origin?: RootOrigin;
  /** What could not be read or understood while gathering, a sentence each, for people. */
  problems: string[];
  /** The same, in the same order, for programs. */
  findings: FactsProblem[];
}

/** The part of /tmp/mountroot/state.json that later verbs rest on. */
export interface RecordedState {
  rung: Rung;
  reason: string | null;
}
