import type { Mount } from '../../facts/facts.js';

/** File systems whose files are lost at power-off. */
export const RAM_TYPES: readonly string[] = ['tmpfs', 'ramfs', 'rootfs'];

/** Disks that the kernel keeps in memory: ramdisks (major 1) and zram. */
export const isInMemory = ({ fstype, device, source }: Mount): boolean =>
  RAM_TYPES.includes(fstype) || device.startsWith('1:') || /^\/dev\/z?ram\d/.test(source);

/** A loop device keeps what its file keeps, and the mount does not show the file. */
export const isLoop = ({ device, source }: Mount): boolean =>
  device.startsWith('7:') || source.startsWith('/dev/loop');

export const isReadOnly = ({ options, superOptions }: Mount): boolean =>
  options.includes('ro') || superOptions.includes('ro');
