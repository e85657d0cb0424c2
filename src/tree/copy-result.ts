import { SystemError } from '../system/system-error.js';
import { keyed } from '../text/keyed.js';

export interface CopyOptions {
  /**
   * The start of the last pass, in nanoseconds since 1970. A file that changed since then is copied
   * even if its size and time are the same. A file that did not change since then is skipped if its
   * size and time are the same. Without `since` everything is copied, because nobody knows who
   * wrote the existing files.
   */
  changedSince?: bigint;
  /**
   * The copy stays closed to other users. Somebody who got into it for a moment would stay in his
   * own directories there, and the caller goes on by path.
   */
  closed?: true;
  /** Is called after some files with the number of files and bytes copied so far. */
  onProgress?: (done: { files: number; bytes: number }) => void;
}

export interface CopyResult {
  /** The number of non-directories that this pass copied. */
  files: number;
  bytes: number;
  /** The number of names that were removed because the original no longer has them. */
  removed: number;
  /** The failures to copy, with the reason: one sentence each. */
  refused: { path: string; error: string; errno: string }[];
  /**
   * Attributes that the copy lacks although the rest of the file is complete: one sentence each.
   */
  lost: string[];
}

/** Why a name was not copied, by the error. */
export const WHY: Record<string, string> = keyed({
  EXDEV: ', because something is mounted there',
  EBUSY: ', because something is mounted there',
  EINVAL: ', which is of a kind that cannot be made',
  ESTALE: ', because another file got its name meanwhile',
});

export const refusal = (what: string, errno: string, path = ''): SystemError =>
  new SystemError({ what, syscall: 'copy', errno, path });

/** Whether an error is a refusal that names its file. */
export const isRefusal = ({ syscall, path }: SystemError): boolean =>
  syscall === 'copy' && path !== '';

export const refused = (
  path: string,
  { message, errno }: SystemError,
): CopyResult['refused'][number] => ({
  path,
  error: message,
  errno,
});

/** null for an error that is not the kernel's. */
export function errnoOf(error: unknown): string | null {
  if (typeof error === 'string') return error;
  return error instanceof SystemError ? error.errno : null;
}
