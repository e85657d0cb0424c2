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

/**
 * Tells of a fault outside of the verbs, with nothing of the other files, which may be the damaged
 * ones.
 */
function tellFault(fault: unknown): void {
  const isDamage =
    fault instanceof SyntaxError || (fault as { code?: string }).code === 'MODULE_NOT_FOUND';
  const [said] = String(fault).split('\n');
  const cure = isDamage
    ? 'a file of the agent is missing or damaged: install mountroot again'
    : 'this is a fault of the agent: please report it';
  process.stderr.write(`mountroot failed before it could answer: ${said}; ${cure}\n`);
  process.exitCode = 1;
}

main().catch(tellFault);
