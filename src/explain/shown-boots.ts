import type { KernelLog } from '../facts/kernel-log.js';
import { oneLine } from '../text/columns.js';
import { readKernelMessages } from './messages/kernel-messages.js';

/** One boot of a recording. */
export interface ShownBoot {
  /** The release of its kernel; null if the boot does not show it. */
  kernel: string | null;
  /** The number of the kernel's lines. */
  lines: number;
  /** The kernel's last words: its panic, or its last line. */
  last: string;
  /** True for the boot that is explained. */
  chosen: boolean;
}

export function shownBoot(log: KernelLog, chosen: boolean): ShownBoot {
  const seen = readKernelMessages(log);
  const last = seen.panic?.said ?? seen.last ?? log.lines.at(-1)?.text ?? '';
  return {
    kernel: seen.release?.value ?? null,
    lines: log.lines.length,
    last: oneLine(last).trim(),
    chosen,
  };
}
