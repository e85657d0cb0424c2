import type { Reason } from '../../plan/plan.js';

/**
 * For each reason why a root is no better one: what whoever looks after the board does about it.
 * The journal's own sentence says what was found.
 */
export const WHAT_TO_DO: Record<Reason, string> = {
  'no-volume':
    'compare the names in /proc/mtd with `mountroot.volume=` or `fstools_overlay_name=` on the command line; correct the one that is wrong',
  'ambiguous-volume':
    'give the devices different names, or name the right one by its number (mountroot.volume=mtd3)',
  'attach-failed':
    "read what UBI says in the kernel log; check that the partition is UBI's, and holds nothing else",
  'erase-marker':
    'nothing: `mountroot done` erases the volume when the boot is over, and the root moves to it',
  'unknown-content':
    'look at what the partition holds; if nothing on it is needed, order `mountroot reset`',
  'unsupported-content':
    'check that the partition is the right one; if nothing on it is needed, order `mountroot reset`',
  'no-filesystem': 'build the kernel with the file system (=y, for modules lie on the root)',
  'mount-failed':
    'read what the file system says in the kernel log; if the settings are not needed, order `mountroot reset`',
  'write-protected':
    'take the write protection off (a jumper, the boot loader, `ro` in mtdparts=), and start anew',
  full: 'delete what is not needed below /overlay/upper, then start anew: `mountroot diff` shows what is there',
  'overlay-failed':
    'read what overlay says in the kernel log; an upper layer that overlay refuses is mended by `mountroot reset`, which keeps what --keep names',
  'boot-loop':
    'find out why earlier starts never reached `mountroot done` (`mountroot journal`); `mountroot done` sets the count back, and the next start uses the settings again',
  'reset-failed': 'read what failed in `mountroot journal --boot 0`, and order the reset again',
  'import-failed':
    'read what failed in `mountroot journal --boot 0`; the import stands and is tried again by the next start, or `mountroot import --cancel` takes it back',
  'extroot-missing': 'connect the external volume, or take `extroot` out of /etc/mountroot.json',
  'extroot-mismatch':
    "the external volume belongs to another board; use this board's own, or remove etc/.extroot-uuid from it to give it to this one",
  'extroot-failed':
    'read what its file system says in the kernel log, and check the external volume (fsck) on another machine',
  'no-overlay': 'build the kernel with CONFIG_OVERLAY_FS=y',
  'no-directory': 'add the directory to the root file system image',
  'no-mountinfo': 'mount proc on /proc before mountroot is called (see /etc/preinit)',
  'no-native':
    "install the agent's native parts beside it (native/linux-arm), as `npm run build` makes them",
  'ram-failed':
    'read what failed in `mountroot journal --boot 0`; /tmp may be too small or missing',
  asked: 'nothing, for somebody asked for it; the next start uses the settings again',
};

export const whatToDo = (reason: string | null): string | null =>
  reason !== null && Object.hasOwn(WHAT_TO_DO, reason) ? WHAT_TO_DO[reason as Reason] : null;
