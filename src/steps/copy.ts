import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';
import { copyTree, type CopyOptions } from '../tree/copy-tree.js';
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

/** The start of a pass by two clocks, in milliseconds: of the day, and one that nobody sets. */
interface Begun {
  time: number;
  steady: number;
}

const moment = (): Begun => ({ time: Date.now(), steady: performance.now() });

/**
 * The start of the last pass between two places, by `from` and `to` with a NUL between them. The
 * next one copies only later changes.
 */
const begun = new WeakMap<System, Map<string, Begun>>();

/** The most milliseconds by which the coarse clock of file times may lag behind. */
const CLOCK_LAG = 1000;

/**
 * Nanoseconds since 1970 after which files may have changed since a pass; undefined if their times
 * do not tell, because somebody set the clock back meanwhile.
 */
export function changedSince(before: Begun, now: Begun): bigint | undefined {
  const wasSetBack = now.time - before.time < now.steady - before.steady - CLOCK_LAG;
  return wasSetBack ? undefined : BigInt(before.time - CLOCK_LAG) * 1_000_000n;
}

function sinceOf(before: Begun | undefined, now: Begun): CopyOptions {
  const since = before === undefined ? undefined : changedSince(before, now);
  return since === undefined ? {} : { changedSince: since };
}

export const copy: StepKind<Copy> = {
  inverse: () => null,
  condition: ({ to }) => ({ kind: 'directory', path: to }),
  execute: ({ from, to, pass }, system) => {
    const times = begun.get(system) ?? new Map<string, Begun>();
    begun.set(system, times);
    const places = `${from}\0${to}`;
    if (pass === 'whole') times.delete(places);
    const now = moment();
    const { refused, lost } = copyTree(system, from, to, sinceOf(times.get(places), now));
    // A later pass may copy files that this one could not, so it must look at them again.
    if (refused.length === 0) times.set(places, now);
    // After the last pass the original is lost.
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
