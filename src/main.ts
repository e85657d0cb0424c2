/**
 * The way in. What a boot does not need is imported when it is asked for: V8 reads the whole of a
 * file, whatever is called in it.
 */
import { enter } from './boot/enter.js';

void enter({
  openSystem: async () => (await import('./system/ffi.js')).openSystem(),
  reports: async (words, run) => (await import('./cli/cli.js')).cli(words, { run }),
});
