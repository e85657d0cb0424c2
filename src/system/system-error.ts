import { errnoText } from './errno.js';
import { probableCause } from './causes.js';

export interface Attempt {
  /** What was attempted, as a verb phrase that fits after "cannot": `mount jffs2 /dev/mtdblock3 on /tmp/overlay`. */
  what: string;
  /** Name of the system call. */
  syscall: string;
  /** Name of the error, `EINVAL`. */
  errno: string;
  path: string;
  dest?: string;
  fstype?: string;
}

/** A call that the kernel refused: everything a report needs, and as message the one sentence a person needs. */
export class SystemError extends Error implements Attempt {
  override name = 'SystemError';
  readonly what: string;
  readonly syscall: string;
  readonly errno: string;
  readonly path: string;
  readonly dest?: string;
  readonly fstype?: string;

  constructor(attempt: Attempt) {
    const text = errnoText(attempt.errno);
    const cause = probableCause(attempt);
    super(`cannot ${attempt.what}: ${attempt.errno}${text && ` (${text})`}${cause && `; ${cause}`}`);
    this.what = attempt.what;
    this.syscall = attempt.syscall;
    this.errno = attempt.errno;
    this.path = attempt.path;
    if (attempt.dest !== undefined) this.dest = attempt.dest;
    if (attempt.fstype !== undefined) this.fstype = attempt.fstype;
  }
}
