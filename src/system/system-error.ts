import { errnoText } from './errno.js';
import { probableCause, type Attempt } from './probable-cause.js';

/** A call that the kernel refused: its data for a report, and one sentence for a person. */
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
    super(
      `cannot ${attempt.what}: ${attempt.errno}${text && ` (${text})`}${cause && `; ${cause}`}`,
    );
    this.what = attempt.what;
    this.syscall = attempt.syscall;
    this.errno = attempt.errno;
    this.path = attempt.path;
    if (attempt.dest !== undefined) this.dest = attempt.dest;
    if (attempt.fstype !== undefined) this.fstype = attempt.fstype;
  }
}
