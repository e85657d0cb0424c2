import { errnoName, errnoText } from '../../system/errno.js';

/**
 * A root on which the kernel looks for process 1. `where` is null if unknown. `unknown`: neither
 * rootfs nor another root is shown.
 */
export type RootPlace = 'rootfs' | 'unknown' | { fstype: string | null; where: string | null };

export function placeName(place: RootPlace): string {
  if (place === 'rootfs') return 'rootfs';
  if (place === 'unknown') return 'a root that the log does not show';
  return `${place.fstype ?? 'the root'} on ${place.where ?? 'its device'}`;
}

/** The name of a program that became process 1; null if the log does not name it. */
export const programName = (program: string | null): string =>
  program ?? 'a program that the log does not name';

/** A negative errno in words: `error -2, no such file or directory`. */
export const errorWords = (error: number): string =>
  `error ${error}, ${errnoText(errnoName(-error)) || errnoName(-error)}`;

/** The name of process 1. `args` and `program` come from /proc/1. */
export const processName = ({
  program,
  args,
}: {
  program: string | null;
  args: readonly string[];
}): string => args[0] || program || 'a program without a name';
