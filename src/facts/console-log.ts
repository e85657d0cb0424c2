import {
  beginsNew,
  haveTimes,
  withoutPrefixes,
  withoutRecorderTimes,
  type ConsoleLine,
} from './console-prefix.js';
import { joined, shownLines } from './console-text.js';
import type { KernelLog, LogLine } from './kernel-log.js';

/**
 * The first messages of a kernel: ARM prints its CPU, and every architecture prints its version.
 */
const FIRST = /^(?:Booting Linux on (?:physical CPU|CPU)|Linux version \d)/;
const VERSION = /^Linux version \d/;

/** The first words of boot loaders. Their output comes before the kernel's. */
const LOADERS: readonly { name: string; pattern: RegExp }[] = [
  { name: 'U-Boot', pattern: /^(?:U-Boot|SPL:? U-Boot|U-Boot SPL|Das U-Boot) ?(?:SPL|TPL)? ?\d/ },
  { name: 'Breed', pattern: /^(?:Boot and Recovery Environment for Embedded Devices|.*Breed \d)/ },
  { name: 'CFE', pattern: /^CFE (?:version|for|\d|v)/i },
  { name: 'RedBoot', pattern: /^(?:RedBoot(?:>|\(tm\))|.*RedBoot\(tm\))/ },
  { name: 'GRUB', pattern: /^(?:Welcome to GRUB|GNU GRUB|GRUB Loading|GRUB loading)/i },
  { name: 'barebox', pattern: /^barebox \d/ },
];
/** The last words of a boot loader before the kernel's first. */
const HANDED_OVER =
  /^(?:Starting kernel|## Booting kernel|Booting kernel|Uncompressing Linux|done, booting the kernel|Starting program at|Starting application at|Booting Linux)/;

/**
 * Command line words that keep messages which the story needs off the console (KERN_INFO is 6). The
 * kernel may have logged a message that such a console lacks.
 */
const HUSHED = /(?:^|\s)(?:quiet|loglevel=[0-6])(?=\s|$)/;

/** A kernel's clock that jumps back, in seconds: another boot begins. */
const JUMP = 2;

const loaderOf = (text: string): string | null =>
  LOADERS.find(({ pattern }) => pattern.test(text))?.name ?? null;

/** What is known of a boot while its lines are read. */
interface OpenBoot {
  lines: ConsoleLine[];
  /** It printed the first of the messages of a kernel's start. */
  first: boolean;
  version: boolean;
  /** It has a line of the kernel. */
  kernel: boolean;
  /** The last time of the kernel. */
  time: number;
}

const newBoot = (): OpenBoot => ({
  lines: [],
  first: false,
  version: false,
  kernel: false,
  time: 0,
});

/** Whether a line begins another boot. `starts`: it is one of the first messages of a kernel. */
function isOfNext(line: ConsoleLine, boot: OpenBoot, starts: boolean): boolean {
  // A boot prints both of the first messages, the version second. So a version after the other
  // message starts no new boot.
  if (starts && (VERSION.test(line.text) ? boot.version : boot.first)) return true;
  if (line.time !== null) return line.time < JUMP && boot.time > line.time + JUMP;
  return boot.kernel && !line.tagged && loaderOf(line.text) !== null;
}

/** Splits lines into boots. If some lines have tags, a boot loader's have none. */
function boots(lines: readonly ConsoleLine[], tagged: boolean): ConsoleLine[][] {
  const all = [newBoot()];
  for (const line of lines) {
    const starts = (!tagged || line.tagged) && FIRST.test(line.text);
    if (isOfNext(line, all.at(-1)!, starts) && all.at(-1)!.lines.length > 0) all.push(newBoot());
    const boot = all.at(-1)!;
    boot.lines.push(line);
    boot.first ||= starts;
    boot.version ||= starts && VERSION.test(line.text);
    boot.kernel ||= starts || line.tagged;
    boot.time = line.time ?? boot.time;
  }
  return all.map((boot) => boot.lines);
}

/** The index of the first line that may be the kernel's. */
function kernelBegins(boot: readonly ConsoleLine[], tagged: boolean): number {
  const first = boot.findIndex((line) => (!tagged || line.tagged) && FIRST.test(line.text));
  if (first >= 0) return first;
  const own = Math.max(0, tagged ? boot.findIndex((line) => line.tagged) : 0);
  // A recorder may give a boot loader the kernel's form of times.
  const loader = boot.findIndex(
    ({ text, tagged: each }) => each === tagged && loaderOf(text) !== null,
  );
  if (loader < own) return own;
  const over = boot.findLastIndex(({ text }) => HANDED_OVER.test(text));
  return over < 0 ? boot.length : over + 1;
}

function logOf(boot: readonly ConsoleLine[], tagged: boolean): KernelLog {
  const begin = kernelBegins(boot, tagged);
  const lines: LogLine[] = [];
  const others: NonNullable<KernelLog['others']> = [];
  for (const { time, text, tagged: own } of boot.slice(begin)) {
    if (text === '') continue;
    if (!tagged || own) lines.push({ time, text });
    else others.push({ text: text.trim(), after: lines.length });
  }
  const loader = boot.map(({ text }) => loaderOf(text)).find((name) => name !== null);
  const commandLine = lines.find((line) => line.text.startsWith('Kernel command line: '));
  return {
    lines,
    fromStart: lines[0] !== undefined && FIRST.test(lines[0].text),
    allLevels: commandLine !== undefined && !HUSHED.test(commandLine.text),
    ...(others.length > 0 && { others }),
    ...(loader !== undefined && { loader }),
  };
}

/**
 * Splits a recording of a serial console, dmesg or syslog into boots, in their order. If the
 * kernel's messages have a tag, lines without one come from a program or the boot loader. If no
 * message has one, every line counts from the first one of the kernel.
 */
export function parseConsole(text: string): KernelLog[] {
  const shown = withoutRecorderTimes(shownLines(text));
  const timed = haveTimes(shown);
  const begins = beginsNew(timed);
  const continues = (line: string): boolean => line !== '' && !begins(line);
  // Without times, a line that ends as a sentence or a known message does is more probably whole.
  const isWhole = (line: string): boolean =>
    !timed && /[.:]$|Kernel panic .* unknown-block\(\d+,\d+\)$/.test(line);
  const lines = withoutPrefixes(joined(shown, { continues, isWhole }));
  const tagged = lines.some((line) => line.tagged);
  const all = boots(lines, tagged).map((boot) => ({ boot, log: logOf(boot, tagged) }));
  const shows = all.filter(({ log }) => log.lines.length > 0);
  if (shows.length > 0) return shows.map(({ log }) => log);
  // No line is the kernel's. What is there is the boot loader's.
  const last = all.findLast(({ boot }) => boot.some((line) => line.text !== ''));
  if (last === undefined) return [];
  const texts = last.boot.filter((line) => line.text !== '');
  const foreign = texts.map(({ time, text: each }) => ({ time, text: each }));
  return [{ ...last.log, lines: foreign, foreign: true }];
}
