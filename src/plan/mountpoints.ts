import type { Facts } from '../facts/facts.js';
import { hiddenMounts, visibleAt } from '../facts/mountinfo.js';
import { NEW_OVERLAY, NEW_ROOTS, OLD_ROOT } from '../facts/places.js';
import { troubleOf, type Trouble } from './reasons.js';

/** Whether a plan may mount something on a directory: it is one, and nothing is mounted there. */
export const isFree = ({ paths, mounts }: Facts, path: string): boolean =>
  paths[path] === 'directory' && visibleAt(mounts, path) === undefined;

/** Where the image is mounted that an initramfs leads to; null where `/` itself is the image. */
export const imageMountpoint = ({ handover }: Facts): string | null =>
  handover?.ramfs ? handover.at : null;

/**
 * Where the new root is put together: OpenWrt's /mnt, or below /tmp where an image lacks that or
 * something is mounted on it. An initramfs has room for a place of its own.
 */
export function newRootOf(facts: Facts): string {
  if (imageMountpoint(facts) !== null) return NEW_OVERLAY;
  return isFree(facts, NEW_ROOTS[0]) ? NEW_ROOTS[0] : NEW_ROOTS[1];
}

/** What makes any new root impossible; null when nothing does. */
export function placeTrouble(facts: Facts): Trouble | null {
  const { mounts } = facts;
  const paths = imageMountpoint(facts) === null ? facts.paths : facts.handover!.paths;
  if (visibleAt(mounts, '/') === undefined || visibleAt(mounts, '/proc') === undefined)
    return troubleOf(
      'no-mountinfo',
      'nothing is mounted on / or /proc as far as /proc/self/mountinfo tells, ' +
        'where every step is verified',
    );
  if (paths['/tmp'] !== 'directory')
    return troubleOf(
      'no-directory',
      `/tmp is ${paths['/tmp'] ?? 'missing'}, and a new root needs a directory there`,
    );
  const inTheWay = visibleAt(mounts, OLD_ROOT);
  if (inTheWay !== undefined && imageMountpoint(facts) === null)
    return troubleOf(
      'no-directory',
      `${inTheWay.fstype} ${inTheWay.source} is already mounted on ${OLD_ROOT}, ` +
        'where the old root goes',
    );
  return null;
}

/** Something about the mounts that a person should know, although it changes no step. */
export type MountNote = { code: 'stacked'; on: string[] } | { code: 'tied' };

export function notesOnMounts({ mounts }: Facts): MountNote[] {
  const notes: MountNote[] = [];
  const hidden = hiddenMounts(mounts);
  const stacked = new Set(
    mounts.flatMap(({ id, mountpoint }) => (hidden.has(id) ? [mountpoint] : [])),
  );
  if (stacked.size > 0) notes.push({ code: 'stacked', on: [...stacked] });
  const groups = mounts.flatMap(({ shared }) => shared ?? []);
  if (mounts.some(({ master }) => master !== undefined) || new Set(groups).size < groups.length)
    notes.push({ code: 'tied' });
  return notes;
}

export const mountNoteWords = (note: MountNote): string =>
  note.code === 'stacked'
    ? `several mounts are stacked on ${note.on.join(' and ')}: ` +
      `the visible one goes along, what it hides stays below ${OLD_ROOT}`
    : 'some mounts receive events from others or have peers: ' +
      'undoing a failed start cannot put that tie back';

/** The same in words, for the notes of a plan. */
export const mountNotes = (facts: Facts): string[] => notesOnMounts(facts).map(mountNoteWords);
