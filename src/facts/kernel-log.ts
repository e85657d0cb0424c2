/** One message of the kernel. */
export interface LogLine {
  /** Seconds since the kernel started; null where the log has no times. */
  time: number | null;
  text: string;
}

/** What is known of the kernel's messages of one boot. */
export interface KernelLog {
  lines: LogLine[];
  /** It begins with the kernel's very first message; otherwise absence proves nothing. */
  fromStart: boolean;
  /** Messages of all levels are in it: without them absence proves nothing either. */
  allLevels: boolean;
}

/** What a kernel prints first: ARM its CPU, all of them their version. */
const FIRST = /^(?:Booting Linux on (?:physical CPU|CPU)|Linux version \d)/;
const VERSION = /^Linux version \d/;

/**
 * /dev/kmsg: `priority,sequence,microseconds,flags[,…];text`, then lines of a blank and KEY=value
 * (Documentation/ABI/testing/dev-kmsg).
 */
const RECORD = /^(\d{1,10}),(\d{1,20}),(\d{1,20}),[^;]{0,200};(.*)$/;

/**
 * Records of /dev/kmsg, one string each. What user space wrote there is no word of the kernel's.
 */
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

/** A line has no orders to a terminal in it. */
const withoutOrders = (text: string): string => text.replace(/[\0-\x08\x0a-\x1f\x7f]/g, '');

/** The kernel writes what is not printable as \xNN (printk_ringbuffer's msg_add_ext_text). */
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
 * What stands before a message: a level (`<6>`), what syslog or `dmesg -x` put there, and a time:
 * seconds, or a date of `dmesg -T`.
 */
const BEFORE =
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,64} kernel: )?(?:kern {2}:[a-z]{1,8} {0,6}: )?\[(?: {0,5}(\d{1,9}\.\d{6})|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\](?:\[ {0,8}[TC]\d{1,8}\])? ?/;
/** Orders to a terminal. */
const TERMINAL =
  /\x1b(?:\[[0-9;?]{0,20}[A-Za-z]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])/g;

/**
 * What a terminal would show of a line: what a carriage return or a backspace took back is gone,
 * and its orders are.
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
 * A level too low for the messages that the story needs (KERN_INFO is 6): what is missing on such a
 * console may have been said.
 */
const HUSHED = /(?:^|\s)(?:quiet|loglevel=[0-6])(?=\s|$)/;

/**
 * The boots in what a serial console, dmesg or syslog recorded, in their order. Where messages have
 * times, lines without one are a program's or the boot loader's and are left out; where none has,
 * all lines are taken.
 */
export function parseConsole(text: string): KernelLog[] {
  const all = text.split('\n').map((line): LogLine & { timed: boolean } => {
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
    // One boot says both of its first words, the version second.
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
