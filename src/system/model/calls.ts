import { SystemError } from '../system-error.js';
import { Errno } from './model-tree.js';

/**
 * What happens at a call: the name of an error refuses it; `cut` takes the power away before it,
 * `cut within` in its middle, `cut after` behind it; null lets it pass. It is asked before each
 * call that changes something; the first has position 1.
 */
export type FaultAt = (position: number, call: string) => string | null;

/** A call as it is told: `rename /a /b`. */
interface Told {
  name: string;
  path: string;
  /** What stands behind the path, if anything. */
  operand?: string;
  /** The second path of a SystemError. */
  dest?: string;
}

const textOf = ({ name, path, operand }: Told): string =>
  operand === undefined ? `${name} ${path}` : `${name} ${path} ${operand}`;

/** Where every call passes: it is counted, refused or cut as the faults say, and written down. */
export class Calls {
  /** The calls that changed something, in order. */
  readonly made: string[] = [];
  /** The power has gone: nothing changes any more, and every call fails. */
  dead = false;
  /** The power goes in the middle of the call that is being made. */
  halved = false;
  private position = 0;

  constructor(private readonly faultAt: FaultAt) {}

  /** A call that only looks. */
  look<T>(name: string, path: string, see: () => T): T {
    return this.told({ name, path }, () => {
      if (this.dead) throw new Errno('EIO');
      return see();
    });
  }

  /** A call that changes something. */
  change<T>(told: Told, make: () => T): T {
    return this.told(told, () => {
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
