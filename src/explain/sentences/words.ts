import { errnoName, errnoText } from '../../system/errno.js';

/** A root on which the kernel looks for process 1; `where` null: not known. */
export type RootPlace = 'rootfs' | { fstype: string | null; where: string | null };

export const placeName = (place: RootPlace): string =>
  place === 'rootfs' ? 'rootfs' : `${place.fstype ?? 'the root'} on ${place.where ?? 'its device'}`;

/** `error -2, no such file or directory` of a negative errno. */
export const errorWords = (error: number): string =>
  `error ${error}, ${errnoText(errnoName(-error)) || errnoName(-error)}`;

/** What process 1 was called as; `args` and `program` are those of /proc/1. */
export const processName = ({
  program,
  args,
}: {
  program: string | null;
  args: readonly string[];
}): string => args[0] || program || 'a program without a name';
