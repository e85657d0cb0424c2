import type { System } from '../system/port.js';

/** The real kernel. @throws one sentence if its native parts cannot be loaded. */
export async function loadSystem(): Promise<System> {
  try {
    return (await import('../system/ffi.js')).openSystem();
  } catch (error) {
    throw new Error(
      'the native parts of mountroot cannot be loaded: ' +
        `${(error as Error).message.split('\n')[0]}; install them beside the agent ` +
        '(npm run build makes them)',
      { cause: error },
    );
  }
}
