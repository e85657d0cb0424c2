import { decision } from './decision-row.js';

/** The command line that the kernel uses (CONFIG_CMDLINE_FORCE and _EXTEND). */
export type CommandLineHolder =
  'boot-loader' | 'kernel-by-force' | 'both' | 'kernel' | 'boot-loader-first';

const HOLDER_WORDS: Record<CommandLineHolder, string> = {
  'boot-loader': "it is the boot loader's",
  'kernel-by-force': "CONFIG_CMDLINE_FORCE puts the kernel's own in the place of the boot loader's",
  both: "CONFIG_CMDLINE_EXTEND adds the kernel's own to the boot loader's",
  kernel: 'the boot loader gives none, so CONFIG_CMDLINE holds',
  'boot-loader-first': "it is the boot loader's, which counts before CONFIG_CMDLINE",
};

const ROOTFS_WORDS = { ramfs: 'rootfs, a ramfs', tmpfs: 'rootfs, a tmpfs', unknown: 'rootfs' };

const CPIO_STAYS =
  'the files unpacked so far stay, and the kernel keeps the initrd to try it as an image';

/** Decisions about the first root and its content. */
export const RAMDISK_DECISIONS = {
  'command-line': decision({
    question: 'whose command line holds?',
    answer: ({ verdict }: { verdict: CommandLineHolder }) => HOLDER_WORDS[verdict],
  }),

  rootfs: decision({
    question: 'what is the first root, before any other?',
    answer: ({ verdict }: { verdict: 'ramfs' | 'tmpfs' | 'unknown' }) => ROOTFS_WORDS[verdict],
  }),

  'built-in': decision({
    question: 'what is built into the kernel?',
    answer: (built: { verdict: 'nothing' | 'usual' } | { verdict: 'source'; source: string }) => {
      switch (built.verdict) {
        case 'nothing':
          return 'no cpio';
        case 'usual':
          return 'a cpio with only /dev, /dev/console and /root';
        case 'source':
          return `a cpio made from ${built.source}`;
      }
    },
  }),

  initrd: decision({
    question: 'does the boot loader hand over an initrd?',
    answer: ({ verdict }: { verdict: 'yes' | 'no' | 'refused'; passedOver: string | null }) =>
      verdict === 'refused' ? 'yes, but the kernel refuses it' : verdict,
    also: ({ passedOver }) =>
      passedOver === null
        ? ''
        : `; initrd=${passedOver} is not ADDRESS,SIZE, and the kernel passes over it`,
  }),

  'initrd-kind': decision({
    question: 'is it a cpio archive?',
    answer: (
      kind: { verdict: 'yes' } | { verdict: 'no'; reason: string | null; kept: boolean },
    ) => {
      if (kind.verdict === 'yes') return 'yes: unpacked into rootfs';
      const stays = kind.kept ? CPIO_STAYS : 'the files unpacked so far stay, and the rest is lost';
      return `no (${kind.reason ?? 'the reason is lost'}): ${stays}`;
    },
    also: (kind) =>
      kind.verdict === 'no' && !kind.kept
        ? '; without CONFIG_BLK_DEV_RAM it cannot be an image either'
        : '',
  }),

  noinitrd: decision({
    question: 'does noinitrd keep it out?',
    answer: ({ verdict }: { verdict: 'no' }) => verdict,
  }),

  'early-init': decision({
    question: ({ path }) => `is ${path} in rootfs?`,
    answer: ({ verdict }: { verdict: 'yes' | 'no'; path: string; byRdinit: boolean }) =>
      verdict === 'yes'
        ? 'yes: it becomes process 1, and no other root is mounted'
        : 'no: the kernel mounts a root itself',
    also: ({ verdict, byRdinit }) =>
      verdict === 'no' && byRdinit ? '; with rdinit= the kernel does not look for /init' : '',
  }),
};
