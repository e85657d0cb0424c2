import { kernelErrorName, kernelErrorText } from '../../system/rare-errno.js';

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

/** The root on which process 1 ended. `place` is where it began. */
export type LastRoot =
  | { on: 'first' | 'next'; place: RootPlace }
  /** Whether it was still there or on the other does not show. */
  | { on: 'either'; place: RootPlace; other: RootPlace };

export function lastRootWords(root: LastRoot): string {
  const first = placeName(root.place);
  switch (root.on) {
    case 'first':
      return root.place === 'unknown' ? 'on which root does not show' : `on ${first}`;
    case 'next':
      return `on another root, to which it had changed from ${first}`;
    case 'either':
      return `on ${first}, or on ${placeName(root.other)} if it had changed to that`;
  }
}

/** The name of a program that became process 1; null if the log does not name it. */
export const programName = (program: string | null): string =>
  program ?? 'a program that the log does not name';

/** An error as a message gives it, and its errno name; null if it has none. */
export interface LogError {
  /** `-110`, or `-ETIMEDOUT` from a kernel that prints names. */
  said: string;
  name: string | null;
}

/** An error with its number, its name and its meaning: `error -110 (ETIMEDOUT, timed out)`. */
export function loggedError({ said, name }: LogError): string {
  if (name === null) return `error ${said}`;
  const known = said.includes(name) ? [] : [name];
  return `error ${said} (${[...known, kernelErrorText(name)].join(', ')})`;
}

/** A negative errno in words: `error -2 (ENOENT, no such file or directory)`. */
export const errorWords = (error: number): string =>
  loggedError({ said: String(error), name: kernelErrorName(-error) });

/** The name of process 1. `args` and `program` come from /proc/1. */
export const processName = ({
  program,
  args,
}: {
  program: string | null;
  args: readonly string[];
}): string => args[0] || program || 'a program without a name';
