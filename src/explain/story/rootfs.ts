import type { Runnable } from '../../facts/facts.js';
import { builtIn } from './built-in.js';
import type { DecisionLog, Finding } from './decision-log.js';
import { firstRoot } from './first-root.js';
import { isCpio, takesInitrd } from './initrd.js';

/** Finds a program by its path: null, it is not there; undefined, that is not known. */
export type LookUp = (path: string) => Runnable | null | undefined;

/** What is in the kernel's own first root when it looks for a program there. */
export interface Rootfs {
  /** The kernel took an initrd from the boot loader. */
  handed: Finding;
  /** The initrd is a cpio, and is unpacked; null where the kernel took none. */
  cpio: Finding | null;
  look: LookUp;
}

/**
 * What populate_rootfs does: the built-in cpio first, then the initrd over it (init/initramfs.c).
 */
export function fillRootfs(t: DecisionLog): Rootfs {
  firstRoot(t);
  const plain = builtIn(t);
  const handed = takesInitrd(t);
  const cpio = handed.value ? isCpio(t) : null;
  const { initrd } = t.given;
  const sure = handed.evidence.kind !== 'unknown';
  const look: LookUp = (path) => {
    if (handed.value) {
      // Only a known initrd that has the program hides what may be built in.
      if (initrd === null) return undefined;
      const inInitrd = initrd.program(path);
      if (inInitrd) return inInitrd;
    }
    return plain === true || (plain === null && sure) ? null : undefined;
  };
  return { handed, cpio, look };
}
