import { SystemError } from '../system/system-error.js';
import type { FactsProblem } from '../text/problem-text.js';

/** What a failed call comes to. */
export const notRead = (error: unknown): FactsProblem => ({
  code: 'not-read',
  text: error instanceof Error ? error.message : String(error),
  errno: error instanceof SystemError ? error.errno : null,
});

/** Makes looks safe: one that fails comes to `otherwise`, and to a problem. */
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
