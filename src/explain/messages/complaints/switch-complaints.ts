import { behind, complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const LAYER = 'program' as const;
const TOOL = /(?:BusyBox )?(switch_root|run-init|pivot_root|chroot|switch-root): /;
const tool = (words: RegExp): RegExp => behind(TOOL, words);

/** What the tools say that lead from an initramfs to the real root. */
export const SWITCH_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: tool(
      /(?:can't execute|failed to execute|cannot access|cannot execute) '?([^':]+?)'?: (.+)$/,
    ),
    source: 'busybox util-linux/switch_root.c, util-linux sys-utils/switch_root.c',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, tool, program, why]) => ({
      layer: LAYER,
      cause: { code: 'switch-no-init', tool: tool!, program: program!, why: why! },
    })),
  },
  {
    pattern: tool(/(?:bad init '?([^']+?)'?|(\/\S+): (\D.*))$/),
    source: 'busybox util-linux/switch_root.c (1.x); klibc usr/kinit/run-init',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, tool, bad, program, why]) => ({
      layer: LAYER,
      cause: {
        code: 'switch-no-init',
        tool: tool!,
        program: (bad ?? program)!,
        why: why ?? null,
      },
    })),
  },
  {
    pattern: tool(
      /(?:can't change directory to|failed to change directory to|cannot change directory to|chdir to|bad newroot|stat failed(?: of)?) '?([^':]*?)'?(?:: (.+))?$/,
    ),
    source: 'busybox libbb/xfuncs.c: xchdir; util-linux sys-utils/switch_root.c; klibc run-init',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, tool, directory, why]) => ({
      layer: LAYER,
      cause: { code: 'switch-no-directory', tool: tool!, directory: directory!, why: why ?? null },
    })),
  },
  {
    pattern: tool(
      /((?:failed to mount moving|error moving root|overmounting root|failed to change root|current directory on the same filesystem as the root|nuking initramfs contents|opening console|failed\. Sorry).*)$/,
    ),
    source: 'util-linux sys-utils/switch_root.c; klibc usr/kinit/run-init/runinitlib.c',
    weak: true,
    by: 'both',
    tells: complains('effect', ([, tool, what]) => ({
      layer: LAYER,
      cause: { code: 'switch-fails', tool: tool!, what: what! },
    })),
  },
  {
    pattern: tool(
      /(not rootfs|(?:root filesystem is|rootfs) not (?:a )?ramfs(?:\/| or )tmpfs|'?\/init'? is not a regular file|can't find \/init on initramfs|must be run as PID 1|PID must be 1)/,
    ),
    source: 'busybox util-linux/switch_root.c; klibc usr/kinit/run-init/runinitlib.c',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, tool, what]) => ({
      layer: LAYER,
      cause: { code: 'switch-wrong-place', tool: tool!, what: what! },
    })),
  },
  {
    pattern: /^Usage: (switch_root|run-init) .*NEW_ROOT/i,
    source: 'busybox util-linux/switch_root.c: bb_show_usage',
    weak: true,
    by: 'both',
    tells: complains('effect', ([, tool]) => ({
      layer: LAYER,
      cause: { code: 'switch-usage', tool: tool! },
    })),
  },
  {
    pattern:
      /^(?:\w[\w.-]*: )?mount: (?:mounting (\S+) on (\S+) failed: (.+)|(\/\S+): (?:(?:wrong fs type|can't read superblock|special device (\S+) does not exist|unknown filesystem type|cannot mount|mount\(2\) system call failed|fsconfig\(\)).*))$/,
    has: ['mount: '],
    source: 'busybox util-linux/mount.c; util-linux libmount/src/context.c',
    weak: true,
    by: 'both',
    tells: (seen, match, line) => {
      const [, device, on, why, where, special] = match;
      const directory = (on ?? where)!;
      complains(isRootDirectory(directory) ? 'reason' : 'hint', () => ({
        layer: LAYER,
        device: (device ?? special)?.replace(/^\/dev\//, ''),
        cause: {
          code: 'initramfs-mount-fails',
          device: device ?? special ?? null,
          directory,
          why: why ?? line.said.replace(/^.*?mount: \S+ /, ''),
        },
      }))(seen, match, line);
    },
  },
  {
    pattern: /^mount: can't find (\S+) in \/etc\/fstab/,
    source: 'busybox util-linux/mount.c; util-linux sys-utils/mount.c',
    weak: true,
    by: 'both',
    tells: complains('effect', ([, directory]) => ({
      layer: LAYER,
      cause: {
        code: 'initramfs-mount-fails',
        device: null,
        directory: directory!,
        why: 'no device was named',
      },
    })),
  },
];

/** A directory on which an initramfs usually mounts the real root. */
const isRootDirectory = (directory: string): boolean =>
  /^\/(?:root|sysroot|new_?root|newroot|real_?root|rootfs|rootmnt|mnt|rom|overlay|target|run\/(?:rootfs|root)|sysimage)(?:\/|$)/.test(
    directory,
  );
