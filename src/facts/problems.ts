import { SystemError } from '../system/system-error.js';
import { printableLine } from '../text/printable.js';
import type { FactsProblem } from '../text/problem-text.js';

/** Makes a problem from the error of a failed call. */
export const notRead = (error: unknown): FactsProblem => ({
  code: 'not-read',
  text: error instanceof Error ? error.message : String(error),
  errno: error instanceof SystemError ? error.errno : null,
});

/** A fault of the agent itself. `part` completes "while …". */
export const faultProblem = (
  part: string,
  error: unknown,
): Extract<FactsProblem, { code: 'fault' }> => ({
  code: 'fault',
  part,
  text: printableLine((error instanceof Error ? error.message : String(error)).slice(0, 300)),
});

/** Makes calls safe: a failed call returns `otherwise` and adds a problem. */
export const noting =
  (problems: FactsProblem[], problemOf: (error: unknown) => FactsProblem = notRead) =>
  <T>(otherwise: T, look: () => T): T => {
    try {
      return look();
    } catch (error) {
      problems.push(problemOf(error));
      return otherwise;
    }
  };
