import type { MountFlag } from './flags.js';
import type { Attempt } from './probable-cause.js';

/** Describes the attempt of a failed mount(2), which depends on its flags. */
export function mountAttempt(
  source: string | null,
  target: string,
  fstype: string | null,
  flags: readonly MountFlag[],
): Omit<Attempt, 'errno'> {
  const places = { path: target, dest: target };
  if (flags.includes('MS_MOVE'))
    return { what: `move ${source} to ${target}`, syscall: 'move', ...places, path: source! };
  if (flags.includes('MS_REMOUNT')) {
    const access = flags.includes('MS_RDONLY') ? 'read-only' : 'writable';
    return { what: `remount ${target} ${access}`, syscall: 'remount', ...places };
  }
  if (fstype === null)
    return { what: `change the propagation of ${target}`, syscall: 'mount', ...places };
  return { what: `mount ${fstype} ${source} on ${target}`, syscall: 'mount', ...places, fstype };
}
