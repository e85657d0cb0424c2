/** Who printed a line. `unknown`: the log has no times, so it may be either. */
export type Speaker = 'kernel' | 'program' | 'unknown';

export interface SpokenLine {
  text: string;
  by: Speaker;
}

/** A message that mails and web pages break between two words. */
interface LongMessage {
  begins: RegExp;
  /** Matches the message when nothing of it is missing. */
  whole: RegExp;
  /** A line that may be more of it; missing for any line. */
  more?: RegExp;
}

/** Words of a command line: most have a value, and some are usual without one. */
const WORDS =
  /^(?=.*(?:\S=|\b(?:ro|rw|quiet|rootwait|noinitrd|splash|earlyprintk)\b))(?:[\w.-]+(?:=\S*)?(?:\s+|$))+$/;

const LONG_MESSAGES: readonly LongMessage[] = [
  {
    begins: /^(?:Kernel c|C)ommand line: /,
    // It is never known to be whole: more words may follow.
    whole: /^(?!)/,
    more: WORDS,
  },
  {
    begins: /^VFS: Cannot open root device\b/,
    whole: /\bor (?:unknown-block\(\d+,\d+\)(?:: error -?\d+)?|[\da-f]{2}:[\da-f]{2}|\w+)$/,
    more: /^(?:["'\w(]|-?\d+$)/,
  },
  {
    begins: /Kernel panic - not syncing: VFS: Unable\b/,
    whole: /mount root fs on (?:.*unknown-block\(\d+,\d+\)|\S+$)/,
    more: /^(?:to|mount|root|fs|on|or|unknown-block\(\d+,\d+\)|["“/]\S+)\b/,
  },
  {
    begins: /^(?:Initramfs unpacking failed: |rootfs image is not initramfs )/,
    whole: /^(?!)/,
    more: /^(?:at start of |in |within )?(?:compressed|archive|configured|corrupt|truncated|data|not configured|error|memory|looks like)\b/,
  },
  {
    begins: /Kernel panic - not syncing: Requested init\b/,
    whole: /failed \(error -\d+\)/,
    more: /^(?:\/|failed|\(error|-\d)/,
  },
  {
    begins: /Kernel panic - not syncing: Attempted to kill init!?$/,
    whole: /exitcode=/,
    more: /^exitcode=/,
  },
  {
    begins: /^VFS: Mounted root\b/,
    whole: /filesystem\)(?: readonly)?(?: on device \d+:\d+)?\.$/,
    more: /^(?:\(|\w+ filesystem|filesystem|readonly|on device|device|\d+:\d+\.$)/,
  },
  { begins: /^Run \S+(?: as(?: init)?)?$/, whole: /process$/, more: /^(?:as init|init )?process$/ },
];

const MOST_PARTS = 12;

/** On a console with times, a line of the kernel with a time is a new one. */
const goesOn = (line: SpokenLine, next: SpokenLine | undefined): boolean =>
  next !== undefined && next.by !== 'kernel' && line.by !== 'program';

/** Joins the messages that are broken between two words. */
export function mendLines(lines: readonly SpokenLine[]): SpokenLine[] {
  const out: SpokenLine[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    let { text } = line;
    // Only where a line may go on is it worth comparing with patterns.
    const long = goesOn(line, lines[at + 1])
      ? LONG_MESSAGES.find(({ begins }) => begins.test(line.text))
      : undefined;
    for (let parts = 1; long !== undefined && parts < MOST_PARTS; parts++) {
      const next = lines[at + 1];
      if (!goesOn(line, next) || long.whole.test(text.trim())) break;
      if (long.more?.test(next!.text) === false) break;
      text = `${text.trimEnd()} ${next!.text.trimStart()}`;
      at++;
    }
    out.push({ text, by: line.by });
  }
  return out;
}
