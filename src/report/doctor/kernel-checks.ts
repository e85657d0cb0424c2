/** What the kernel must have, and what is known of its version. */
import type { Facts } from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { isLegacy } from '../../plan/overlay-root.js';
import { mountNotes } from '../../plan/mountpoints.js';
import { FILE_SYSTEMS } from '../../volumes/file-systems.js';
import { fstypeOf } from '../../volumes/mountable.js';
import {
  before,
  ok,
  problem,
  releaseOf,
  unknown,
  warning,
  type Finding,
  type CheckInputs,
  type CheckRule,
} from './check-rule.js';
import type { Live } from './live.js';
import { listed } from '../../text/listed.js';

const FILESYSTEMS = '/proc/filesystems';

function overlay({ now }: CheckInputs): Finding {
  const { filesystems } = now.kernel;
  if (filesystems.includes('overlay')) return ok('the kernel has overlay', FILESYSTEMS);
  if (filesystems.includes('overlayfs'))
    return warning(
      'the kernel has only the out-of-tree overlayfs: the upper layer is the root of the data volume, there is no workdir, and settings that cannot be written cannot be used read-only',
      `${FILESYSTEMS} has overlayfs and no overlay`,
      'use a kernel from 3.18 on with CONFIG_OVERLAY_FS=y, or keep in mind that the layout on the volume is another one',
    );
  return problem(
    'the kernel has no overlay, so / stays the read-only image',
    `${FILESYSTEMS} has neither overlay nor overlayfs`,
    'build the kernel with CONFIG_OVERLAY_FS=y',
    { reason: 'no-overlay' },
  );
}

const NEEDED = { tmpfs: 'TMPFS', proc: 'PROC_FS', sysfs: 'SYSFS' } as const;

function filesystems({ now }: CheckInputs): Finding {
  const has = (name: string): boolean => now.kernel.filesystems.includes(name);
  const missing = Object.keys(NEEDED).filter((name) => !has(name));
  if (missing.length > 0)
    return problem(
      `the kernel has no ${listed(missing)}`,
      `${FILESYSTEMS} lists ${now.kernel.filesystems.length} types`,
      `build the kernel with ${listed(missing.map((name) => `CONFIG_${NEEDED[name as keyof typeof NEEDED]}=y`))}`,
      missing.includes('tmpfs') ? { reason: 'ram-failed' } : {},
    );
  if (!has('devtmpfs'))
    return warning(
      'the kernel has no devtmpfs, so the image must bring every device node that a boot needs',
      `${FILESYSTEMS} does not have it`,
      'build the kernel with CONFIG_DEVTMPFS=y and CONFIG_DEVTMPFS_MOUNT=y',
    );
  const image = imageType(now);
  if (image !== null && !has(image))
    return problem(
      `the image is ${image}, which the kernel does not have`,
      FILESYSTEMS,
      `build the kernel with ${image} (=y, for modules lie on the root)`,
    );
  return ok(
    `the kernel has ${listed([...Object.keys(NEEDED), 'devtmpfs', ...(image === null ? [] : [image])])}`,
    FILESYSTEMS,
  );
}

/** What the read-only image is made of; null where it does not show. */
function imageType({ mounts, handover }: Facts): string | null {
  if (handover?.ramfs) return handover.root?.content?.kind === 'squashfs' ? 'squashfs' : null;
  const image = visibleAt(mounts, '/rom') ?? visibleAt(mounts, '/');
  return image === undefined || image.fstype.startsWith('overlay') ? null : image.fstype;
}

/** The file system of the data volume: what is on it, or will be. */
function volumeType({ volume, opened }: Facts): string | undefined {
  const [device] = volume.found;
  if (opened !== null) return opened.fstype;
  if (volume.attach !== null) return 'ubifs';
  return device === undefined || volume.found.length > 1 ? undefined : fstypeOf(device, volume);
}

function volumeFilesystem({ now }: CheckInputs): Finding | null {
  const type = volumeType(now);
  if (type === undefined) return null;
  if (now.kernel.filesystems.includes(type))
    return ok(`the kernel has ${type}, which the data volume needs`, FILESYSTEMS);
  return problem(
    `the data volume needs ${type}, which the kernel does not have`,
    `${FILESYSTEMS} does not have it`,
    `build the kernel with CONFIG_${FILE_SYSTEMS[type]?.options[0] ?? type}=y (=m does not do, for modules lie on the root)`,
    { reason: 'no-filesystem' },
  );
}

function version({ now }: CheckInputs): Finding {
  const { release } = now.kernel;
  const evidence = '/proc/sys/kernel/osrelease';
  const number = releaseOf(release);
  if (number === null)
    return unknown(
      `the kernel's version ${JSON.stringify(release)} is not understood`,
      evidence,
      'look at `uname -r`; 4.8 and later are best',
    );
  if (before(number, [4, 0]))
    return warning(
      `Linux ${release} has no overlay with several lower layers, so settings that cannot be written cannot be used read-only either`,
      evidence,
      'use a kernel from 4.8 on, or expect a root without settings where flash cannot be written',
    );
  if (before(number, [4, 8]))
    return warning(
      `on Linux ${release} an overlay over a dirty workdir is read-only, though mount(2) says that all went well; mountroot clears it before`,
      evidence,
      'use a kernel from 4.8 on, if there is one for the board',
    );
  return ok(`Linux ${release} has no fault of overlay that would be in the way`, evidence);
}

const said = (live: Live | null, facts: Facts, what: RegExp): string | undefined => {
  const lines =
    live !== null && 'value' in live.log ? live.log.value.lines : (facts.origin?.log?.lines ?? []);
  return lines.find(({ text }) => what.test(text))?.text;
};

/**
 * Without RENAME_WHITEOUT overlay can neither rename a file of the image nor remove a directory of
 * it.
 */
function whiteout({ now, live }: CheckInputs): Finding | null {
  const type = volumeType(now);
  const number = releaseOf(now.kernel.release);
  if (type === 'ubifs' && number !== null && before(number, [4, 9]))
    return lacksWhiteout(
      'UBIFS',
      `Linux ${now.kernel.release}; it came with 4.9`,
      'use a kernel from 4.9 on',
    );
  if (type !== 'jffs2') return null;
  const cure =
    "apply the kernel patch for jffs2's rename that OpenWrt and the emulated board have (jffs2-rename-flags.patch, in mountroot's sources below board/)";
  if (live?.whiteout)
    return live.whiteout.works
      ? ok(
          "this kernel's jffs2 has RENAME_WHITEOUT",
          `tried by mountroot done: ${live.whiteout.where}`,
        )
      : lacksWhiteout('jffs2', `tried by mountroot done: ${live.whiteout.where}`, cure);
  const complaint = said(live, now, /^overlayfs: upper fs does not support RENAME_WHITEOUT/);
  if (complaint !== undefined)
    return lacksWhiteout('jffs2', `the kernel log: "${complaint}"`, cure);
  return unknown(
    "whether this kernel's jffs2 has RENAME_WHITEOUT (mainline has it not): without it, files of the image cannot be renamed, nor its directories removed",
    live === null
      ? 'these facts do not show it'
      : 'no journal of mountroot done, which tries it, and no word in the kernel log',
    '`mountroot done` tries it at the end of a boot; look again after it',
  );
}

const lacksWhiteout = (fstype: string, evidence: string, cure: string): Finding =>
  warning(
    `${fstype} lacks RENAME_WHITEOUT on this kernel: files of the image cannot be renamed, nor its directories removed`,
    evidence,
    cure,
  );

/** Overlay marks a directory that replaces one of the image with trusted.overlay.opaque. */
function xattr({ now, live }: CheckInputs): Finding | null {
  const type = volumeType(now);
  const option = type === undefined ? undefined : FILE_SYSTEMS[type]?.xattrOption;
  if (type === undefined || isLegacy(now)) return null;
  if (option === undefined) return ok(`${type} has extended attributes`, 'it always has');
  const without = (evidence: string): Finding =>
    warning(
      `${type} has no extended attributes on this kernel, so a directory of the image that was removed cannot be made again`,
      evidence,
      `build the kernel with CONFIG_${option}=y`,
    );
  const config = live?.config?.[option];
  if (config !== undefined)
    return config === 'y'
      ? ok(`${type} has extended attributes`, `/proc/config.gz has CONFIG_${option}=y`)
      : without(`/proc/config.gz has no CONFIG_${option}`);
  const complaint = said(live, now, /^overlayfs: upper fs does not support xattr/);
  if (complaint !== undefined) return without(`the kernel log: "${complaint}"`);
  const built = said(live, now, /jffs2_build_xattr_subsystem/);
  if (type === 'jffs2' && built !== undefined)
    return ok('jffs2 has extended attributes', 'the kernel log shows its xattr subsystem');
  return unknown(
    `whether ${type} has extended attributes, which overlay needs for directories that replace one of the image`,
    'no /proc/config.gz, and no word in the kernel log',
    `see that the kernel is built with CONFIG_${option}=y`,
  );
}

function mounts({ start }: CheckInputs): Finding | Finding[] {
  if (start === null)
    return unknown(
      'how the mounts stood before the start',
      'a start has changed them, and left no facts',
      'look on a board that has not started yet',
    );
  const evidence = '/proc/self/mountinfo';
  const notes = mountNotes(start);
  const shared = start.mounts.filter((mount) => mount.shared !== undefined).length;
  const tied =
    'let init make mounts private (`mount --make-rprivate /`) before mountroot is called, if undoing a failed start matters';
  if (notes.length > 0)
    return notes.map((note) =>
      warning(
        note,
        evidence,
        note.includes('stacked')
          ? 'unmount what is in the way before mountroot is called, if what it hides is needed'
          : tied,
      ),
    );
  return ok(
    shared === 0
      ? 'no mount is shared'
      : `${shared} mounts are shared, and start makes them private before it pivots`,
    evidence,
  );
}

export const KERNEL_RULES: readonly CheckRule[] = [
  { id: 'overlay', title: 'overlay', look: overlay },
  { id: 'filesystems', title: 'file systems', look: filesystems },
  { id: 'volume-filesystem', title: "the volume's file system", look: volumeFilesystem },
  { id: 'kernel-version', title: 'kernel version', look: version },
  { id: 'rename-whiteout', title: 'renaming', look: whiteout },
  { id: 'xattr', title: 'extended attributes', look: xattr },
  { id: 'mounts', title: 'mounts', look: mounts },
];
