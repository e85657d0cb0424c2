/**
 * The reasons why a root does not keep its changes or why no plan exists, one row for each. The
 * names are stable, because journals, state.json and other programs use them.
 */
import { RUNGS, type Rung } from '../facts/rungs.js';
import { EXIT } from './exit.js';

interface ReasonRow {
  /** The notice at a login, if the rung's is not true with this reason. */
  notice?: string;
  /** The cure, as half a sentence that is true for every cause of this reason. */
  cure: string;
  /** False if somebody asked for this root. */
  degraded?: false;
}

export const REASONS = {
  'no-volume': {
    cure:
      'compare the names in /proc/mtd with `mountroot.volume=` or `fstools_overlay_name=` on the ' +
      'command line; correct the one that is wrong',
  },
  'ambiguous-volume': {
    cure:
      'give the devices different names, ' +
      'or name the right one by its number (mountroot.volume=mtd3)',
  },
  'attach-failed': {
    cure:
      "read what UBI says in the kernel log; check that the partition is UBI's, " +
      'and holds nothing else',
  },
  'erase-marker': {
    cure:
      'on raw flash nothing: `mountroot done` erases it late in this boot, and the root moves to ' +
      'it; empty a UBI volume with ubiupdatevol -t, and make a new file system on a disk',
  },
  'unknown-content': {
    cure: 'look at what the partition holds; if nothing on it is needed, order `mountroot reset`',
  },
  'unsupported-content': {
    cure:
      'check that the partition is the right one; ' +
      'if nothing on it is needed, order `mountroot reset`',
  },
  'no-filesystem': {
    cure:
      'build the kernel with the file system, or bring its module and modprobe to where the root ' +
      'is made',
  },
  'make-failed': {
    cure:
      'put the program that makes ext4 or f2fs into the image, for the one that the kernel has, ' +
      'or read what the kernel log says of the device',
  },
  'mount-failed': {
    cure:
      'read what the file system says in the kernel log; copy the volume before anything else is ' +
      'tried, such as the fsck of a disk from another system; only if nothing on it is needed, ' +
      'order `mountroot reset`',
  },
  'write-protected': {
    cure:
      'take the write protection off (a jumper, the boot loader, `ro` in mtdparts=), ' +
      'and start anew',
  },
  'root-protected': {
    cure:
      'read what the kernel log says of its file system or device, and check it (fsck) from ' +
      'another system',
  },
  full: {
    cure:
      'run `mount -o remount,rw /overlay`, delete what is not needed below /overlay/upper ' +
      '(`mountroot diff` shows what is there), then reboot',
  },
  'overlay-failed': {
    cure:
      'read what overlay says in the kernel log, and save the settings (`mountroot export`); an ' +
      'upper layer that overlay refuses is mended by `mountroot reset`, which keeps what --keep ' +
      'names',
  },
  'boot-loop': {
    cure:
      'find out why earlier starts never reached `mountroot done` (`mountroot journal`), ' +
      'then reboot: `done` sets the count back',
  },
  'reset-failed': {
    cure: 'read what failed in `mountroot journal --boot 0`, and order the reset again',
  },
  'import-failed': {
    cure:
      'read what failed in `mountroot journal --boot 0`; the next start tries the import again, ' +
      'and `mountroot import --cancel` takes it back',
  },
  'extroot-missing': {
    cure: 'connect the external volume, or take `extroot` out of /etc/mountroot.json',
  },
  'extroot-mismatch': {
    cure:
      "use this board's own external volume, " +
      'or remove etc/.extroot-uuid from the other one to give it to this board',
  },
  'extroot-failed': {
    cure:
      'read what its file system says in the kernel log, ' +
      'and check the external volume (fsck) on another machine',
  },
  'no-overlay': {
    cure:
      'build the kernel with CONFIG_OVERLAY_FS=y, or bring the module overlay and modprobe to ' +
      'where the root is made',
  },
  'no-directory': {
    cure: 'add the directory to the root file system image, or unmount what covers it',
  },
  'no-mountinfo': { cure: 'mount proc on /proc first, as /etc/preinit does' },
  'no-native': {
    cure:
      "install the agent's native parts for this processor beside it (native/linux-*), " +
      'as `npm run build` makes them',
  },
  'ram-failed': {
    cure: 'read what failed in `mountroot journal --boot 0`; /tmp may be too small or missing',
  },
  'agent-failed': {
    cure:
      'report it, with the archive that `mountroot bundle` makes; the next start tries again, ' +
      'and the settings or notes that were changed last may be the cause',
  },
  persist: {
    cure: 'nothing, because `persist` in /etc/mountroot.json says so',
    notice: 'only what `persist` names is kept, and OTHER CHANGES ARE LOST at power-off',
    degraded: false,
  },
  'persist-failed': {
    cure:
      'name directories that the image has or lacks, not files or symlinks, and see ' +
      '`mountroot journal --boot 0`',
    notice: 'not all that `persist` names is kept, and OTHER CHANGES ARE LOST at power-off',
  },
  asked: {
    cure: 'nothing, because somebody asked for it; the next start uses the settings again',
    degraded: false,
  },
} as const satisfies Record<string, ReasonRow>;

/** The reason why a root does not keep its changes. */
export type Reason = keyof typeof REASONS;

/** Whether a root is less than what was configured. */
export function isDegraded({ rung, reason }: { rung: Rung; reason: Reason | null }): boolean {
  if (reason === null) return RUNGS[rung].degraded;
  // A state.json of another version may have a reason that has no row here.
  const row: ReasonRow | undefined = REASONS[reason];
  return row?.degraded ?? true;
}

/** The notice at a login about a root. */
export function noticeWords({ rung, reason }: { rung: Rung; reason: Reason | null }): string {
  const row: ReasonRow | undefined = reason === null ? undefined : REASONS[reason];
  return row?.notice ?? RUNGS[rung].notice;
}

/** The finding and its cure. */
export interface Cause {
  /** Half a sentence, without its cure. */
  found: string;
  /** Half a sentence; null if `found` is the error of a step, which has its own cure. */
  cure: string | null;
}

/** The reason for a refusal: a word for programs, and a cause for people. */
export interface Trouble extends Cause {
  reason: Reason;
}

/**
 * @param cure replaces the cure of the reason's row if more is known here; null if `found` has its
 * own cure.
 */
export const troubleOf = (
  reason: Reason,
  found: string,
  cure: string | null = REASONS[reason].cure,
): Trouble => ({ reason, found, cure });

/** The one sentence that logs, notices and journals show. */
export const sentenceOf = ({ found, cure }: Cause): string =>
  cure === null ? found : `${found}; ${cure}`;

interface RefusalRow {
  exit: typeof EXIT.failed | typeof EXIT.refused | typeof EXIT.usage;
  /** False if this is not a place for the verb. Then it leaves no trace, not even a journal. */
  journal: boolean;
}

/** The reason why no plan exists. */
export const REFUSALS = {
  guard: { exit: EXIT.refused, journal: false },
  'not-linux': { exit: EXIT.failed, journal: false },
  'not-root': { exit: EXIT.failed, journal: false },
  'root-is-ramfs': { exit: EXIT.failed, journal: false },
  'root-is-no-ramfs': { exit: EXIT.failed, journal: false },
  'no-new-root': { exit: EXIT.failed, journal: true },
  'no-init': { exit: EXIT.failed, journal: true },
  'switch-failed': { exit: EXIT.failed, journal: true },
  'no-overlay-root': { exit: EXIT.failed, journal: false },
  'no-volume': { exit: EXIT.failed, journal: true },
  'bad-keep': { exit: EXIT.usage, journal: false },
  external: { exit: EXIT.failed, journal: true },
  'reset-failed': { exit: EXIT.failed, journal: true },
} as const satisfies Record<string, RefusalRow>;

export type RefusalReason = keyof typeof REFUSALS;
