/** Runs maintain-inside: calls of `maintain` and `commit` on this machine's kernel. */
import type { Test } from 'tap';
import type { MaintainCall, MaintainScenario } from './maintain-inside.js';
import { inSandbox } from './sandbox.js';

/** @param onDisk whether the root below is an ext4. */
export const maintained = async (
  t: Test,
  scenario: Omit<MaintainScenario, 'device'>,
  onDisk = true,
): Promise<MaintainCall[]> =>
  (await inSandbox(
    t,
    { program: 'maintain-inside', programs: 'bound', onDisk },
    (device): MaintainScenario => ({ device, ...scenario }),
  )) as MaintainCall[];
