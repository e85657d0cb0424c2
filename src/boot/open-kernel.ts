import type { System } from '../system/port.js';
import type { BootContext } from './context.js';

/** The interface to the kernel, or the reason why it cannot be opened. */
export type OpenedKernel = { system: System; trouble: null } | { system: null; trouble: string };

/** Never throws, because a board without native parts must still report which part is missing. */
export async function openKernel(context: BootContext): Promise<OpenedKernel> {
  try {
    return { system: await context.openSystem(), trouble: null };
  } catch (error) {
    const [first] = (error as Error).message.split('\n');
    return {
      system: null,
      trouble:
        `the native parts of mountroot cannot be loaded: ${first}; ` +
        'install them beside the agent (npm run build makes them)',
    };
  }
}
