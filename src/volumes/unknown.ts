import type { VolumeType } from './volume-type.js';

/** The volume holds something, but no signature that is known here. */
export const unknown: VolumeType = {
  signatures: [],
  mountAs: {},
  rootAs: [],
  unmountable: () => ({
    reason: 'unknown-content',
    because: "it is left alone because it may hold somebody's data",
    cure: 'look at it, and order `mountroot reset` if nothing on it is needed',
  }),
  unmountableText: (on) => `${on} holds something that is not known here, so it is left alone`,
};
