/** One line of a recording, without the words that a logger or a terminal put before it. */
export interface ConsoleLine {
  /** Seconds since the kernel started; null if the line has no time of the kernel. */
  time: number | null;
  text: string;
  /** True if a tag shows that the kernel printed the line. */
  tagged: boolean;
}

/**
 * The kernel's time (kernel/printk/printk.c: print_time). Vendors add the processor (`@0`), a date,
 * or an `s`, and some print fewer digits with it.
 */
const TIME =
  /\[ {0,8}(\d{1,9}\.(?:\d{6}|\d{1,5}(?=@)))(?:@\d{1,3}| {0,3}\/ [^\]]{1,40}|s)? {0,3}\]/g;
const HAS_TIME = new RegExp(TIME.source);

/** The caller, the processor or the level, which some kernels print after the time. */
const AFTER_TIME =
  /^(?:\[ {0,8}[TC]\d{1,8}\]|[-. ]?\(\d{1,3}\) ?\[ {0,8}\d{1,8}:[^\]]{1,32}\]|\[ {0,8}\d{1,3}: {0,20}[^\]:]{1,20}: {0,8}\d{1,8}\]|\[c\d{1,3} {1,3}\d{1,8}\]|\[pid:[^\]]{1,60}\]|<\d{1,3}>|\s)*/;

const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const CLOCK = String.raw`\d{1,2}:\d\d:\d\d(?:[.,:]\d{1,9})?`;
const DATES = [
  String.raw`\d{4}-\d\d-\d\d[T ]${CLOCK}(?:Z|[+-]\d\d:?\d\d)?`,
  `(?:${DAY} )?${MONTH} {1,2}\\d{1,2} ${CLOCK}(?: (?:[A-Z]{3,5} )?(?:19|20)\\d\\d(?=[\\s\\]]))?`,
  String.raw`\d\d-\d\d ${CLOCK}`,
];
const DATE = `(?:${DATES.join('|')})`;
/** What loggers and terminals put before a line, one after the other. */
const TAGS: readonly RegExp[] = [
  /^\s+/,
  /^<\d{1,3}>/,
  // Times in brackets: of a terminal program, of dmesg, of a recorder.
  /^\[(?=[^\]]{0,40}\d)[^\]A-Za-z]{1,40}\]/,
  new RegExp(`^\\[(?:${DATE}|${MONTH} {1,2}\\d{1,2} [\\d:]{4,8})\\]`),
  new RegExp(`^${DATE}`),
  new RegExp(`^${CLOCK}(?=\\s)`),
  /^\d{9,10}\.\d{1,9}(?=\s)/,
  // `dmesg -x`, and the last tag of syslog.
  /^(?:kern|user) {0,4}:[a-z]{1,8} {0,6}:/,
  /^(?:kern|user)\.[a-z]{1,8}:?(?=\s)/,
  /^[VDIWEF] KERNEL {0,4}:/,
  /^kernel(?:\[\d{1,8}\])?:/,
  // Numbers of lines, and quotation marks.
  /^\d{1,6}(?:[|>]|[:)](?=\s))/,
  /^[>|*$]{1,3}\s/,
];
/** A line of a system log: its date, its host, perhaps its facility, and the program. */
const SYSLOG = new RegExp(
  `^\\s*(?:<\\d{1,3}>)?${DATE} (?:\\S{1,64} ){0,3}?([\\w./-]{1,40})(?:\\[\\d{1,8}\\])?: `,
);
const KERNEL_TAG = /^kernel$/;

function withoutTags(line: string): string {
  let text = line;
  for (let again = true; again && text !== '';) {
    again = false;
    for (const tag of TAGS) {
      const match = tag.exec(text);
      if (match === null) continue;
      text = text.slice(match[0].length);
      again = true;
    }
  }
  return text;
}

/** Splits a line at the kernel's times: a lost newline must not hide a message. */
function timedParts(line: string): ConsoleLine[] {
  const times = [...line.matchAll(TIME)];
  return times.flatMap((match, index): ConsoleLine[] => {
    const text = line
      .slice(match.index + match[0].length, times[index + 1]?.index)
      .replace(AFTER_TIME, '');
    // A recorder's time may look like the kernel's, and comes before it.
    const empty = text === '' && index + 1 < times.length;
    return empty ? [] : [{ time: Number(match[1]), text, tagged: true }];
  });
}

/** Messages that only a kernel prints, wherever they are in a line. */
const SIGNATURE =
  /Linux version \d|Booting Linux on (?:physical )?CPU|Kernel command line: |VFS: (?:Mounted|Cannot|Unable)|(?:---\[ end )?Kernel panic(?: - not syncing)?: |Waiting for root device |No filesystem could mount root|Freeing (?:unused kernel|init) /;

/** The form of a prefix: numbers and words may differ from line to line. */
function formOf(prefix: string): RegExp {
  const form = prefix
    .replace(/[^\w\s]/g, (each) => `\\${each}`)
    .replace(/\d+/g, '\\d+')
    .replace(/(?<!\\)[A-Za-z_]+/g, '[A-Za-z_]+')
    .replace(/\s+/g, '\\s+');
  return new RegExp(`^${form}`);
}

const LONGEST_PREFIX = 120;

/**
 * The form of an unknown prefix that stands before the kernel's messages; null if there is none.
 * All must have it, and a single one must have a number in it: a program may quote the kernel.
 */
function commonForm(lines: readonly string[]): RegExp | null {
  const found = lines.flatMap((line) => {
    const at = line.search(SIGNATURE);
    return at < 0 ? [] : [line.slice(0, at)];
  });
  const prefix = found.find((each) => each !== '');
  if (prefix === undefined || prefix.length > LONGEST_PREFIX) return null;
  const form = formOf(prefix);
  const fits = found.filter((each) => form.exec(each)?.[0] === each).length;
  const enough = fits >= 2 || /\d/.test(prefix);
  return enough && fits === found.length ? form : null;
}

/**
 * The form of what a recorder puts before every line: it stands before each of the kernel's times,
 * so it stands before the words of programs too. null if there is none.
 */
function recorderForm(lines: readonly string[]): RegExp | null {
  const found = lines.flatMap((line) => {
    const at = line.search(HAS_TIME);
    return at < 0 ? [] : [line.slice(0, at)];
  });
  const prefix = found[0] ?? '';
  if (prefix.trim() === '' || prefix.length > LONGEST_PREFIX) return null;
  const form = formOf(prefix);
  return found.every((each) => form.exec(each)?.[0] === each) ? form : null;
}

/** Whether a line begins with something that tells that it is a new one. */
export const beginsNew = (timed: boolean) =>
  timed
    ? (line: string): boolean => HAS_TIME.test(line) || SYSLOG.test(line)
    : (line: string): boolean =>
        line === '' || SIGNATURE.test(line) || withoutTags(line) !== line.trimStart();

const TWO_TIMES = new RegExp(`^\\s*${TIME.source}\\s*(?=${TIME.source})`);

/** A recorder's times may look like the kernel's. They stand before those, and are dropped. */
export function withoutRecorderTimes(lines: readonly string[]): readonly string[] {
  const timed = lines.filter((line) => HAS_TIME.test(line)).length;
  const two = lines.filter((line) => TWO_TIMES.test(line)).length;
  if (two < 2 || two < timed / 4) return lines;
  const first = new RegExp(`^\\s*${TIME.source}`);
  return lines.map((line) => line.replace(first, ''));
}

/** Whether lines have a time of the kernel. */
export const haveTimes = (lines: readonly string[]): boolean =>
  lines.some((line) => HAS_TIME.test(line));

function syslogLine(line: string): ConsoleLine {
  const [prefix = '', program = ''] = SYSLOG.exec(line) ?? [];
  const tagged = KERNEL_TAG.test(program);
  const text = tagged ? line.slice(prefix.length).trimStart() : withoutTags(line);
  return { time: null, text, tagged };
}

/** The lines without what stands before them. */
export function withoutPrefixes(lines: readonly string[]): ConsoleLine[] {
  const timed = haveTimes(lines);
  const syslog = lines.some((line) => KERNEL_TAG.test(SYSLOG.exec(line)?.[1] ?? ''));
  if (timed || syslog) {
    const recorder = recorderForm(lines);
    const text = (line: string): string =>
      withoutTags(recorder === null ? line : line.replace(recorder, ''));
    return lines.flatMap((line) => {
      const parts = timedParts(line);
      if (parts.length > 0) return parts;
      return syslog ? [syslogLine(line)] : [{ time: null, text: text(line), tagged: false }];
    });
  }
  const plain = lines.map(withoutTags);
  const form = commonForm(plain);
  return plain.map((text) => ({
    time: null,
    text: form === null ? text : text.replace(form, '').trimStart(),
    tagged: false,
  }));
}
