import { checkReport, reportLines } from './reports.js';
import { splitWords } from './shell-words.js';

export type Asked = { words: string[] } | { usage: true } | { refused: string };

/**
 * How the agent is called: the first word of what `remote` sends, which says nothing here, because
 * the agent is what is running.
 */
const PROGRAM = /^(?:\/(?:[\w.+-]+\/)*)?(?:mountroot|mountroot\.cjs|mount_root)$/;

/**
 * What whoever holds a diagnostics key asks for: the words of a report, and nothing else ever. The
 * string comes from the other side just as it was sent (SSH_ORIGINAL_COMMAND, sshd(8); dropbear
 * sets it too), also for subsystems such as sftp.
 */
export function askedFor(command: string | undefined): Asked {
  if (command === undefined || command.trim() === '') return { usage: true };
  const split = splitWords(command);
  if ('refused' in split) return split;
  const [first = '', ...rest] = split.words;
  const checked = checkReport(PROGRAM.test(first) ? rest : split.words);
  return 'refused' in checked ? checked : { words: checked.words };
}

/** What is printed where nothing is asked for. */
export const usageText = (): string =>
  `This key asks for reports, and for nothing else:\n\n${reportLines()
    .map((line) => `  ${line}\n`)
    .join('')}\n\`ssh BOARD status\` or \`mountroot remote BOARD -- status\` asks for one.\n`;
