import { SystemError } from './system-error.js';

/**
 * One look at a file or directory of /proc, /sys or /dev. Each may be missing, because a kernel is
 * built without it or nothing is mounted yet. That is no error, and an error is no empty list.
 */
export type Source<T> =
  | { is: 'there'; value: T }
  | { is: 'absent'; error: unknown }
  | { is: 'unreadable'; errno: string; error: unknown };

const ABSENT = ['ENOENT', 'ENOTDIR'];

/** Never throws. */
export function sourceOf<T>(look: () => T): Source<T> {
  try {
    return { is: 'there', value: look() };
  } catch (error) {
    const errno = error instanceof SystemError ? error.errno : 'EIO';
    return ABSENT.includes(errno) ? { is: 'absent', error } : { is: 'unreadable', errno, error };
  }
}
