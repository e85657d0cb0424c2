import type { System } from '../../src/system/port.js';
import { SystemError } from '../../src/system/system-error.js';

const MUTATING = [
  'mount',
  'umount',
  'pivotRoot',
  'chdir',
  'mkdir',
  'rmdir',
  'unlink',
  'create',
  'removeTree',
  'replace',
  'replaceLink',
  'rename',
  'syncfs',
] as const;
type Verb = (typeof MUTATING)[number];

export interface Sabotage {
  system: System;
  /** The verb that failed; undefined while the numbered call was not reached. */
  verb?: Verb;
}

/**
 * Returns the given system, but its mutating call number `call` (from 0) fails. `refused`: it is
 * not made and throws EIO. `unverified`: it is made, and the next read of anything fails. Only one
 * call fails, so that undoing uses the real kernel. Every pivot_root fails too, because a process
 * cannot come back from it.
 */
export function sabotaged(real: System, call: number, way: 'refused' | 'unverified'): Sabotage {
  let made = 0;
  // After the first failure, calls to undo steps and calls of other rungs pass.
  let over = false;
  let blind = false;
  // One process stands for many starts here, and a lock lasts until its process ends.
  const result: Sabotage = { system: { ...real, lock: () => true } };
  const look = <T>(see: () => T, isLast = true): T => {
    if (!blind) return see();
    if (isLast) blind = false;
    throw new SystemError({
      what: 'look at what was just done',
      syscall: 'read',
      errno: 'EIO',
      path: '/',
    });
  };
  result.system.kind = (path) => look(() => real.kind(path));
  result.system.readText = (path) => look(() => real.readText(path));
  // Where it fails, a check reads mountinfo instead.
  result.system.details = (path) => look(() => real.details(path), false);
  for (const verb of MUTATING) {
    const make = real[verb].bind(real) as (...values: unknown[]) => void;
    (result.system as unknown as Record<Verb, (...values: unknown[]) => void>)[verb] = (
      ...values
    ) => {
      const hit = !over && made++ === call;
      over ||= hit || verb === 'pivotRoot';
      if (hit) result.verb = verb;
      if ((hit && way === 'refused') || verb === 'pivotRoot')
        throw new SystemError({
          what:
            `${verb} ${values.filter((value) => typeof value === 'string').join(' ')} (made to ` +
            'fail)',
          syscall: verb,
          errno: 'EIO',
          path: String(values[0]),
        });
      make(...values);
      blind ||= hit;
    };
  }
  return result;
}
