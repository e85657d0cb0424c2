import { resolve } from '../facts/devices.js';
import { mtdPartitions } from '../facts/kernel-sources.js';
import { SystemError } from '../system/system-error.js';
import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Waits until a volume appears. */
interface WaitFor {
  /** The name in the settings: a device node, `LABEL=`, `UUID=` and so on. */
  volume: string;
  /** The longest wait. */
  seconds: number;
}

/** The pause between two checks. */
export const POLL_MS = 100;

export const waitFor: StepKind<WaitFor> = {
  inverse: () => null,
  // The facts that are gathered next show whether it is still there.
  condition: () => ({ kind: 'nothing' }),
  /** @throws {SystemError} ENODEV after the longest wait. */
  execute: ({ volume, seconds }, system) => {
    // The next plan sees whether UBI must be attached first.
    const isThere = (): boolean =>
      resolve(system, volume, mtdPartitions(system), () => false).found.length > 0;
    const began = performance.now();
    for (let pauses = 0; ; pauses++) {
      // A look at a slow device takes longer than the pause. What appears meanwhile is seen by the
      // next look, so the last look begins when the time is over.
      const waited = Math.max(pauses * POLL_MS, performance.now() - began);
      if (isThere()) return true;
      if (waited >= seconds * 1000)
        throw new SystemError({
          what: `find volume ${volume} within ${seconds} s`,
          syscall: 'wait',
          errno: 'ENODEV',
          path: volume,
        });
      system.sleep(POLL_MS);
    }
  },
  busy: ({ volume }) => `waiting for ${volume}`,
  shownAs: 'one call',
  shell: ({ volume, seconds }) => {
    if (!volume.startsWith('/dev/')) return { cannot: `find a volume by ${volume}` };
    const isThere = `[ -e ${quote(volume)} ]`;
    return (
      `{ i=0; until ${isThere} || [ $i -ge ${seconds} ]; ` +
      `do sleep 1; i=$((i + 1)); done; ${isThere}; }`
    );
  },
};
