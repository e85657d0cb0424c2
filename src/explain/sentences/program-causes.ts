import { cause } from './cause-row.js';
import { COPY_FIRST, LOOK_BEFORE } from './repairs.js';

const LIBRARIES =
  'look at what it needs (`readelf -l` for the interpreter, `readelf -d` for libraries), ' +
  'and put that on the same root';
const SAME_TOOLCHAIN = 'build program and C library with one toolchain, for one processor and ABI';
const SHELL_LOOK =
  'from its shell look at /proc/cmdline, /proc/partitions and /dev, and mount the root by hand';

const whyNot = (why: string | null): string => (why === null ? '' : `: ${why}`);

/** What the reason for a program that does not run means. */
function programTodo(why: string | null): string[] {
  if (why !== null && /format error|binary file/i.test(why))
    return [
      'it is built for another processor, or cut off: `file` shows for which',
      SAME_TOOLCHAIN,
    ];
  if (why !== null && /permission/i.test(why))
    return ['chmod +x it, and mount that root without noexec'];
  return [
    'check that it is on the new root, and not a link that leads out of it',
    'if it is there, its interpreter or its dynamic linker is not',
    'name the right program with init=',
  ];
}

/** Why process 1, or the initramfs before it, does not get on. */
export const PROGRAM_CAUSES = {
  'switch-no-init': cause(
    ({ tool, program, why }: { tool: string; program: string; why: string | null }) =>
      `${tool} changed to the real root, and ${program} does not run there${whyNot(why)}`,
    ({ why }) => programTodo(why),
  ),
  'switch-no-directory': cause(
    ({ tool, directory, why }: { tool: string; directory: string; why: string | null }) =>
      `${tool} cannot enter ${directory}, where the real root should be mounted${whyNot(why)}`,
    ['make the directory in the initramfs, and mount the root on it first', LOOK_BEFORE],
  ),
  'switch-fails': cause(
    ({ tool, what }: { tool: string; what: string }) =>
      `${tool} cannot change to the real root: ${what}`,
    [
      'the directory must be a mount point of its own; ' +
        'the new root needs /dev, /proc, /sys and /run to take over the mounts',
      LOOK_BEFORE,
    ],
  ),
  'switch-wrong-place': cause(
    ({ tool, what }: { tool: string; what: string }) =>
      `${tool} only works from an initramfs, as process 1: ${what}`,
    ['call it with exec from /init; from an image that is mounted use pivot_root instead'],
  ),
  'switch-usage': cause(
    ({ tool }: { tool: string }) =>
      `${tool} printed its usage: the new root is not a mount point, or it was not process 1`,
    ['check the mount before it, and call it with exec from /init', LOOK_BEFORE],
  ),
  'initramfs-mount-fails': cause(
    ({ device, directory, why }: { device: string | null; directory: string; why: string }) =>
      `${device ?? 'the root'} cannot be mounted on ${directory}: ${why}`,
    [
      'compare root= with the devices that are there; a slow one needs rootwait or rootdelay=',
      'check that the kernel has its driver and its file system, or the initramfs their modules',
    ],
  ),
  'early-device-missing': cause(
    ({ device }: { device: string }) =>
      `the initramfs waited for ${device}, and it did not come: ` +
      'its name is wrong, or its driver is not in the initramfs',
    [
      `compare it with the devices that are there; ${SHELL_LOOK}`,
      'put the driver of the disk, and what it needs, into the kernel or the initramfs',
      'for a device that takes its time, add rootdelay= (initramfs-tools) or rd.timeout= (dracut)',
    ],
  ),
  'early-root-word': cause(
    ({ word }: { word: string | null }) =>
      word === null
        ? 'the initramfs found no root= on the command line'
        : `the initramfs does not understand root=${word}`,
    ['correct root=, or add the part of the initramfs that handles it'],
  ),
  'early-no-init': cause(
    ({ program }: { program: string | null }) =>
      `the real root is mounted, and has no ${program ?? 'init'}`,
    ['check that it is the right root, and that it is whole', 'name the program with init='],
  ),
  'early-gave-up': cause(
    ({ who }: { who: string | null }) => `${who ?? 'the initramfs'} gave up waiting for the root`,
    [LOOK_BEFORE, SHELL_LOOK],
  ),
  'early-unit-failed': cause(
    ({ what }: { what: string }) => `systemd could not make the root ready: ${what}`,
    [LOOK_BEFORE, 'from its shell: `systemctl status sysroot.mount`, `journalctl -b`'],
  ),
  'early-shell': cause(
    () => 'process 1 gave up, and left a shell for a person',
    [LOOK_BEFORE, SHELL_LOOK],
  ),
  'init-freezes': cause(
    ({ what }: { what: string }) => `process 1 froze: ${what}`,
    [
      LOOK_BEFORE,
      'systemd needs cgroups, devtmpfs, tmpfs, and inotify, epoll, signalfd in the kernel',
    ],
  ),
  'library-missing': cause(
    ({ program, library, why }: { program: string | null; library: string; why: string | null }) =>
      `${program ?? 'process 1'} cannot load ${library}` +
      (why === null ? ', which is not on the root' : whyNot(why)),
    ({ why }) => [LIBRARIES, ...(why === null ? [] : [SAME_TOOLCHAIN])],
  ),
  'library-other-version': cause(
    ({ program, what }: { program: string; what: string }) =>
      `${program} was built for other libraries than those on the root: ${what}`,
    [SAME_TOOLCHAIN],
  ),
  'library-kernel-too-old': cause(
    () => 'the C library on the root was built for newer kernels than this one',
    ['use a newer kernel, or build the C library for it (--enable-kernel=)'],
  ),
  'program-other-format': cause(
    ({ magic }: { magic: string }) =>
      `the kernel does not know the format of a program (0x${magic}): ` +
      (ELF_WORDS.includes(magic)
        ? 'it is an ELF file for another processor, word size or byte order'
        : 'it is no program, or damaged'),
    [SAME_TOOLCHAIN, 'check 32 or 64 bits, byte order and ABI (EABI or OABI) of the root'],
  ),
  'program-does-not-run': cause(
    ({ program, why }: { program: string; why: string }) => `${program} does not run: ${why}`,
    ({ why }) => programTodo(why),
  ),
  'script-fails': cause(
    ({ script, command, why }: { script: string; command: string | null; why: string }) =>
      command === null ? `${script} ends: ${why}` : `${script} cannot run ${command}: ${why}`,
    ({ command, why }) => [
      /syntax/i.test(why)
        ? 'a shell that reads a program as a script says so: it is built for another processor'
        : `put ${command ?? 'it'} on that root, with what it needs; check PATH and the #! line`,
      LOOK_BEFORE,
    ],
  ),
  'init-out-of-memory': cause(
    ({ program }: { program: string }) => `memory ran out, and the kernel killed ${program}`,
    [
      'give the board more memory (mem=, the device tree), or start less',
      'a root or an archive in memory counts: make it smaller',
    ],
  ),
  'openwrt-overlay': cause(
    ({ what }: { what: string }) => `OpenWrt's mount_root could not use the settings: ${what}`,
    [COPY_FIRST, LOOK_BEFORE],
  ),
};

/** The first two bytes of the magic of ELF, in both byte orders. */
const ELF_WORDS: readonly string[] = ['464c', '4c46', '457f', '7f45'];
