/** The files by which a distribution's boot is switched to mountroot and back. */
import { HOME } from '../facts/installation.js';

/** The first line says how the root is made. The part in the initramfs reads it. */
export const ENABLED = '/etc/mountroot.enabled';

/** How the root is made: its changes are kept on a volume, or in memory. */
export const WAYS = ['persistent', 'volatile'] as const;
export type Way = (typeof WAYS)[number];

/** What the kernel runs then; the name says how the root is made. */
export const PREINITS: Record<Way, string> = {
  persistent: `${HOME}/preinit`,
  volatile: `${HOME}/preinit-ram`,
};

/** Our part in an initramfs of initramfs-tools, and the file that it is made from. */
export const INITRAMFS_PART = 'scripts/init-bottom/mountroot';
export const INITRAMFS_SOURCE = `/usr/share/initramfs-tools/${INITRAMFS_PART}`;

/** The name of an initramfs as it was before `enable` had it made anew. */
export const backupOf = (image: string): string => `${image}.before-mountroot`;
