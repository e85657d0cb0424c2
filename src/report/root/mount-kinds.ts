import type { Mount } from '../../facts/facts.js';

/** File systems whose files are lost at power-off. */
export const RAM_TYPES: readonly string[] = ['tmpfs', 'ramfs', 'rootfs'];

export const isReadOnly = ({ options, superOptions }: Mount): boolean =>
  options.includes('ro') || superOptions.includes('ro');
