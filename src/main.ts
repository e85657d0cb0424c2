/**
 * The entry of the agent. It imports the verbs that a boot does not need only on request, because
 * V8 reads the whole of a file even if only one function of it is called.
 */
import { enter } from './boot/enter.js';
import { isLayerCall } from './boot/layer-call.js';

void enter({
  openSystem: async () => (await import('./system/ffi.js')).openSystem(),
  reports: async (words, run) => {
    const status = isLayerCall(words)
      ? await (await import('./cli/layer-cli.js')).layerCli(words, { run })
      : null;
    return status ?? (await import('./cli/cli.js')).cli(words, { run });
  },
});
