/**
 * The entry of the agent, in a small file of its own: V8 reads the whole of a file, whatever is
 * called in it. The file of the verbs that walk through whole layers needs no other.
 */
import { isLayerCall } from './boot/layer-call.js';
import { calledWords } from './boot/called-words.js';

async function main(): Promise<void> {
  const words = calledWords(process.argv);
  const status = isLayerCall(words)
    ? await (await import('./cli/layer-cli.js')).layerCli(words)
    : null;
  if (status === null) await (await import('./boot-main.js')).enterAgent();
  else process.exitCode = status;
}

void main();
