/**
 * The entry of the file of a boot. It imports the verbs that a boot does not need only on request.
 */
import { enter } from './boot/enter.js';

export const enterAgent = (): Promise<void> =>
  enter({
    openSystem: async () => (await import('./system/ffi.js')).openSystem(),
    reports: async (words, run) => (await import('./cli/cli.js')).cli(words, { run }),
  });
