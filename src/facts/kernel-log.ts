import { withoutControls } from './console-text.js';

/** One message of the kernel. */
export interface LogLine {
  /** Seconds since the kernel started; null if the log has no times. */
  time: number | null;
  text: string;
}

/** The kernel's messages of one boot, and how complete they are. */
export interface KernelLog {
  lines: LogLine[];
  /**
   * True when the record begins with the kernel's very first message. Otherwise a missing message
   * proves nothing.
   */
  fromStart: boolean;
  /** True when messages of all levels are recorded. Otherwise a missing message proves nothing. */
  allLevels: boolean;
  /**
   * Lines of programs between the kernel's, on a console on which the kernel's have a tag. `after`:
   * the number of the kernel's lines before it. Missing if there are none.
   */
  others?: { text: string; after: number }[];
  /** The boot loader whose output comes before the kernel's; missing if none is recognised. */
  loader?: string;
  /** True if no line is the kernel's: the lines are all that the recording has. */
  foreign?: true;
}

/**
 * /dev/kmsg: `priority,sequence,microseconds,flags[,…];text`, then lines of a blank and KEY=value
 * (Documentation/ABI/testing/dev-kmsg).
 */
const RECORD = /^(\d{1,10}),(\d{1,20}),(\d{1,20}),[^;]{0,200};/;

/** Parses records of /dev/kmsg, one string each. Leaves out records that user space wrote. */
export function parseKernelRecords(records: readonly string[]): KernelLog {
  const lines: LogLine[] = [];
  let first: bigint | null = null;
  for (const record of records) {
    const end = record.indexOf('\n');
    const line = end < 0 ? record : record.slice(0, end);
    // Only the head is compared: a board has no compiler then.
    const match = RECORD.exec(line);
    if (match === null) continue;
    first ??= BigInt(match[2]!);
    if (Number(match[1]) >> 3 === 0)
      lines.push({
        time: Number(match[3]) / 1e6,
        text: withoutControls(unescape(line.slice(match[0].length))),
      });
  }
  return { lines, fromStart: first === 0n, allLevels: true };
}

/** The kernel writes unprintable bytes as \xNN (printk_ringbuffer's msg_add_ext_text). */
const unescape = (text: string): string =>
  text.includes('\\x')
    ? Buffer.from(
        text.replace(/(?:\\x[0-9a-f]{2})+/g, (bytes) =>
          Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString('utf8'),
        ),
        'utf8',
      ).toString('utf8')
    : text;
