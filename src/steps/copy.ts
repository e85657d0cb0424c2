import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';
import { copyTree } from '../tree/copy-tree.js';
import type { StepKind } from './step-kind.js';

/** Makes one directory a copy of another, in several passes. */
interface Copy {
  from: string;
  to: string;
  /**
   * `whole` copies everything, `changes` only what has changed since the pass before; so does
   * `last`, after which nothing may be missing.
   */
  pass: 'whole' | 'changes' | 'last';
}

/**
 * When the last pass between two places began, so that the next one looks only at what has changed
 * since. Nanoseconds since 1970, by `from` and `to` with a NUL between them.
 */
const begun = new WeakMap<System, Map<string, bigint>>();

/** Nanoseconds by which the coarse clock that gives files their times may lag behind. */
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
    // A later pass may copy what this one could not. After the last one the original goes.
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
