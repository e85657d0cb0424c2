import { DEVICE_KINDS } from './device.js';
import type { VolumeType } from './volume-type.js';

/** 0xdeadc0de, OpenWrt's order to erase the volume. */
export const eraseMarker: VolumeType = {
  signatures: [{ offset: 0, bytes: [0xde, 0xad, 0xc0, 0xde], name: 'erase marker 0xdeadc0de' }],
  mountAs: {},
  rootAs: [],
  unmountable: (device) => ({
    reason: 'erase-marker',
    because: 'it is marked to be erased',
    cure: DEVICE_KINDS[device.kind].erasing(device),
  }),
  unmountableText: (on) => `${on} holds nothing that could be mounted`,
};
