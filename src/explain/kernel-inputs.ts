import type { Image } from '../ramdisk/initrd-image.js';
import type { Region } from '../facts/device-tree.js';
import type { MtdPartition } from '../facts/facts.js';
import type { ContentKind } from '../volumes/index.js';
import type { KernelConfig } from '../facts/kernel-config.js';
import type { Runnable } from '../facts/facts.js';
import type { Because } from './sentences/grounds.js';

/** Finds a program by its path. null if it is missing; undefined if that is unknown. */
export type FindProgram = (path: string) => Runnable | null | undefined;

/** The kernel's view of an initrd's bytes. */
export interface Initrd {
  /** Its name for a person, such as the name of its file. */
  name: string;
  /** The bytes that the boot loader hands over; missing if unknown. */
  bytes?: number;
  /** The kernel's message if it does not unpack as a cpio; null if it does. */
  error: string | null;
  /** What the data are, and the cure, where more is known than the kernel says. */
  why?: string;
  /** Finds a program that the cpio made, also before a fault in it; null if there is none. */
  program: (path: string) => Runnable | null;
  /** Its file system as an image; null if none is recognised. */
  image: Image | null;
  /** Finds programs in that file system. */
  inImage: FindProgram;
}

/** A block device that the kernel finds; `number` is `major:minor`. */
export interface KnownDevice {
  name: string;
  number: string;
  content: ContentKind;
  /** The device itself cannot be written. */
  readonly: boolean;
}

/** The input of a story besides the log; null if unknown. */
export interface KernelInputs {
  /**
   * True for the log of a console: the story tells only what is seen in it or follows from
   * something that is named. Otherwise the usual case is assumed, and marked.
   */
  onlySeen?: boolean;
  commandLine: string;
  /** False if no source shows the command line. A missing word then proves nothing. */
  spoken: boolean;
  release: string | null;
  config: KernelConfig | null;
  /** Whether and how the boot loader told the kernel about an initrd; null if unknown. */
  handed: ({ value: boolean } & Because) | null;
  /** The size of the initrd in a device tree that was named; missing if there is none. */
  toldBytes?: number;
  /** The board's memory; the kernel refuses an initrd outside of it. */
  memory: readonly Region[] | null;
  /** The initrd, if we have its bytes. */
  initrd: Initrd | null;
  devices: readonly KnownDevice[] | null;
  mtd: MtdPartition[] | null;
  /** Types of file systems in the kernel's order; `device`: it needs a block device. */
  types: { name: string; device: boolean }[] | null;
  /** Programs of a root, and the number of the device that they were read from. */
  programs: { on: string | null; found: readonly Runnable[] };
  /**
   * The root that the kernel mounted, from the present mounts. `rootfs`: it mounted none, and `/`
   * is still rootfs.
   */
  kernelRoot: { fstype: string; device: string; readonly: boolean } | 'rootfs' | null;
  /**
   * The number of the real root, which the kernel keeps while the /linuxrc of an image runs
   * (/proc/sys/kernel/real-root-dev); null if none ran, or if this is another boot.
   */
  realRoot: string | null;
  /**
   * The present process 1, if this boot is the one to explain. Such a boot did not panic, even if
   * we would predict a panic.
   */
  init: { program: string | null; args: string[] } | null;
  /**
   * True for the boot of a machine that runs: it found a root, whatever we would predict. A device
   * that its facts do not list is then not known, instead of missing.
   */
  running?: boolean;
  /** The root of today is one that the kernel did not mount. */
  rootOfOthers?: boolean;
  /** The root in the boot loader's tags; root=, ro and rw override it. */
  tags: { root: string | null; readonly: boolean | null } | null;
}

/** Since this release the kernel runs no /linuxrc. It still loads an image, for root=/dev/ram0. */
export const WITHOUT_LINUXRC = [7, 0] as const;

/** Since this release an initrd is looked at before a root on mtd or UBI is mounted. */
export const IMAGE_BEFORE_FLASH = [6, 5] as const;

/** An option's state; null if the configuration is unknown. */
export const option = (config: KernelConfig | null, name: string): boolean | null =>
  config === null ? null : config[name] === 'y';
