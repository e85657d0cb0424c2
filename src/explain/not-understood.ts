import type { KernelLog } from '../facts/kernel-log.js';
import { oneLine } from '../text/columns.js';

const LONGEST_QUOTE = 60;

/** Why a text gets no story: no line of it is a message of the kernel that is understood. */
export function notUnderstood({ lines, loader }: KernelLog): string {
  const first = oneLine(lines[0]?.text ?? '')
    .trim()
    .slice(0, LONGEST_QUOTE);
  const from = loader === undefined ? '' : `, and its first lines are those of ${loader}`;
  const count =
    lines.length === 1 ? 'its one line is no' : `none of its ${lines.length} lines is a`;
  return `${count} message of the Linux kernel about its start${from}; it begins with "${first}"`;
}
