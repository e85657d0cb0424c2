import type { MountFlag } from '../system/flags.js';
import type { PathKind } from '../system/port.js';
import type { FactsProblem } from '../text/problem-text.js';
import type { Device } from '../volumes/device.js';
import type { Content, ContentKind } from '../volumes/index.js';
import type { Atags } from './atags.js';
import type { DeviceTree } from './device-tree.js';
import type { KernelConfig } from './kernel-config.js';
import type { KernelModules } from './kernel-modules.js';
import type { KernelLog } from './kernel-log.js';
import type { Rung } from './rungs.js';
import type { Configuration } from './settings.js';

export type { Configuration, Content, Device, Rung };

export const FACTS_SCHEMA = 'mountroot.facts/2';

/** One partition of /proc/mtd. Sizes are in bytes. */
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
  /** The directory of that file system that the mount shows. */
  root: string;
  mountpoint: string;
  options: string[];
  /** The peer group of a shared mount. */
  shared?: number;
  /** The peer group from which a slave mount receives events. */
  master?: number;
  unbindable?: true;
  fstype: string;
  source: string;
  superOptions: string[];
}

/** The data volume, which holds the settings. */
export interface Volume {
  /** The name by which it was requested. */
  wanted: string;
  /** Devices with exactly this name. One is right; none or several are an error. */
  found: Device[];
  content: Content | null;
  /**
   * The number of the mtd partition that holds the volume in UBI form and must be attached first.
   */
  attach: number | null;
}

/**
 * OpenWrt's symlink `.fs_state`. `fresh`: it does not exist. `damaged`: something else has that
 * name.
 */
export type State = 'fresh' | 'unknown' | 'pending' | 'ready' | 'damaged';

/** A request to reset the volume. It stays on the volume until it is carried out. */
export interface ResetOrder {
  keep: string[];
}

/** The result of an import on the data volume. */
export interface Imported {
  /** True when the layer at `next` is complete and the next start must use it. */
  ordered: boolean;
  next: PathKind;
  /** The previous upper layer, kept until a start with the new one is confirmed. */
  former: PathKind;
  /**
   * True when two of the names are one directory. A power cut during a rename can cause this on
   * jffs2. Removing one name would empty the other.
   */
  same: boolean;
}

/** The contents of a mounted data volume, except the settings. */
export interface MountedVolume {
  /** Its mountpoint. */
  at: string;
  fstype: string;
  readonly: boolean;
  state: State;
  /** Starts since the last `done`; null if the counter is damaged. */
  attempts: number | null;
  /** `damaged`: the file is no valid order. `unreadable`: the file system could not read it. */
  order: ResetOrder | 'damaged' | 'unreadable' | null;
  /** True when the volume's root has a sysupgrade.tgz. */
  upgrade: boolean;
  upper: PathKind;
  work: PathKind;
  /** The copy that an interrupted switch to flash left. */
  incoming: PathKind;
  /**
   * True when `incoming` and `upper` are one directory: the switch was complete, and a power cut
   * interrupted the rename. Emptying one name would empty the other.
   */
  switched?: true;
  /** Left out when there is no import. */
  imported?: Imported;
  /**
   * Set when something other than a directory has our own folder's name. `aside` is an unused name
   * to move it to.
   */
  stray?: { kind: PathKind; aside: string };
  /** What paths of the setting `persist` have kept there; left out without any. */
  persist?: { path: string; upper: PathKind }[];
  /** Names in quarantine. */
  quarantine: string[];
  /** This board's own identity, which external volumes record as their owner. */
  identity: string | null;
}

/** A path of the setting `persist`, as the image has it. */
export interface PersistPlace {
  path: string;
  /** The first part of the path that is no directory; the path itself if all are. */
  at: string;
  /** The kind of `at`: `missing` if the image has nothing there. */
  kind: PathKind;
}

/** What OpenWrt's /etc/config/fstab says of an external volume, and whose the volume is by it. */
export interface FromFstab {
  /** The file that asks for it. */
  file: string;
  /** Seconds to wait for it; null if the file does not say. */
  delay: number | null;
  flags: MountFlag[];
  data: string | null;
  /** The UUID of this board's image, which fstools writes into the volumes that it uses. */
  image: string | null;
  /** The UUID in the volume's etc/.extroot-uuid; null without one. */
  owner: string | null;
  /** True if the volume says that any board may use it (etc/.extroot-default). */
  anybodys: boolean;
}

/** An external volume that replaces the data volume. */
export interface External extends Volume {
  /** Left out if our own settings ask for it. */
  fstab?: FromFstab;
  /** Its mountpoint; null while it is not mounted. */
  at: string | null;
  readonly: boolean;
  /** The request to reset it, if there is one. */
  order?: Exclude<MountedVolume['order'], null>;
  /** The identity of the board that owns it; null when it has no owner yet. */
  identity: string | null;
  upper: PathKind;
  work: PathKind;
  /** For a whole root: whether it has an init. */
  init: boolean;
  /** A new identity for a board that has none yet; '' when the board has one. */
  offered: string;
}

/** A program that may become process 1. */
export interface Program {
  path: string;
  /** Why it cannot run, as far as we can tell beforehand; null when we see no obstacle. */
  trouble: string | null;
}

/** The root that root= and the related words of the command line name. */
export interface RootVolume extends Volume {
  /** The types of rootfstype=, in the order in which the kernel tries them; [] without the word. */
  fstypes: string[];
  /** The text of rootflags=; null without the word. */
  options: string | null;
  writable: boolean;
  /** True with rootwait: the kernel waits for the device without a limit. */
  patient: boolean;
}

/**
 * Facts for switching to another root and starting init. They are gathered when this is process 1,
 * or when `/` is the kernel's own ramfs (an initramfs).
 */
export interface Handover {
  /** Our process id. Only process 1 may switch the root of all processes and become init. */
  pid: number;
  /**
   * True when `/` is an in-memory file system that the kernel made. It cannot be unmounted, only
   * left by switch_root.
   */
  ramfs: boolean;
  /** null when the command line names no root. */
  root: RootVolume | null;
  /** The directory given as the new root; null when none was given. */
  asked: string | null;
  /** The mountpoint of a new root; null while none is mounted. */
  at: string | null;
  /** The kind of file at each path in the new root that a plan needs. */
  paths: Record<string, PathKind>;
  /**
   * Programs to try as init, in this order. They are in the new root, or in this root if there is
   * no new one.
   */
  programs: Program[];
  /** The arguments of init. */
  args: string[];
}

/** A line of /proc/partitions, and the content of that partition. */
export interface Partition {
  name: string;
  /** `major:minor`. */
  number: string;
  size: number;
  /** True when the device itself refuses writes. */
  readonly: boolean;
  content: ContentKind;
}

/**
 * The result that execve(2) would have for a program, and why: 0, or the negative error number as
 * the kernel prints it.
 */
export interface Runnable {
  path: string;
  error: number;
  why: string;
}

/**
 * How this root came to be, as far as the running system still shows it. Gathering this takes time,
 * so a boot skips it; `facts` and `explain` ask for it.
 */
export interface RootOrigin {
  /** The kernel's messages from its start until user space ran; null when they cannot be read. */
  log: KernelLog | null;
  /** The time of the oldest message, in seconds; null without a log. */
  logBegins: number | null;
  config: KernelConfig | null;
  deviceTree: DeviceTree | null;
  atags: Atags | null;
  /** The program that process 1 runs now. */
  init: { program: string | null; args: string[] } | null;
  /**
   * The root device (`major:minor`) that the kernel noted in real-root-dev before it ran an
   * image-initrd's /linuxrc; null when it ran none.
   */
  realRootDevice: string | null;
  /**
   * The types of /proc/filesystems in the kernel's order, and whether each needs a block device.
   */
  types: { name: string; device: boolean }[];
  partitions: Partition[];
  /** The programs that the kernel tries as init, in the image that is the root's lower layer. */
  programs: Runnable[];
  /** The program that rdinit= names, or /init, on the current root. */
  earlyInit: { path: string; kind: PathKind };
}

/** The space behind a read-only image on a disk (see rootdisk.ts). Sizes are in bytes. */
export interface Rootdisk {
  /** The kernel's name of the device with the image. */
  device: string;
  /** `major:minor`. */
  number: string;
  size: number;
  /** The length of the image, from its superblock. */
  used: number;
  /** The begin of the space. */
  offset: number;
  content: Content;
  /** The loop device that shows the space; null if none does. */
  loop: { name: string; number: string } | null;
  /**
   * Left out if something is there that may be needed. `erased`: the first bytes are all zero or
   * all 0xFF. `archive`: a firmware upgrade of OpenWrt has put the settings there as a tar.gz.
   */
  free?: 'erased' | 'archive';
  /** The begin of that archive, from the begin of the space. */
  archive?: number;
  /** The programs that can make a file system there, by type. Left out if there is one. */
  makers?: Partial<Record<'ext4' | 'f2fs', string>>;
}

/**
 * Everything that a decision depends on, as one JSON value. A bug report contains such a file. A
 * unit test consists of such a value and the plan made from it.
 */
export interface Facts {
  schema: typeof FACTS_SCHEMA;
  platform: string;
  architecture: string;
  uid: number;
  kernel: { release: string; commandLine: string; filesystems: string[] };
  /** Left out if the kernel has every file system that a start may need. */
  modules?: KernelModules;
  /**
   * True when the environment has PREINIT or /tmp/.preinit exists. Then this is the early boot, and
   * `start` may run.
   */
  preinit: boolean;
  /**
   * Set in OpenWrt's failsafe mode: the environment has FAILSAFE=true, or root made /tmp/failsafe.
   * A person then calls `start` by hand, to get at the settings.
   */
  failsafe?: true;
  /** True when the environment has SHUTDOWN. Then `stop` may run. */
  shutdown: boolean;
  configuration: Configuration;
  mtd: MtdPartition[];
  mounts: Mount[];
  /** The kind of file at each path that a plan may need (lstat). */
  paths: Record<string, PathKind>;
  volume: Volume;
  /** null while the volume is not mounted. */
  opened: MountedVolume | null;
  /** The paths of the setting `persist`; left out without any. */
  persist?: PersistPlace[];
  /** null when no external volume is configured. */
  external: External | null;
  /** null unless this is process 1, or `/` is the kernel's own ramfs. */
  handover: Handover | null;
  /** The options that the caller gave for the data volume's file system; left out without any. */
  mountOptions?: string;
  /** What in the image mounts pstore later in the boot; left out if nothing is known to. */
  pstoreBy?: string;
  /** What `start` recorded in this boot. */
  state: RecordedState | null;
  /**
   * The files and directories of the kernel that showed nothing: `absent`, `empty`, `damaged`, or
   * the name of the error. Left out if all were read.
   */
  unread?: Record<string, string>;
  /** How the root came to be; present only on request (see `facts` and `explain`). */
  origin?: RootOrigin;
  /** Left out if the image is not on a disk, and in a boot that has found another volume. */
  rootdisk?: Rootdisk;
  /** Set if the device of the root refuses writes although its file system could be written. */
  rootProtected?: true;
  /**
   * Problems while gathering: what could not be read or understood, one sentence each, for people.
   */
  problems: string[];
  /** The same problems in the same order, for programs. */
  findings: FactsProblem[];
}

/** The part of the recorded state (state.json) that later verbs need. */
export interface RecordedState {
  rung: Rung;
  reason: string | null;
  /** The file, if it is in /run. In older facts and on other boards it is in /tmp. */
  file?: string;
}
