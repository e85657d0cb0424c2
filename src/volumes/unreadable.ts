import { blank } from './blank.js';
import type { VolumeType } from './volume-type.js';

/** The cure of a medium that gives read errors. What cannot be read now may be read tomorrow. */
export const SAVE_FIRST =
  'read the kernel log; check its contacts, its cable and its power, and copy what can be read ' +
  '(ddrescue, or dd conv=noerror) before anything is written to it';

/**
 * The device could not be read, so its content is not known. A mount shows it: jffs2 and UBIFS
 * refuse content of another type.
 */
export const unreadable: VolumeType = {
  signatures: [],
  mountAs: blank.mountAs,
  rootAs: [],
  unmountable: () => ({
    reason: 'unknown-content',
    because: 'it may hold the settings all the same',
    cure: SAVE_FIRST,
  }),
  unmountableText: (on) => `${on} could not be read, so nobody knows what it holds`,
};
