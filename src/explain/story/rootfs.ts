import type { FindProgram } from '../kernel-inputs.js';
import { builtIn } from './built-in.js';
import type { DecisionLog, GroundedAnswer } from './decision-log.js';
import { firstRoot } from './first-root.js';
import { isCpio, takesInitrd } from './initrd.js';

/** The content of the kernel's own first root when the kernel looks for a program there. */
export interface Rootfs {
  /** The kernel took an initrd from the boot loader. */
  handed: GroundedAnswer;
  /** The initrd is a cpio and is unpacked; null if the kernel took none. */
  cpio: GroundedAnswer | null;
  look: FindProgram;
}

/** Follows populate_rootfs: the built-in cpio first, then the initrd over it (init/initramfs.c). */
export function fillRootfs(t: DecisionLog): Rootfs {
  firstRoot(t);
  const plain = builtIn(t);
  const handed = takesInitrd(t);
  const cpio = handed.value ? isCpio(t) : null;
  const { initrd } = t.given;
  const sure = handed.evidence.kind !== 'unknown';
  const look: FindProgram = (path) => {
    if (handed.value) {
      // Only a known initrd that has the program hides a built-in one.
      if (initrd === null) return undefined;
      const inInitrd = initrd.program(path);
      if (inInitrd) return inInitrd;
    }
    return plain === true || (plain === null && sure) ? null : undefined;
  };
  return { handed, cpio, look };
}
