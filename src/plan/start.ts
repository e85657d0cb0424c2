/**
 * Plans `start`: from a read-only root to an overlay of it and the data volume.
 *
 * Before: `/` is the read-only image; /proc, /sys, /dev and /tmp are mounted on it; the data volume is not mounted.
 * After:  `/` is the overlay, `/rom` the image, `/overlay` the data volume; every other mount is where it was.
 *
 * Up to pivot_root each step can be undone, and is when one fails: the root is then as it was found. Behind pivot_root there is no way back,
 * so whatever could fail is tried before it, and what comes after it is not fatal.
 */
import type { ContentKind, Facts, Volume } from '../facts/facts.js';
import { hiddenMounts, visibleAt } from '../facts/mountinfo.js';
import { mountsToMove } from './moves.js';
import { overlayOptions } from './overlay-options.js';
import { EXIT, PLAN_SCHEMA, type Decision, type Plan, type Refusal, type RefusalReason } from './plan.js';
import type { Action, Propagation, Step } from './step.js';

const STAGING = '/tmp/overlay';
const DATA = '/overlay';
const NEW_ROOT = '/mnt';
const OLD_ROOT = '/rom';
/** A fixed name, so that one left by a power cut is known for what it is. */
const PROBE = `${NEW_ROOT}/.mountroot-probe`;
/** Tools and people look for this source in /proc/mounts. */
const SOURCE = `overlayfs:${DATA}`;

/** The file system to mount for what a volume holds. jffs2 makes a blank one its own, and tells itself whether it can use what could not be read. */
const FSTYPE: Partial<Record<ContentKind, string>> = { jffs2: 'jffs2', blank: 'jffs2', unreadable: 'jffs2', ext4: 'ext4', f2fs: 'f2fs' };

export interface StartOptions {
  /** Only to be looked at: neither the early boot nor root is asked for. */
  dryRun: boolean;
  /** Start although this does not look like the early boot. */
  force: boolean;
}

const refuse = (reason: RefusalReason, summary: string): Refusal => ({
  schema: PLAN_SCHEMA,
  decision: 'refuse',
  verb: 'start',
  reason,
  exit: reason === 'guard' ? EXIT.refused : EXIT.failed,
  summary,
});

/** The decision, from facts alone: no input or output, no clock. */
export function planStart(facts: Facts, options: StartOptions): Decision {
  return preconditions(facts, options) ?? already(facts) ?? obstacles(facts) ?? plan(facts);
}

function preconditions({ platform, preinit, uid }: Facts, { dryRun, force }: StartOptions): Refusal | null {
  if (platform !== 'linux') return refuse('not-linux', `start needs a Linux kernel, and this is ${platform}; run it on the board, or plan for a captured board with --facts FILE`);
  if (dryRun) return null;
  if (!preinit && !force)
    return refuse('guard', 'start was refused because this does not look like the early boot (neither PREINIT is set nor /tmp/.preinit exists); call it from /etc/preinit, look with --dry-run, or insist with --force');
  if (uid !== 0) return refuse('not-root', `start needs root to mount, and this is user ${uid}; run it as root, or look with --dry-run`);
  return null;
}

function already({ mounts }: Facts): Decision | null {
  const root = visibleAt(mounts, '/');
  if (root === undefined || !root.fstype.startsWith('overlay') || root.source !== SOURCE) return null;
  return { schema: PLAN_SCHEMA, decision: 'already', verb: 'start', summary: `/ already is the overlay on ${DATA}; there is nothing to do` };
}

/** Whatever is known beforehand to make a step fail, most basic first. */
function obstacles(facts: Facts): Refusal | null {
  const root = visibleAt(facts.mounts, '/');
  if (root === undefined) return refuse('no-mountinfo', 'cannot tell what / is, because /proc/self/mountinfo shows no mount there; mount proc on /proc first');
  if (root.fstype === 'rootfs' || root.fstype === 'ramfs')
    return refuse('root-is-ramfs', `/ is the kernel's own ${root.fstype} (an initramfs), from which pivot_root(2) cannot work; boot with root= naming the root file system`);
  if (visibleAt(facts.mounts, '/proc') === undefined) return refuse('no-mountinfo', 'nothing is mounted on /proc, where every step is verified; mount proc there first');
  return volumeObstacle(facts) ?? kernelObstacle(facts) ?? placeObstacle(facts);
}

function volumeObstacle({ mtd, volume }: Facts): Refusal | null {
  const { name, namedBy, found, content } = volume;
  if (found.length === 0) {
    const names = mtd.map((partition) => partition.name).join(', ') || 'none at all';
    const asked = namedBy === 'default' ? '' : `, which ${namedBy}= on the kernel command line asks for`;
    return refuse('no-volume', `there is no mtd partition named "${name}"${asked}; this kernel has ${names}: correct the partition table (mtdparts= or the device tree), or name the data partition with fstools_overlay_name=`);
  }
  if (found.length > 1)
    return refuse('ambiguous-volume', `${found.length} mtd partitions are named "${name}" (${found.map((index) => `mtd${index}`).join(', ')}), and guessing could mount the wrong one; give them different names in the partition table`);
  if (content === null || FSTYPE[content.kind] !== undefined) return null;
  const held = `${describe(volume)}: ${content.evidence}`;
  if (content.kind === 'erase-marker') return refuse('erase-marker', `${held}; it is marked to be erased, so nothing is mounted from it`);
  if (content.kind === 'unknown')
    return refuse('unknown-content', `${held}; it is left alone because it may hold somebody's data: look at it, and erase it if nothing on it is needed`);
  return refuse('unsupported-content', `${held}; it cannot be mounted from an mtd partition: erase the partition, or correct the partition table`);
}

const describe = ({ name, found }: Volume): string => `mtd${found[0]} "${name}"`;

function kernelObstacle({ kernel: { filesystems }, volume }: Facts): Refusal | null {
  const fstype = fstypeOf(volume);
  if (!filesystems.includes(fstype)) return refuse('no-filesystem', `${describe(volume)} needs ${fstype}, which this kernel does not have (see /proc/filesystems); build it in`);
  if (!filesystems.includes('overlay') && !filesystems.includes('overlayfs'))
    return refuse('no-overlay', 'this kernel has neither overlay nor overlayfs (see /proc/filesystems); build it with CONFIG_OVERLAY_FS=y');
  return null;
}

function placeObstacle({ paths, mounts }: Facts): Refusal | null {
  for (const path of [DATA, NEW_ROOT, OLD_ROOT, '/tmp'])
    if (paths[path] !== 'directory')
      return refuse('no-directory', `${path} is ${paths[path] ?? 'missing'}, and start needs a directory there; add it to the root file system image`);
  for (const [path, whose] of [[STAGING, 'the data volume'], [DATA, 'the data volume'], [OLD_ROOT, 'the old root']] as const) {
    const mount = visibleAt(mounts, path);
    if (mount !== undefined) return refuse('occupied', `${mount.fstype} ${mount.source} is already mounted on ${path}, where start puts ${whose}; unmount it first`);
  }
  return null;
}

const fstypeOf = ({ content }: Volume): string => FSTYPE[content?.kind ?? 'unreadable'] ?? 'jffs2';

function plan(facts: Facts): Plan {
  const { volume, mtd, mounts, kernel } = facts;
  const partition = mtd.find(({ index }) => index === volume.found[0])!;
  const fstype = fstypeOf(volume);
  const legacy = !kernel.filesystems.includes('overlay');
  const moves = mountsToMove(mounts);
  const steps = [
    ...mountData(facts, volume.source!, fstype),
    ...mountOverlay(legacy),
    ...prepareMountpoints(moves),
    ...pivot(moves),
  ];
  return {
    schema: PLAN_SCHEMA,
    decision: 'go',
    verb: 'start',
    summary: `an overlay root that keeps its changes on mtd${partition.index} "${partition.name}" (${fstype})`,
    rests: { mtd: partition },
    steps: distinct(steps),
    notes: notes(facts, legacy),
  };
}

/** Two odd paths may give one id; the later one gets its position behind it. */
function distinct(steps: Step[]): Step[] {
  const taken = new Set<string>();
  return steps.map((step, index) => {
    const id = taken.has(step.id) ? `${step.id}~${index + 1}` : step.id;
    taken.add(id);
    return { ...step, id };
  });
}

const fatal = (id: string, why: string, action: Action): Step => ({ id, action, why, severity: 'fatal' });
const warn = (id: string, why: string, action: Action): Step => ({ id, action, why, severity: 'warn' });

function mountData({ mounts }: Facts, source: string, fstype: string): Step[] {
  return [
    fatal('private', 'pivot_root(2) and MS_MOVE refuse to work next to shared mounts.', { kind: 'make-private', path: '/', before: propagation(mounts) }),
    fatal('staging', 'The data volume is mounted here first, so that a bad one never covers /overlay.', { kind: 'mkdir', path: STAGING, mode: 0o755, accept: 'directory' }),
    fatal('data', 'The settings live here; noatime spares the flash a write for every read.', { kind: 'mount', source, target: STAGING, fstype, flags: ['MS_NOATIME'], data: null }),
    fatal('data-place', 'It mounted, and writable, so it goes to its place.', { kind: 'move', from: STAGING, to: DATA }),
  ];
}

function mountOverlay(legacy: boolean): Step[] {
  // The out-of-tree overlayfs keeps its upper layer in the partition's root and has no workdir; it is another on-disk layout.
  const upper = legacy ? DATA : `${DATA}/upper`;
  const work = `${DATA}/work`;
  const fstype = legacy ? 'overlayfs' : 'overlay';
  const data = overlayOptions({ lower: ['/'], upper, ...(!legacy && { work }) });
  const directories = legacy
    ? []
    : [
        fatal('upper', 'The upper layer: every change to the root is kept in it.', { kind: 'mkdir', path: upper, mode: 0o755, accept: 'directory' }),
        fatal('work', 'overlay prepares changes here before they appear; it must be on the same mount as the upper layer.', { kind: 'mkdir', path: work, mode: 0o755, accept: 'directory' }),
        warn('work-clean', 'What a power cut left half-prepared makes kernels before 4.8 mount read-only and say nothing.', { kind: 'remove-tree', path: `${work}/work` }),
      ];
  return [
    ...directories,
    fatal('overlay', 'The new root: the read-only image with the settings over it.', { kind: 'mount', source: SOURCE, target: NEW_ROOT, fstype, flags: ['MS_NOATIME'], data }),
    fatal('writable', 'Full or write-protected flash shows only when it is written to, and behind the pivot it is too late to learn it.', { kind: 'write-probe', path: PROBE }),
    fatal('probe-gone', 'The probe was only to see whether writing works.', { kind: 'remove-tree', path: PROBE }),
  ];
}

/** Mountpoints come from the image, but the upper layer may hide one behind a whiteout; then it is made again while a failure can still be undone. */
function prepareMountpoints(moves: readonly string[]): Step[] {
  const why = (path: string): string => `${path} is mounted there after the pivot.`;
  const essential = [OLD_ROOT, '/proc', DATA].map((path) =>
    fatal(`dir-${slug(path)}`, why(path), { kind: 'mkdir', path: `${NEW_ROOT}${path}`, mode: 0o755, accept: 'directory' }),
  );
  // A mountpoint may as well be a file, so anything that is there will do.
  const others = moves.map((path) => warn(`dir-${slug(path)}`, why(path), { kind: 'mkdir', path: `${NEW_ROOT}${path}`, mode: 0o755, accept: 'anything' }));
  return [...essential, ...others];
}

function pivot(moves: readonly string[]): Step[] {
  const back = (path: string): Step =>
    warn(`move-${slug(path)}`, `${path} goes where it was; the old root took it along to ${OLD_ROOT}${path}.`, { kind: 'move', from: `${OLD_ROOT}${path}`, to: path });
  return [
    fatal('move-proc', 'Until the new root has /proc nothing can be verified in it.', { kind: 'move', from: '/proc', to: `${NEW_ROOT}/proc` }),
    fatal('pivot', 'From here on the overlay is / for every process, and nothing is undone.', { kind: 'pivot-root', newRoot: NEW_ROOT, putOld: `${NEW_ROOT}${OLD_ROOT}` }),
    warn('chdir', 'The kernel moves the working directory along only where it was the old root.', { kind: 'chdir', path: '/' }),
    ...moves.map(back),
    back(DATA),
  ];
}

/** Part of a step's id: paths may hold anything, ids are words. */
const slug = (path: string): string => path.slice(1).replace(/[^A-Za-z0-9.]+/g, '-');

/** Peer groups get the lowest free number, so restoring them in the order of their numbers gives them the same ones again. */
function propagation(mounts: readonly Facts['mounts'][number][]): Propagation[] {
  // A mount that another one hides cannot be reached by its path: what is put back there would be put on the other one.
  const hidden = hiddenMounts(mounts);
  const reachable = mounts.filter(({ id }) => !hidden.has(id));
  const shared = reachable.filter((mount) => mount.shared !== undefined).sort((a, b) => a.shared! - b.shared!);
  const unbindable = reachable.filter((mount) => mount.unbindable);
  return [
    ...shared.map(({ mountpoint }): Propagation => ({ mountpoint, was: 'shared' })),
    ...unbindable.map(({ mountpoint }): Propagation => ({ mountpoint, was: 'unbindable' })),
  ];
}

function notes({ mounts, volume, problems }: Facts, legacy: boolean): string[] {
  const out = [...problems];
  if (volume.content?.kind === 'blank') out.push(`the data partition is blank: jffs2 makes it its own, and erases its blocks in the background`);
  if (volume.content?.kind === 'unreadable') out.push(`what the data partition holds could not be looked at (${volume.content.evidence}); jffs2 will tell`);
  if (legacy) out.push('this kernel has only the out-of-tree overlayfs: the upper layer is the root of the data partition, and there is no workdir');
  const hidden = hiddenMounts(mounts);
  const stacked = new Set(mounts.flatMap(({ id, mountpoint }) => (hidden.has(id) ? [mountpoint] : [])));
  if (stacked.size > 0) out.push(`several mounts are stacked on ${[...stacked].join(' and ')}: the visible one goes along, what it hides stays below ${OLD_ROOT}`);
  const groups = mounts.flatMap(({ shared }) => shared ?? []);
  if (mounts.some(({ master }) => master !== undefined) || new Set(groups).size < groups.length)
    out.push('some mounts receive events from others or have peers: undoing a failed start cannot put that tie back');
  return out;
}
