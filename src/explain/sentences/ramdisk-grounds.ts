import { concludedFrom, hexadecimal, nothingSays, seenIn } from './ground-row.js';

const MOST_HAVE_TMPFS = ', and most kernels have CONFIG_TMPFS';

/** Reasons for the content of rootfs: the built-in cpio, and the initrd of the boot loader. */
export const RAMDISK_GROUNDS = {
  'rootfs-kind-unknown': nothingSays(
    () => 'whether it is a ramfs or a tmpfs depends on the command line, which is not known',
  ),
  'word-given': concludedFrom(
    'cmdline',
    ({ word }: { word: 'root=' | 'rootfstype=' }) => `${word} is given, so it need not be a tmpfs`,
  ),
  'no-root-no-type': concludedFrom(
    'cmdline',
    ({ configured }: { configured: boolean }) =>
      `no root= and no rootfstype= is given${configured ? '' : MOST_HAVE_TMPFS}`,
  ),
  'type-is-tmpfs': concludedFrom(
    'cmdline',
    ({ configured }: { configured: boolean }) =>
      `rootfstype= names tmpfs${configured ? '' : MOST_HAVE_TMPFS}`,
  ),
  'no-initramfs-source': concludedFrom('config', () => 'CONFIG_INITRAMFS_SOURCE is empty'),
  'initramfs-source': concludedFrom(
    'config',
    () => 'CONFIG_INITRAMFS_SOURCE names it; its content does not show from outside',
  ),
  'usual-built-in': nothingSays(() => 'the configuration is not known, and this is the usual one'),
  'initramfs-force': concludedFrom(
    'config',
    () => 'CONFIG_INITRAMFS_FORCE leaves out what a boot loader hands over',
  ),
  'initrd-size-zero': concludedFrom('cmdline', () => 'initrd= gives it a size of 0'),
  'initrd-outside-memory': concludedFrom(
    'cmdline',
    ({ start }: { start: number }) =>
      `initrd= says that it lies at ${hexadecimal(start)}, where there is no memory`,
  ),
  'initrd-word': concludedFrom(
    'cmdline',
    ({ start }: { start: number }) => `initrd= says that it lies at ${hexadecimal(start)}`,
  ),
  'initrd-given': seenIn(
    'facts',
    ({ name }: { name: string }) => `${name} was given as the initrd`,
  ),
  'chosen-initrd': seenIn(
    'device-tree',
    ({ start }: { start: number }) => `/chosen says that it lies at ${hexadecimal(start)}`,
  ),
  'chosen-without-initrd': seenIn('device-tree', () => '/chosen has no linux,initrd-start'),
  'atag-initrd': seenIn(
    'facts',
    ({ start, tag }: { start: number; tag: 'ATAG_INITRD' | 'ATAG_INITRD2' }) =>
      `${tag} says that it lies at ${hexadecimal(start)}`,
  ),
  'nothing-tells-of-initrd': nothingSays(() => 'nothing tells the kernel of one'),
  'image-before-root': seenIn(
    'facts',
    ({ device }: { device: string }) =>
      `/proc/sys/kernel/real-root-dev says that an image came before ${device}`,
  ),
  'initrd-was-image': seenIn(
    'facts',
    () => '/proc/sys/kernel/real-root-dev says that it was an image',
  ),
  'initrd-unpacks': concludedFrom(
    'facts',
    ({ name }: { name: string }) => `${name} unpacks to its end`,
  ),
  'initrd-stops-kernel': concludedFrom(
    'facts',
    ({ name, error, why }: { name: string; error: string; why?: string }) =>
      `${name} stops the kernel with "${error}"${why === undefined ? '' : `: ${why}`}`,
  ),
  'most-are-cpio': nothingSays(() => 'its content is not known, and most initrds are a cpio'),
  'unpacked-and-ran': concludedFrom(
    'log',
    ({ line, ran }: { line: string; ran: string }) =>
      `the kernel said: "${line.trim()}" and then "${ran.trim()}"`,
  ),
  'noinitrd-is-for-images': concludedFrom(
    'rule',
    () => 'noinitrd is only about images: the kernel unpacks a cpio before it looks at noinitrd',
  ),
  'initrd-program': concludedFrom(
    'facts',
    ({ name, found }: { name: string; found: boolean }) => `${name} has ${found ? 'one' : 'none'}`,
  ),
  'only-built-in': concludedFrom('rule', () => 'rootfs holds only what is built in'),
  'most-have-init': nothingSays(
    () => 'the content of the initrd is not known, and a cpio usually has one',
  ),
  'built-in-unknown': nothingSays(() => 'what is built in is not known'),
  'went-to-mount': seenIn(
    'log',
    ({ line }: { line: string }) => `it went to mount a root itself: "${line.trim()}"`,
  ),
  'process-1-called-as': seenIn(
    'facts',
    ({ path }: { path: string }) => `process 1 was called as ${path}`,
  ),
  'no-other-root': concludedFrom(
    'facts',
    () => 'user space runs, and without root= no other root could have been mounted',
  ),
  'root-is-rootfs': seenIn('facts', () => '/ is still rootfs'),
  'root-of-others': seenIn(
    'facts',
    () => 'the mounts of today show no root that the kernel mounted itself',
  ),
  'kernel-mounted-root': seenIn(
    'facts',
    () => 'the mounts of today show a root that the kernel mounted itself',
  ),
};
