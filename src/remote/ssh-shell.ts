import { checkReport, reportLines, type RemoteReport } from './reports.js';
import { splitWords } from './shell-words.js';

type AskedOverSsh = { words: string[] } | { usage: true } | { refused: string };

/**
 * The first word that `remote` sends: the name of the agent. It has no meaning here, because the
 * agent already runs.
 */
const PROGRAM = /^(?:\/(?:[\w.+-]+\/)*)?(?:mountroot|mountroot\.cjs|mount_root)$/;

/**
 * The words of the report that the holder of a diagnostics key requests. They are never anything
 * else.
 * @param command as the other side sent it, also for subsystems such as sftp
 *   (SSH_ORIGINAL_COMMAND, sshd(8); dropbear sets it too).
 */
export function askedFor(
  command: string | undefined,
  reports: readonly RemoteReport[],
): AskedOverSsh {
  if (command === undefined || command.trim() === '') return { usage: true };
  const split = splitWords(command);
  if ('refused' in split) return split;
  const [first = '', ...rest] = split.words;
  const checked = checkReport(PROGRAM.test(first) ? rest : split.words, reports);
  return 'refused' in checked ? checked : { words: checked.words };
}

/** What a report may take from the environment: whether a terminal shows colours. */
const KEPT: readonly string[] = ['NO_COLOR', 'TERM'];
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Leaves nothing in the environment that the other side may have sent (SendEnv, ssh_config(5)): it
 * could name files to read and write, or make this look like the early boot. What acts before our
 * first line (NODE_OPTIONS, LD_PRELOAD) is too late to be undone here; docs/verbs.md has the line
 * of authorized_keys that leaves it out.
 */
export function cleanEnvironment(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) if (!KEPT.includes(name)) delete env[name];
  env['PATH'] = PATH;
}

/** The text for a login without a request. */
export function usageText(reports: readonly RemoteReport[]): string {
  const lines = reportLines(reports).map((line) => `  ${line}\n`);
  return (
    `This key asks for reports, and for nothing else:\n\n${lines.join('')}\n` +
    '`ssh BOARD status` or `mountroot remote BOARD -- status` asks for one.\n'
  );
}
