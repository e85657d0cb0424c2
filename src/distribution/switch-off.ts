/** Carries out `disable`, on the plain root or below the overlay. */
import { visibleAt } from '../facts/mountinfo.js';
import type { Mount } from '../facts/facts.js';
import { ENABLED } from '../facts/installation.js';
import { OLD_ROOT } from '../facts/places.js';
import type { System } from '../system/port.js';

/** Where the file that switches mountroot on is, for the next boot. */
export const markBelow = (mounts: readonly Mount[]): string =>
  visibleAt(mounts, '/')?.fstype.startsWith('overlay') === true &&
  visibleAt(mounts, OLD_ROOT) !== undefined
    ? `${OLD_ROOT}${ENABLED}`
    : ENABLED;

/**
 * Removes the file. Below the overlay the image is made writable for that moment: nothing else on
 * it changes, and the overlay does not use this file.
 * @throws {SystemError} if the image cannot be written.
 */
export function switchOff(system: System, mark: string): void {
  const isBelow = mark !== ENABLED;
  if (isBelow) system.mount(null, OLD_ROOT, null, ['MS_REMOUNT'], null);
  try {
    system.unlink(mark);
    system.syncfs(isBelow ? OLD_ROOT : '/etc');
  } finally {
    if (isBelow) system.mount(null, OLD_ROOT, null, ['MS_REMOUNT', 'MS_RDONLY'], null);
  }
}
