import { writersOn } from '../facts/open-for-writing.js';
import type { MountFlag } from '../system/flags.js';
import { SystemError } from '../system/system-error.js';
import { quote } from '../text/shell.js';
import { optionsOf } from './mount-options.js';
import type { StepKind } from './step-kind.js';
import { POLL_MS } from './wait-for.js';

/** Makes the whole file system at `path` read-only or writable. */
interface Remount {
  path: string;
  readonly: boolean;
  flags: MountFlag[];
  /** Whether a failed plan undoes it. */
  inverse: boolean;
  /** Seconds to wait while a file on it is open for writing (EBUSY). */
  patience: number;
}

export const remount: StepKind<Remount> = {
  inverse: (action) =>
    action.inverse
      ? { ...action, kind: 'remount', readonly: !action.readonly, inverse: false }
      : null,
  condition: ({ path, readonly }) => ({ kind: 'readonly', path, readonly }),
  execute: ({ path, readonly, flags, patience }, system) => {
    const all: MountFlag[] = ['MS_REMOUNT', ...(readonly ? ['MS_RDONLY' as const] : []), ...flags];
    for (let waited = 0; ; waited += POLL_MS)
      try {
        system.mount(null, path, null, all, null);
        return true;
      } catch (error) {
        if (!(error instanceof SystemError) || error.errno !== 'EBUSY') throw error;
        // The kernel only says EBUSY. A person who must repair this needs the names of the open
        // files.
        if (waited >= patience * 1000)
          throw new SystemError({
            ...error,
            what: `make ${path} read-only, because of ${writersOn(system, path)}`,
          });
        system.sleep(POLL_MS);
      }
  },
  busy: ({ path }) => `waiting until nothing on ${path} is open for writing`,
  shell: ({ path, readonly, flags }) => {
    const options = ['remount', readonly ? 'ro' : 'rw', ...optionsOf(flags)].join(',');
    return `mount -n -o ${options} none ${quote(path)}`;
  },
};
