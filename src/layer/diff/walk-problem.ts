import { errnoText } from '../../system/errno.js';
import { keyed } from '../../text/keyed.js';
import type { DiffProblem } from './diff-entry.js';
import { codeOf } from './lower-files.js';

export const UNSEEN = {
  mounted: 'something is mounted there, and it is not looked into',
  denied: 'it cannot be read without being root',
  symlink: 'it became a symlink meanwhile',
} as const;

/** Errors of reading a name that have their own sentence. */
const BY_ERRNO: Record<string, string> = keyed({
  EACCES: UNSEEN.denied,
  EPERM: UNSEEN.denied,
  ELOOP: UNSEEN.symlink,
});

/** @param errno the name of the error of looking at the path. @param said by the call. */
export const unseenFor = (
  path: string,
  errno: string,
  said = `${errno} (${errnoText(errno)})`,
): { problem: DiffProblem } => ({
  problem: { path, error: BY_ERRNO[errno] ?? `it cannot be looked at: ${said}` },
});

/** @param error of a call about the path. */
export const unseen = (path: string, error: unknown): { problem: DiffProblem } =>
  unseenFor(path, codeOf(error), (error as Error).message);
