import type { MountFlag } from '../system/flags.js';

/** The flags that plans use, by their names in mount(8) and mountinfo. */
const NAMES: Partial<Record<MountFlag, string>> = {
  MS_NOATIME: 'noatime',
  MS_RDONLY: 'ro',
  MS_NOSUID: 'nosuid',
  MS_NODEV: 'nodev',
  MS_NOEXEC: 'noexec',
};

/** Flags of mount(2) as options of mount(8). */
export const optionsOf = (flags: readonly MountFlag[]): string[] =>
  flags.map((flag) => NAMES[flag] ?? flag);
