import { cli } from '../cli/cli.js';
import { BEGUN_FD, NO_REHASH } from '../facts/installation.js';
import { beforeFirstLibrary } from '../system/native-library.js';
import { dlopen, loadOver, openOver, tellBegun, type FindAddon } from './late.js';
import { AGENT, isSameAgent, isSameNode, isSameReports } from './same-program.js';

export interface ReportResumption {
  begun?: number;
  find?: FindAddon;
  /** Is called with the status, when all is written. */
  exit?: (status: number) => void;
}

/** Continues with the agent's own file: a verb changes something, or is not in the heap. */
function handOver(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  openOver(dlopen).execve(process.execPath, [NO_REHASH, AGENT, ...words], env);
  return Promise.resolve(1);
}

/** Answers from a kept heap, in a process that has just begun. The warm-up passes options. */
export async function resumeReports({
  begun = BEGUN_FD,
  find = dlopen,
  exit = (status) => void (process.exitCode = status),
}: ReportResumption = {}): Promise<void> {
  // The launcher then starts the agent's own file.
  if (!isSameNode() || !isSameAgent() || !isSameReports()) process.exit(1);
  tellBegun(begun);
  beforeFirstLibrary(() => loadOver(find));
  const words = process.argv.slice(2);
  // `ssh-shell` clears the environment before it asks for a report.
  const env = { ...process.env };
  const elsewhere = (): Promise<number> => handOver(words, env);
  exit(await cli(words, { run: elsewhere, elsewhere }));
}
