import { FILE_LIMITS } from '../text/input-limits.js';

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
}

/**
 * The first messages of a kernel: ARM prints its CPU, and every architecture prints its version.
 */
const FIRST = /^(?:Booting Linux on (?:physical CPU|CPU)|Linux version \d)/;
const VERSION = /^Linux version \d/;

/**
 * /dev/kmsg: `priority,sequence,microseconds,flags[,…];text`, then lines of a blank and KEY=value
 * (Documentation/ABI/testing/dev-kmsg).
 */
const RECORD = /^(\d{1,10}),(\d{1,20}),(\d{1,20}),[^;]{0,200};(.*)$/;

/** Parses records of /dev/kmsg, one string each. Leaves out records that user space wrote. */
export function parseKernelRecords(records: readonly string[]): KernelLog {
  const lines: LogLine[] = [];
  let first: bigint | null = null;
  for (const record of records) {
    const match = RECORD.exec(record.split('\n', 1)[0]!);
    if (match === null) continue;
    first ??= BigInt(match[2]!);
    if (Number(match[1]) >> 3 === 0)
      lines.push({ time: Number(match[3]) / 1e6, text: withoutOrders(unescape(match[4]!)) });
  }
  return { lines, fromStart: first === 0n, allLevels: true };
}

/** A line without terminal control sequences. */
const withoutOrders = (text: string): string => text.replace(/[\0-\x08\x0a-\x1f\x7f]/g, '');

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

/**
 * The prefix of a message: a level (`<6>`), the words that syslog or `dmesg -x` adds, and a time in
 * seconds or as `dmesg -T` prints it.
 */
const BEFORE =
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,64} kernel: )?(?:kern {2}:[a-z]{1,8} {0,6}: )?\[(?: {0,5}(\d{1,9}\.\d{6})|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\](?:\[ {0,8}[TC]\d{1,8}\])? ?/;
/** Terminal control sequences. */
const TERMINAL =
  /\x1b(?:\[[0-9;?]{0,20}[A-Za-z]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])/g;

/**
 * Returns what a terminal would show of a line, without control sequences and without the text that
 * a carriage return or a backspace overwrites.
 */
function shown(line: string): string {
  let text = line.replace(TERMINAL, '');
  if (text.includes('\r'))
    text =
      text
        .split('\r')
        .filter((part) => part !== '')
        .at(-1) ?? '';
  if (text.includes('\b')) {
    const out: string[] = [];
    for (const each of text)
      if (each === '\b') out.pop();
      else out.push(each);
    text = out.join('');
  }
  return withoutOrders(text);
}

/**
 * Command line words that keep messages which the story needs off the console (KERN_INFO is 6). The
 * kernel may have logged a message that such a console lacks.
 */
const HUSHED = /(?:^|\s)(?:quiet|loglevel=[0-6])(?=\s|$)/;

/** The end of a text. A recording may have any number of lines, and its last boots count most. */
function lastLines(text: string, most: number): string {
  let at = text.length;
  for (let count = 0; count < most && at > 0; count++) at = text.lastIndexOf('\n', at - 1);
  return at > 0 ? text.slice(at + 1) : text;
}

/**
 * Splits a recording of a serial console, dmesg or syslog into boots, in their order. If some
 * messages have times, lines without one come from a program or the boot loader and are left out.
 * If no message has a time, every line counts.
 */
export function parseConsole(text: string): KernelLog[] {
  const all = lastLines(text, FILE_LIMITS.lines)
    .split('\n')
    .map((line): LogLine & { timed: boolean } => {
      const visible = shown(line);
      const match = BEFORE.exec(visible);
      return match === null
        ? { time: null, text: visible, timed: false }
        : {
            time: match[1] === undefined ? null : Number(match[1]),
            text: visible.slice(match[0].length),
            timed: true,
          };
    });
  const boots: (LogLine & { timed: boolean })[][] = [[]];
  for (const line of all) {
    const boot = boots.at(-1)!;
    // A boot prints both of the first messages, the version second. So a version after the other
    // message starts no new boot.
    if (
      FIRST.test(line.text) &&
      boot.some(({ text }) => (VERSION.test(line.text) ? VERSION.test(text) : FIRST.test(text)))
    )
      boots.push([line]);
    else boot.push(line);
  }
  return boots.flatMap((boot): KernelLog[] => {
    const begin = boot.findIndex((line) => FIRST.test(line.text));
    const own = begin < 0 ? boot : boot.slice(begin);
    const timed = own.some((line) => line.timed);
    const lines = own
      .filter((line) => (timed ? line.timed : line.text !== ''))
      .map(({ time, text: message }): LogLine => ({ time, text: message }));
    if (lines.length === 0) return [];
    const commandLine = lines.find((line) => line.text.startsWith('Kernel command line: '));
    return [
      {
        lines,
        fromStart: begin >= 0,
        allLevels: commandLine !== undefined && !HUSHED.test(commandLine.text),
      },
    ];
  });
}
