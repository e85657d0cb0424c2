import type { MountFlag } from '../system/flags.js';

/** The flags that a plan uses as mount(8) and mountinfo name them. */
export const FLAG_OPTIONS: Partial<Record<MountFlag, string>> = {
  MS_NOATIME: 'noatime',
  MS_RDONLY: 'ro',
  MS_NOSUID: 'nosuid',
  MS_NODEV: 'nodev',
  MS_NOEXEC: 'noexec',
};
