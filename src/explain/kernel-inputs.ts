import type { Image } from '../ramdisk/image.js';
import type { Region } from '../facts/device-tree.js';
import type { MtdPartition } from '../facts/facts.js';
import type { ContentKind } from '../volumes/index.js';
import type { KernelConfig } from '../facts/kernel-config.js';
import type { Runnable } from '../facts/facts.js';
import type { Because } from './sentences/grounds.js';

/** What the kernel makes of an initrd's bytes. */
export interface Initrd {
  /** What to call it: a file's name, or where its place was told. */
  name: string;
  /** The kernel's message when it does not unpack as a cpio; null when it does. */
  error: string | null;
  /**
   * A program in it by its path, from the cpio, also from one that broke later; null where there is
   * none of that name.
   */
  program: (path: string) => Runnable | null;
  /** What is found in it when it is taken for a file system image; null for nothing. */
  image: Image | null;
  /** A program in that file system: null, there is none; undefined, that is not known. */
  inImage: (path: string) => Runnable | null | undefined;
}

/** A block device the kernel would find. */
export interface KnownDevice {
  name: string;
  number: string;
  content: ContentKind;
  /** The device itself cannot be written. */
  readonly: boolean;
}

/** All that a prediction may rest on; null is not known. */
export interface KernelInputs {
  commandLine: string;
  /** False where nothing shows the command line: a word that it lacks then proves nothing. */
  spoken: boolean;
  release: string | null;
  config: KernelConfig | null;
  /** Whether the boot loader told the kernel of an initrd, and how; null: not known. */
  handed: ({ value: boolean } & Because) | null;
  /** The board's memory, outside of which no initrd is taken. */
  memory: readonly Region[] | null;
  /** What was handed over, where its bytes are at hand. */
  initrd: Initrd | null;
  devices: readonly KnownDevice[] | null;
  mtd: MtdPartition[] | null;
  /** Types of file systems in the kernel's order; `device`: it needs a block device. */
  types: { name: string; device: boolean }[] | null;
  /** Programs of a real root, and the number of the device on which they were looked at. */
  programs: { on: string | null; found: readonly Runnable[] };
  /**
   * What the mounts of today show that the kernel itself mounted; `rootfs`: nothing, `/` is still
   * that.
   */
  kernelRoot: { fstype: string; device: string; readonly: boolean } | 'rootfs' | null;
  /**
   * The device that the kernel kept in mind while the /linuxrc of an image ran; null where none
   * did, or this is another boot.
   */
  realRoot: string | null;
  /**
   * What process 1 is today, where this very boot is explained: then it did not panic, whatever was
   * to be expected.
   */
  init: { program: string | null; args: string[] } | null;
  /** What the boot loader's tags say of the root when root= and ro/rw say nothing. */
  tags: { root: string | null; readonly: boolean | null } | null;
}

/** `6.1.192-x` as [6, 1]; null where it is no release. */
function versionOf(release: string | null): readonly [number, number] | null {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,4})/.exec(release ?? '') ?? [];
  return major === undefined ? null : [Number(major), Number(minor)];
}

/** Whether a kernel is older than a version; what is not known is taken for a new one. */
export function older(release: string | null, [major, minor]: readonly [number, number]): boolean {
  const version = versionOf(release);
  return version !== null && (version[0] < major || (version[0] === major && version[1] < minor));
}

/** An option's state: null where the configuration is not known. */
export const option = (config: KernelConfig | null, name: string): boolean | null =>
  config === null ? null : config[name] === 'y';
