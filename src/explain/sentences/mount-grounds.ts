import { concludedFrom, nothingSays, seenIn } from './ground-row.js';

/** Reasons for the choice of the root device and for the result of its mount. */
export const MOUNT_GROUNDS = {
  'command-line-unknown': nothingSays(() => 'the command line is not known'),
  'flags-unknown': nothingSays(
    ({ flags }: { flags: string }) => `whether it takes rootflags=${flags} is not known`,
  ),
  'mount-not-shown': nothingSays(() => 'the log does not show it'),
  'rootwait-word': concludedFrom('cmdline', () => 'rootwait'),
  'no-root-word': concludedFrom('cmdline', () => 'the command line has no root='),
  'root-of-tags': concludedFrom(
    'cmdline',
    ({ number }: { number: string }) =>
      `the command line has no root=, and ATAG_CORE says ${number}`,
  ),
  'driver-not-built-in': concludedFrom(
    'config',
    ({ option }: { option: string }) =>
      `CONFIG_${option} is not built in, and nobody loads a module before the root is mounted`,
  ),
  'root-word': concludedFrom('cmdline', ({ root }: { root: string }) => `root=${root}`),
  rootdelay: concludedFrom('cmdline', ({ seconds }: { seconds: number }) => `rootdelay=${seconds}`),
  'rootwait-missing': concludedFrom('cmdline', () => 'rootwait, and the device is not there'),
  'rootwait-malformed': concludedFrom(
    'cmdline',
    () => 'PARTUUID= wants an ID, or an ID and /PARTNROFF=NUMBER',
  ),
  'rootwait-number': concludedFrom(
    'cmdline',
    () => 'rootwait waits for a name, and not for a number',
  ),
  'rootwait-there': concludedFrom('cmdline', () => 'rootwait, and the device has a number'),
  'mounted-before-image': concludedFrom(
    'rule',
    ({ root }: { root: string }) => `root=${root} is mounted before an image would be`,
  ),
  noinitrd: concludedFrom('cmdline', () => 'noinitrd'),
  'image-content-unknown': nothingSays(() => 'its content is not known'),
  'image-not-recognised': concludedFrom(
    'facts',
    () => 'it has no compression and no file system that is recognised',
  ),
  'image-broken': concludedFrom(
    'facts',
    ({ error }: { error: string }) => `it does not unpack: ${error}`,
  ),
  'image-too-big': concludedFrom(
    'facts',
    ({ kibibytes, most }: { kibibytes: number; most: number }) =>
      `it has ${kibibytes} KiB and a ramdisk ${most} (ramdisk_size=)`,
  ),
  'image-found': concludedFrom(
    'facts',
    ({ found, kibibytes }: { found: string; kibibytes: number }) =>
      `${found} is found in it, ${kibibytes} KiB`,
  ),
  'image-and-other-root': concludedFrom(
    'rule',
    () => 'the image is in /dev/ram0 and the root is another device',
  ),
  'no-linuxrc': concludedFrom(
    'rule',
    ({ release }: { release: string }) =>
      `Linux ${release} runs no /linuxrc: support for it was removed in 7.0`,
  ),
  'image-looked-into': seenIn('facts', ({ name }: { name: string }) => `${name} was looked into`),
  'image-has-linuxrc': seenIn('facts', ({ name }: { name: string }) => `${name} has one`),
  'mounts-of-today': seenIn('facts', () => 'the mounts of today show it'),
  'user-space-runs': seenIn('facts', () => 'user space runs'),
  'built-without-server': concludedFrom(
    'config',
    ({ option }: { option: string }) =>
      `the kernel is built without CONFIG_${option}, so it looks for a device of that number`,
  ),
  'directories-unknown': nothingSays(() => 'the directories of the root are not known'),

  // The result of one attempt to mount (init/do_mounts.c: do_mount_root).
  'types-unknown': nothingSays(
    () => 'rootfstype= is not given, and which types the kernel has is not known',
  ),
  'no-type': concludedFrom('facts', () => 'no type is there to be tried'),
  'no-device': concludedFrom('facts', () => 'there is no such device'),
  'no-number': concludedFrom('rule', () => 'the kernel has no number for it'),
  'type-missing': concludedFrom(
    'facts',
    ({ fstype }: { fstype: string }) => `the kernel does not have ${fstype}`,
  ),
  'needs-no-device': concludedFrom(
    'facts',
    ({ fstype }: { fstype: string }) => `${fstype} needs no device: a new, empty one`,
  ),
  'needs-no-device-unknown': nothingSays(
    ({ fstype }: { fstype: string }) =>
      `${fstype} needs no device, and how it mounts does not show from here`,
  ),
  'wants-block-device': concludedFrom(
    'facts',
    ({ fstype, kind }: { fstype: string; kind: 'mtd' | 'ubi' }) =>
      `${fstype} takes a block device and no ${kind} name`,
  ),
  'wants-block-device-without': concludedFrom(
    'facts',
    ({ fstype, option }: { fstype: string; option: string }) =>
      `${fstype} takes a block device and no mtd name, ` +
      `for the kernel is built without CONFIG_${option}`,
  ),
  'on-mtd-unknown': nothingSays(
    ({ fstype, option }: { fstype: string; option: string }) =>
      `whether the kernel is built to mount ${fstype} from an mtd partition ` +
      `(CONFIG_${option}) is not known`,
  ),
  'jffs2-takes-no-ubi': concludedFrom('facts', () => 'jffs2 takes no UBI volume'),
  'ubifs-takes-no-mtd': concludedFrom(
    'facts',
    () => 'UBIFS takes a UBI volume and no mtd partition',
  ),
  'ubifs-takes-no-block': concludedFrom(
    'facts',
    () => 'UBIFS takes a UBI volume and no block device',
  ),
  'no-ubi-volume': concludedFrom('facts', () => 'there is no such UBI volume'),
  'no-mtd-partition': concludedFrom('facts', () => 'there is no such mtd partition'),
  'content-unknown': nothingSays(() => 'what is on the device is not known'),
  'jffs2-wants-flash': concludedFrom('facts', () => 'jffs2 works on flash only'),
  'no-jffs2': concludedFrom(
    'facts',
    ({ content }: { content: string }) => `the device holds ${content} and no jffs2`,
  ),
  'ext3-wants-journal': concludedFrom('facts', () => 'ext3 wants a journal'),
  'erased-flash': concludedFrom(
    'facts',
    () => 'the device holds erased flash, which is an empty jffs2',
  ),
  'device-holds': concludedFrom(
    'facts',
    ({ content }: { content: string }) => `the device holds ${content}`,
  ),
};
