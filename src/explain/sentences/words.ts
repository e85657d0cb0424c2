import { errnoName, errnoText } from '../../system/errno.js';

/** A root on which the kernel looks for process 1. `where` is null if unknown. */
export type RootPlace = 'rootfs' | { fstype: string | null; where: string | null };

export const placeName = (place: RootPlace): string =>
  place === 'rootfs' ? 'rootfs' : `${place.fstype ?? 'the root'} on ${place.where ?? 'its device'}`;

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
