/**
 * The entry of the file of a boot. It imports the verbs that a boot does not need only on request.
 */
import { enter } from './boot/enter.js';
import type { IsWhole } from './boot/fault-text.js';

export const enterAgent = (isWhole: IsWhole): Promise<void> =>
  enter({
    isWhole,
    openSystem: async () => (await import('./system/ffi.js')).openSystem(),
    reports: async (words, run) => (await import('./cli/cli.js')).cli(words, { run }),
  });
