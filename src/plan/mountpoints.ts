import type { Facts } from '../facts/facts.js';
import { MOUNTS, unreadWords } from '../facts/kernel-sources.js';
import { hiddenMounts, visibleAt } from '../facts/mountinfo.js';
import { NEW_OVERLAY, NEW_ROOTS, OLD_ROOT } from '../facts/places.js';
import { REASONS, troubleOf, type Trouble } from './reasons.js';

/** Whether a plan may mount something at a path: a directory on which nothing is mounted. */
export const isFree = ({ paths, mounts }: Facts, path: string): boolean =>
  paths[path] === 'directory' && visibleAt(mounts, path) === undefined;

/** Where an initramfs has mounted the image; null if `/` itself is the image. */
export const imageMountpoint = ({ handover }: Facts): string | null =>
  handover?.ramfs ? handover.at : null;

/** The lowest layer in a sentence. A root that is written to, or does not show, is no image. */
export function lowerName(facts: Facts): string {
  const at = imageMountpoint(facts);
  const lowest =
    at === null
      ? (visibleAt(facts.mounts, OLD_ROOT) ?? visibleAt(facts.mounts, '/'))
      : visibleAt(facts.mounts, at);
  return lowest !== undefined && [lowest.options, lowest.superOptions].some((o) => o.includes('ro'))
    ? 'the read-only image'
    : 'the root';
}

/**
 * Where the new root is mounted first: on /mnt as in OpenWrt, or below /tmp if the image has no
 * free /mnt. An initramfs has a directory of its own for it.
 */
export function newRootOf(facts: Facts): string {
  if (imageMountpoint(facts) !== null) return NEW_OVERLAY;
  return isFree(facts, NEW_ROOTS[0]) ? NEW_ROOTS[0] : NEW_ROOTS[1];
}

/** Nothing could be verified. */
function blindTrouble(facts: Facts): Trouble {
  const unread = unreadWords(facts, MOUNTS);
  const how = facts.unread?.[MOUNTS] ?? 'absent';
  return troubleOf(
    'no-mountinfo',
    `${MOUNTS}, which verifies every step, shows no mount on / or on /proc` +
      (unread === null ? '' : `: ${unread}`),
    how === 'absent'
      ? REASONS['no-mountinfo'].cure
      : 'read the kernel log, and see what is mounted on /proc',
  );
}

/** The reason why no new root is possible; null if one is possible. */
export function placeTrouble(facts: Facts): Trouble | null {
  const { mounts } = facts;
  const paths = imageMountpoint(facts) === null ? facts.paths : facts.handover!.paths;
  if (visibleAt(mounts, '/') === undefined || visibleAt(mounts, '/proc') === undefined)
    return blindTrouble(facts);
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

/** Something about the mounts that the user should know, although it changes no step. */
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
      `the visible one moves to the new root, the hidden ones stay below ${OLD_ROOT}`
    : 'some mounts receive events from others or have peers: ' +
      'undoing a failed start cannot restore that';

/** The notes on mounts as sentences, for a plan. */
export const mountNotes = (facts: Facts): string[] => notesOnMounts(facts).map(mountNoteWords);
