import type { Image } from '../ramdisk/initrd-image.js';
import type { Region } from '../facts/device-tree.js';
import type { MtdPartition } from '../facts/facts.js';
import type { ContentKind } from '../volumes/index.js';
import type { KernelConfig } from '../facts/kernel-config.js';
import type { Runnable } from '../facts/facts.js';
import type { Because } from './sentences/grounds.js';

/** Finds a program by its path: null, it is not there; undefined, that is not known. */
export type FindProgram = (path: string) => Runnable | null | undefined;

/** What the kernel makes of an initrd's bytes. */
export interface Initrd {
  /** What to call it, as the name of its file. */
  name: string;
  /** The kernel's message when it does not unpack as a cpio; null when it does. */
  error: string | null;
  /** Finds a program that the cpio made, also before it broke off; null: there is none. */
  program: (path: string) => Runnable | null;
  /** What it is as a file system image; null where nothing is recognised. */
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

/** All that a story may rest on besides the log; null: not known. */
export interface KernelInputs {
  commandLine: string;
  /** False where nothing shows the command line: a word that it lacks then proves nothing. */
  spoken: boolean;
  release: string | null;
  config: KernelConfig | null;
  /** Whether the boot loader told the kernel of an initrd, and how; null: not known. */
  handed: ({ value: boolean } & Because) | null;
  /** The board's memory; the kernel refuses an initrd outside of it. */
  memory: readonly Region[] | null;
  /** The initrd, where its bytes are at hand. */
  initrd: Initrd | null;
  devices: readonly KnownDevice[] | null;
  mtd: MtdPartition[] | null;
  /** Types of file systems in the kernel's order; `device`: it needs a block device. */
  types: { name: string; device: boolean }[] | null;
  /** Programs of a root, and the number of the device on which they were looked at. */
  programs: { on: string | null; found: readonly Runnable[] };
  /**
   * The root that the kernel mounted, by the mounts of today; `rootfs`: it mounted none, and `/` is
   * still rootfs.
   */
  kernelRoot: { fstype: string; device: string; readonly: boolean } | 'rootfs' | null;
  /**
   * The number of the real root, which the kernel keeps while the /linuxrc of an image runs
   * (/proc/sys/kernel/real-root-dev); null where none ran, or this is another boot.
   */
  realRoot: string | null;
  /**
   * What process 1 is today, where this very boot is explained: such a boot did not panic, whatever
   * was to be expected.
   */
  init: { program: string | null; args: string[] } | null;
  /** What the boot loader's tags say of the root; root=, ro and rw count before it. */
  tags: { root: string | null; readonly: boolean | null } | null;
}

/** `6.1.192-x` as [6, 1]; null where it is no release. */
function versionOf(release: string | null): readonly [number, number] | null {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,4})/.exec(release ?? '') ?? [];
  return major === undefined ? null : [Number(major), Number(minor)];
}

/** Whether a kernel is older than a version; an unknown one is taken for new. */
export function older(release: string | null, [major, minor]: readonly [number, number]): boolean {
  const version = versionOf(release);
  return version !== null && (version[0] < major || (version[0] === major && version[1] < minor));
}

/** An option's state: null where the configuration is not known. */
export const option = (config: KernelConfig | null, name: string): boolean | null =>
  config === null ? null : config[name] === 'y';
