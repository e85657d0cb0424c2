/** The way to the root: root= on the command line, or an initramfs that switches to it. */
import { isNowhere } from '../../facts/find-volume.js';
import type { Facts, Mount } from '../../facts/facts.js';
import { PARTITIONS, lacksType, unreadWords } from '../../facts/kernel-sources.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { OLD_ROOT } from '../../facts/places.js';
import { bootParameters } from '../../explain/boot-parameters.js';
import { listed } from '../../text/listed.js';
import { describe } from '../../volumes/device.js';
import { isFileSystem } from '../../volumes/file-systems.js';
import { ok, problem, unknown, warning, type CheckInputs, type Finding } from './check-rule.js';

/** Devices that the kernel may find only after it has begun to look for its root. */
const LATE = /^(?:\/dev\/(?:mmcblk|sd|nvme|vd)|PART(?:UUID|LABEL)=)/;

/** root= names an mtd partition that /proc/mtd does not have. */
function absentPartition(now: Facts, root: string): Finding | null {
  const [, index] = /^\/dev\/mtdblock(\d+)$/.exec(root) ?? [];
  if (index === undefined || now.mtd.some((each) => each.index === Number(index))) return null;
  const unread = unreadWords(now, PARTITIONS);
  if (unread !== null)
    return unknown(`whether root=${root} exists`, unread, 'see that the kernel has mtd');
  return problem(
    `root=${root} names a partition that does not exist`,
    `/proc/mtd has ${listed(now.mtd.map((each) => `mtd${each.index}`)) || 'no partition'}`,
    'correct root= or the partition table',
  );
}

/** OpenWrt's kernel says which partition it takes (drivers/mtd/mtdcore.c of its patches). */
const TAKEN = /^mtd: setting mtd(\d+) \((.*)\) as root device/;

/** The mtd partition that the kernel took by itself: seen in its log, or concluded. */
function takenPartition({ origin, kernel, mtd }: Facts, image: Mount): Finding | null {
  const said = origin?.log?.lines.find(({ text }) => TAKEN.test(text));
  if (said !== undefined)
    return ok('the kernel took its root without root=', `the kernel log: "${said.text}"`);
  const partition = mtd.find(({ index }) => image.device === `31:${index}`);
  const isSplit = mtd.some(({ name }) => name === 'firmware' || name === 'ubi');
  const types = bootParameters(kernel.commandLine).fstypes ?? [];
  if (partition?.name !== 'rootfs' || !(isSplit || types.includes('jffs2'))) return null;
  return ok(
    `the kernel took mtd${partition.index} "rootfs" by its name, as OpenWrt's kernels do`,
    `concluded: no root= in /proc/cmdline, and mtd${partition.index} is mounted as the image`,
  );
}

/** There is no root= on the command line. */
function unnamedRoot({ now, before }: CheckInputs): Finding | null {
  const image = visibleAt(before.facts.mounts, '/');
  if (image === undefined || NO_DEVICE.test(image.device)) return null;
  return (
    takenPartition(now, image) ??
    warning(
      'the kernel command line has no root=, ' +
        `and what made ${image.fstype} ${image.source} the root does not show`,
      '/proc/cmdline',
      'name the read-only image, as in root=/dev/mtdblock2 rootfstype=squashfs, ' +
        'unless the kernel or an initramfs knows it',
    )
  );
}

/** A mount without a device, such as an overlay or a file system in memory. */
const NO_DEVICE = /^0:/;

/** Names that the kernel itself does not know; an initramfs finds the device. */
const BY_INITRAMFS = /^(?:UUID|LABEL)=/;

/** The kernel shows a root that it mounted itself as /dev/root (init/do_mounts.c). */
function wasMountedByInitramfs({ now, before }: CheckInputs): boolean {
  const root = visibleAt(now.mounts, OLD_ROOT) ?? visibleAt(before.facts.mounts, '/');
  return root !== undefined && !NO_DEVICE.test(root.device) && root.source.startsWith('/dev/')
    ? root.source !== '/dev/root'
    : false;
}

export function rootArgument(inputs: CheckInputs): Finding | null {
  const { now } = inputs;
  const { kernel, handover } = now;
  const { root, wait, delay } = bootParameters(kernel.commandLine);
  const evidence = '/proc/cmdline';
  const unread = unreadWords(now, evidence);
  if (unread !== null && kernel.commandLine === '')
    return unknown(
      'what the kernel command line says',
      unread,
      'see that proc is mounted on /proc',
    );
  if (root === null && handover?.ramfs)
    return ok('the command line names no root=, and / is an initramfs', evidence);
  if (root === null) return unnamedRoot(inputs);
  const absent = absentPartition(now, root);
  if (absent !== null) return absent;
  if (BY_INITRAMFS.test(root))
    return ok(`root=${root}, which an initramfs must find, not the kernel`, evidence);
  if (LATE.test(root) && !wait && delay === 0 && !wasMountedByInitramfs(inputs))
    return warning(
      `root=${root} may appear after the kernel has looked for it, and there is no rootwait`,
      evidence,
      'write rootwait on the kernel command line, unless an initramfs mounts the root',
    );
  return ok(`root=${root}${wait ? ' with rootwait' : ''}`, evidence);
}

type Handover = NonNullable<Facts['handover']>;

const EVIDENCE = '/proc/cmdline, /proc/self/mountinfo';

/** The root to switch to is not mounted yet: can it be found? */
function rootToFind({ root, asked, pid }: Handover): Finding | null {
  if (root === null && asked === null && pid !== 1)
    return unknown(
      '/ is an initramfs, and no root= names another root; it may be all that this board has',
      EVIDENCE,
      'nothing, if its init is to run from it; else add root=',
    );
  if (root === null)
    return asked !== null
      ? null
      : problem(
          '/ is an initramfs that does not know which root to switch to',
          'the kernel command line has no root=',
          'add root=, or mount it and end /init with `exec mountroot switch-root NEWROOT INIT`',
        );
  if (isNowhere(root) && !root.patient)
    return problem(
      `there is no root=${root.wanted} to switch to`,
      EVIDENCE,
      'correct root= on the kernel command line, add rootwait, ' +
        'or build its driver into the kernel',
    );
  if (root.found.length > 1)
    return problem(
      `${root.found.length} devices are called root=${root.wanted}`,
      listed(root.found.map(({ name }) => name)),
      'name one of them',
    );
  return null;
}

function rootType({ root }: Handover, facts: Facts): Finding | null {
  const type = root?.content?.kind;
  if (type === undefined || !isFileSystem(type)) return null;
  if (!lacksType(facts, type)) return null;
  return problem(
    `the root to switch to holds ${type}, which the kernel does not have`,
    '/proc/filesystems',
    `build the kernel with ${type}`,
  );
}

function noProgram({ programs }: Handover): Finding | null {
  if (programs.length === 0 || programs.some(({ trouble }) => trouble === null)) return null;
  return problem(
    'no init of the new root can be run',
    programs.map(({ trouble }) => trouble).join('; '),
    'correct init= or the image',
  );
}

function notFirst({ pid }: Handover): Finding | null {
  if (pid === 1) return null;
  return warning(
    '/ is an initramfs, which only process 1 can switch away from, ' + `and this is process ${pid}`,
    EVIDENCE,
    "make mountroot the ramdisk's /init, " +
      'or end /init with `exec mountroot switch-root NEWROOT INIT`',
  );
}

function rootName({ root, asked }: Handover): string {
  if (root === null) return String(asked);
  const [device] = root.found;
  return device === undefined ? `root=${root.wanted} is waited for` : describe(device);
}

export function initramfs({ start }: CheckInputs): Finding | null {
  const handover = start?.handover;
  if (!start || !handover?.ramfs) return null;
  return (
    (handover.at === null ? rootToFind(handover) : null) ??
    rootType(handover, start) ??
    noProgram(handover) ??
    notFirst(handover) ??
    ok(`/ is an initramfs, and ${rootName(handover)} is the root to switch to`, EVIDENCE)
  );
}
