/**
 * The entry of the agent, in a small file of its own: V8 reads the whole of a file, whatever is
 * called in it. The file of the verbs that walk through whole layers needs no other.
 */
import { isLayerCall } from './boot/layer-call.js';
import { calledWords } from './boot/called-words.js';
import { faultSentence } from './boot/fault-text.js';

/** The agent's own file: this is bundled as a CommonJS module. */
declare const __filename: string;

const isWhole = async (): Promise<boolean> =>
  (await import('./boot/whole-files.js')).areFilesWhole(__filename);

async function main(): Promise<void> {
  const words = calledWords(process.argv);
  const status = isLayerCall(words)
    ? await (await import('./cli/layer-cli.js')).layerCli(words)
    : null;
  if (status === null) await (await import('./boot-main.js')).enterAgent(isWhole);
  else process.exitCode = status;
}

/** A fault outside of the verbs is told with nothing of the other files: they may be damaged. */
main().catch(async (fault: unknown) => {
  process.stderr.write(`mountroot: ${await faultSentence(fault, isWhole)}\n`);
  process.exitCode = 1;
});
