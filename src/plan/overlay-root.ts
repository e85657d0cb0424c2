/**
 * The steps from a mounted data volume, or from none, to a new root: the part that every rung of the ladder shares.
 *
 * Up to pivot_root each step can be undone, and is when one fails: the root is then as it was found. Behind pivot_root there is no way back,
 * so whatever could fail is tried before it, and what comes after it is not fatal.
 */
import type { Facts, Mount } from '../facts/facts.js';
import { hiddenMounts } from '../facts/mountinfo.js';
import { DATA, FLASH_SOURCE, NEW_ROOTS, OLD_ROOT, RAM, RAM_SOURCE } from '../facts/places.js';
import { mountsToMove } from './moves.js';
import { overlayOptions } from './overlay-options.js';
import { isFree, newRootOf } from './places.js';
import type { Propagation, Step } from './step.js';
import { fatal, mkdir, mount, lastingFolder, slug, warn } from './steps.js';

export const isLegacy = ({ kernel: { filesystems } }: Facts): boolean => !filesystems.includes('overlay');

/** pivot_root(2) and MS_MOVE refuse to work next to shared mounts. */
export const makePrivate = ({ mounts }: Facts): Step =>
  fatal('private', 'pivot_root(2) and MS_MOVE refuse to work next to shared mounts.', { kind: 'make-private', path: '/', before: propagation(mounts) });

/** Where the data volume stands while the overlay is built: at its place, or where it is when the image has no such directory. */
export interface Placed {
  at: string;
  steps: Step[];
}

export function placeData(facts: Facts, from: string): Placed {
  if (from === DATA || !isFree(facts, DATA)) return { at: from, steps: [] };
  return { at: DATA, steps: [fatal('data-place', 'It mounted, so it goes to its place.', { kind: 'move', from, to: DATA })] };
}

/** The overlay that keeps its changes in `at`. The out-of-tree overlayfs keeps its upper layer in the volume's root and has no workdir: another on-disk layout. */
export function flashOverlay(facts: Facts, at: string): Step[] {
  const legacy = isLegacy(facts);
  const upper = legacy ? at : `${at}/upper`;
  const work = `${at}/work`;
  const options = overlayOptions({ lower: ['/'], upper, ...(!legacy && { work }) });
  const directories = legacy
    ? []
    : [
        fatal('work', 'overlay prepares changes here before they appear; it must be on the same mount as the upper layer.', mkdir(work)),
        warn('work-clean', 'What a power cut left half-prepared makes kernels before 4.8 mount read-only and say nothing.', { kind: 'remove-tree', path: `${work}/work` }),
      ];
  return [...directories, ...overlay(facts, FLASH_SOURCE, options, 'The new root: the read-only image with the settings over it.')];
}

/** An overlay whose changes live in memory, over the given layers, topmost first. */
export function ramOverlay(facts: Facts, lower: string[]): Step[] {
  const legacy = isLegacy(facts);
  const upper = legacy ? RAM : `${RAM}/upper`;
  const work = `${RAM}/work`;
  return [
    fatal('ram-place', 'Changes are held in memory, here.', mkdir(RAM)),
    fatal('ram', 'A file system in memory: what is written to it is gone at power-off.', mount('tmpfs', RAM, 'tmpfs', 'mode=0755')),
    ...(legacy ? [] : [fatal('ram-upper', 'The upper layer, in memory.', lastingFolder(upper)), fatal('ram-work', 'overlay prepares changes here before they appear.', lastingFolder(work))]),
    ...overlay(facts, RAM_SOURCE, overlayOptions({ lower, upper, ...(!legacy && { work }) }), lower.length > 1 ? 'The new root: the image, over it the settings as they are on flash, over those what changes from now on.' : 'The new root: the read-only image under what changes from now on.'),
  ];
}

function overlay(facts: Facts, source: string, options: string, why: string): Step[] {
  const newRoot = newRootOf(facts);
  // A fixed name, so that one left by a power cut is known for what it is.
  const probe = `${newRoot}/.mountroot-probe`;
  const made = newRoot === NEW_ROOTS[0] ? [] : [warn('new-root-above', 'The folder of everything that is ours on /tmp.', mkdir('/tmp/mountroot')), fatal('new-root', 'The image has no free /mnt, so the new root is put together here.', mkdir(newRoot))];
  return [
    ...made,
    fatal('overlay', why, mount(source, newRoot, isLegacy(facts) ? 'overlayfs' : 'overlay', options)),
    fatal('writable', 'Full or write-protected flash shows only when it is written to, and behind the pivot it is too late to learn it.', { kind: 'write-probe', path: probe }),
    fatal('probe-gone', 'The probe was only to see whether writing works.', { kind: 'remove-tree', path: probe }),
  ];
}

/** Without these no init runs; whatever else stays behind is only missed. */
const ESSENTIAL = ['/dev', '/tmp', '/sys'];

/**
 * From a file system mounted at the new root's place to one that is /, with every other mount where it was. OpenWrt's program moves most mounts behind
 * pivot_root, where a failure leaves a board without /dev; here they move before it, and are moved back when one fails.
 * @param data where the data volume stands; null where none is mounted.
 * @param putOld where the old root goes, in the new one.
 */
export function pivotTo(facts: Facts, data: string | null, putOld: string = OLD_ROOT): Step[] {
  const newRoot = newRootOf(facts);
  const moves = [...mountsToMove(facts.mounts).filter((path) => path !== DATA), ...(data === DATA ? [DATA] : [])];
  // A mount cannot move below itself, so what the new root stands on follows it.
  const [late, early] = [moves.filter((path) => newRoot.startsWith(`${path}/`)), moves.filter((path) => !newRoot.startsWith(`${path}/`))];
  const along = (path: string): Step => (ESSENTIAL.includes(path) ? fatal : warn)(`move-${slug(path)}`, `${path} goes where it is to be in the new root.`, { kind: 'move', from: path, to: `${newRoot}${path}` });
  const behind = (path: string): Step => warn(`move-${slug(path)}`, `${path} goes where it was; the old root took it along to ${putOld}${path}.`, { kind: 'move', from: `${putOld}${path}`, to: path });
  const ownMount = data !== null && data !== DATA ? [warn(`move-${slug(DATA)}`, 'The data volume goes to its place, which the image has not.', { kind: 'move', from: data, to: DATA })] : [];
  return [
    ...prepareMountpoints(newRoot, putOld, moves, data !== null),
    fatal('move-proc', 'Without /proc in the new root nothing can be verified in it.', { kind: 'move', from: '/proc', to: `${newRoot}/proc` }),
    ...early.map(along),
    fatal('pivot', 'From here on the overlay is / for every process, and nothing is undone.', { kind: 'pivot-root', newRoot, putOld: `${newRoot}${putOld}` }),
    warn('chdir', 'The kernel moves the working directory along only where it was the old root.', { kind: 'chdir', path: '/' }),
    ...late.map(behind),
    ...ownMount,
  ];
}

/** Mountpoints come from the image, but the upper layer may hide one behind a whiteout; then it is made again while a failure can still be undone. */
function prepareMountpoints(newRoot: string, putOld: string, moves: readonly string[], data: boolean): Step[] {
  const why = (path: string): string => `${path} is mounted there after the pivot.`;
  const essential = [putOld, '/proc', ...(data ? [DATA] : [])].map((path) => fatal(`dir-${slug(path)}`, why(path), mkdir(`${newRoot}${path}`)));
  // A mountpoint may as well be a file, so anything that is there will do.
  const others = moves.filter((path) => path !== DATA).map((path) => warn(`dir-${slug(path)}`, why(path), mkdir(`${newRoot}${path}`, 'anything')));
  return [...essential, ...others];
}

/** Peer groups get the lowest free number, so restoring them in the order of their numbers gives them the same ones again. */
function propagation(mounts: readonly Mount[]): Propagation[] {
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
