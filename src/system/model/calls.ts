import { SystemError } from '../system-error.js';
import { Errno } from './model-tree.js';

/**
 * The fault at a call. The name of an error refuses the call. `cut` cuts the power before it, `cut
 * within` in its middle, `cut after` after it. null lets it pass. This runs before each call that
 * changes something; the first call has position 1.
 */
export type FaultAt = (position: number, call: string) => string | null;

/** A call in the list of calls: `rename /a /b`. */
interface Told {
  name: string;
  path: string;
  /** The text after the path, if any. */
  operand?: string;
  /** The second path of a SystemError. */
  dest?: string;
}

const textOf = ({ name, path, operand }: Told): string =>
  operand === undefined ? `${name} ${path}` : `${name} ${path} ${operand}`;

/** Every call passes through here. It is counted, refused or cut by the faults, and recorded. */
export class Calls {
  /** The calls that changed something, in order. */
  readonly made: string[] = [];
  /** True after a power cut: nothing changes any more, and every call fails. */
  dead = false;
  /** True if the power is cut in the middle of the present call. */
  halved = false;
  private position = 0;

  constructor(
    private readonly faultAt: FaultAt,
    /** Another process, which runs before each call. */
    private readonly between: () => void,
  ) {}

  /** Lets other processes run in the middle of a call that makes several system calls. */
  yield(): void {
    if (!this.dead) this.between();
  }

  /** A call that only reads. */
  look<T>(name: string, path: string, see: () => T): T {
    return this.told({ name, path }, () => {
      this.yield();
      if (this.dead) throw new Errno('EIO');
      return see();
    });
  }

  /** A call that changes something. */
  change<T>(told: Told, make: () => T): T {
    return this.told(told, () => {
      this.yield();
      if (this.dead) throw new Errno('EIO');
      const text = textOf(told);
      const fault = this.faultAt(++this.position, text);
      const late = fault === 'cut after' || fault === 'cut within';
      if (fault === 'cut') return this.die();
      if (fault !== null && !late) throw new Errno(fault);
      this.halved = fault === 'cut within';
      const result = make();
      this.made.push(text);
      return late ? this.die() : result;
    });
  }

  private die(): never {
    this.dead = true;
    throw new Errno('EIO');
  }

  /** The model's errors as those of a System. */
  private told<T>(told: Told, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      throw new SystemError({
        what: textOf(told),
        syscall: told.name,
        errno: error.code,
        path: told.path,
        ...(told.dest !== undefined && { dest: told.dest }),
      });
    }
  }
}
