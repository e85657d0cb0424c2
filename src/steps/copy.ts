import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';
import { copyTree } from '../tree/copy-tree.js';
import type { StepKind } from './step-kind.js';

/** Makes one directory a copy of another, in several passes. */
interface Copy {
  from: string;
  to: string;
  /**
   * `whole` copies everything. `changes` copies only the changes since the previous pass. `last`
   * does the same, and then nothing may be missing.
   */
  pass: 'whole' | 'changes' | 'last';
}

/**
 * The start of the last pass between two places, so that the next one copies only later changes.
 * Nanoseconds since 1970, by `from` and `to` with a NUL between them.
 */
const begun = new WeakMap<System, Map<string, bigint>>();

/** The most nanoseconds by which the coarse clock of file times may lag behind. */
const CLOCK_LAG = 1_000_000_000n;

export const copy: StepKind<Copy> = {
  inverse: () => null,
  condition: ({ to }) => ({ kind: 'directory', path: to }),
  execute: ({ from, to, pass }, system) => {
    const times = begun.get(system) ?? new Map<string, bigint>();
    begun.set(system, times);
    const places = `${from}\0${to}`;
    const since = pass === 'whole' ? undefined : times.get(places);
    const now = BigInt(Date.now()) * 1_000_000n - CLOCK_LAG;
    const options = since === undefined ? {} : { changedSince: since };
    const { refused, lost } = copyTree(system, from, to, options);
    times.set(places, now);
    // A later pass may copy files that this one could not. After the last pass the original is
    // lost.
    const [first] = refused;
    if (pass === 'last' && first !== undefined) {
      const left = refused.length === 1 ? 'one file is' : `${refused.length} files are`;
      throw new SystemError({
        what: `copy all of ${from}, because ${left} left: ${first.path} (${first.error})`,
        syscall: 'copy-all',
        errno: first.errno,
        path: first.path,
      });
    }
    return { changed: true, warnings: pass === 'changes' ? [] : lost };
  },
  busy: ({ from, to }) => `copying ${from} to ${to}`,
  shownAs: 'one call',
  shell: () => ({ cannot: 'copy a tree with all that belongs to it' }),
};
