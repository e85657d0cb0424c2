import type { Complaint } from './complaint-data.js';
import type { Panic } from './panic.js';

/** A message of the kernel as in its log, and the data in it. */
export interface KernelMessage<T> {
  value: T;
  said: string;
  /** The number of the line, to compare the order of two messages. */
  at: number;
}

/** Messages that the kernel prints once in a boot. If a log repeats one, the first line counts. */
interface SaidOnce {
  release: string;
  model: string;
  commandLine: string;
  /** Words of the command line that the kernel does not know and hands to init. */
  unknownWords: string;
  /** The kernel refused the place where the initrd lies; the reason. */
  refused: string;
  /** The kernel began to unpack an initrd. */
  tried: true;
  /** The initrd is a cpio. */
  isCpio: true;
  /** The initrd is no cpio, and the kernel keeps it as an image; the reason. */
  notCpio: string;
  /** The initrd is no cpio, and the kernel drops it; the reason. */
  unpackFailed: string;
  /** Seconds of rootdelay=. */
  delay: number;
  /** The content that the kernel found in the image; '' if it recognised nothing. */
  image: string;
  imageFailed: string;
  /** The kernel runs the image's /linuxrc before it mounts the real root. */
  linuxrc: true;
  /** The device that rootwait waits for. */
  waiting: string;
  /** `device` is what the kernel prints, as `unknown-block(31,2)`; `error` a negative errno. */
  cannotOpen: { name: string; device: string; error: number | null };
  /** The kernel lists the block devices next, all of them. */
  listing: true;
  /** root= has no form that rootwait could wait for. */
  rootwaitOff: true;
  /** The PARTUUID in root= has no valid form. */
  badPartuuid: true;
  /** The program that the kernel looked for in rootfs, in vain; `error` is a negative errno. */
  noEarlyInit: { path: string; error: number };
  /** A flash partition that the mtd driver chose as the root. */
  mtdRoot: { index: number; name: string };
  /** The types that the kernel tried in vain. */
  noneCould: string[];
  /** The fate of the image that was the root until /linuxrc returned. */
  oldRoot: 'moved' | 'no /initrd' | 'failed';
  /** 0, or a negative errno. */
  devtmpfs: number;
  noConsole: true;
  /** The machine is a MIPS, which numbers its errors in another way. */
  mips: true;
  /** Process 1 does not go on by itself: it waits in a shell, or froze. */
  stop: true;
  /** The kernel freed its own init code: process 1 comes next. */
  started: true;
  panic: Panic;
  /** The machine shut down properly, so user space had run. */
  down: string;
}

/** Messages that the kernel may print several times. All lines count, in their order. */
interface SaidOften {
  mounted: { fstype: string; readonly: boolean; device: string | null };
  /** The block devices that the kernel lists when it finds no root; `size` in bytes. */
  devices: { name: string; number: string; size: number };
  /** Programs that the kernel tried to run as process 1. */
  runs: string;
  /** `early`: the words are those about the program in rootfs. */
  failures: { path: string; error: number | null; early: boolean };
  /** A disk and its partitions, as the kernel finds them. */
  scanned: { disk: string; partitions: string[] };
  /** The words of process 1, or of a program that it started. */
  programs: string;
  /** Faults that a driver, a file system or process 1 told of. */
  complaints: Complaint;
  /** File systems that mounted, by their drivers' own words. */
  fileSystems: { fstype: string; device: string | null };
  /** UBI devices that were attached, such as `ubi0`. */
  ubi: string;
  /** Cards and eMMCs that were found, and the host of each, as `mmc0`. */
  cards: { device: string; host: string };
  /** Process 1 went over to another root. */
  handovers: true;
}

/**
 * What a log shows of the kernel's decisions. A missing member was not printed. This proves
 * something only in a complete log.
 */
export type KernelMessages = { [Key in keyof SaidOnce]?: KernelMessage<SaidOnce[Key]> } & {
  [Key in keyof SaidOften]: KernelMessage<SaidOften[Key]>[];
} & {
  /**
   * True if no message was lost and no level was left out. A message that is not in the log was
   * then never printed.
   */
  whole: boolean;
  /** The number of messages that were recognised, without those that other texts have too. */
  recognised: number;
  /** The number of the kernel's lines. */
  lines: number;
  /** The last line. */
  last: string | null;
};

/** A line of the log, and its number. */
export interface NumberedLine {
  said: string;
  at: number;
}

type Note = (seen: KernelMessages, match: RegExpExecArray, line: NumberedLine) => void;

/** One message of the kernel: its pattern, its source file, and the data in it. */
export interface MessageRow {
  /** Matches the message without its level and its time. */
  pattern: RegExp;
  /**
   * Words in lower case, of which each match contains one. A row needs them if its pattern does not
   * show how a match begins; without them each line is compared with it. They help too where many
   * other lines begin so.
   */
  has?: readonly string[];
  /** The kernel's source file that prints it. */
  source: string;
  /** The first release that prints it in these words; missing for 2.6 or older. */
  since?: string;
  /** The last release that prints it in these words; missing if the kernel still does. */
  until?: string;
  /** Words so common that they count only after certain other messages. */
  when?: (seen: KernelMessages) => boolean;
  /** Other texts have such lines too: alone they do not show that a kernel speaks. */
  weak?: true;
  /** Who prints it. Programs print lines without the kernel's time. Missing: the kernel alone. */
  by?: 'programs' | 'both';
  tells: Note;
  /** Further lines of the same message. */
  continues?: { pattern: RegExp; tells: Note };
}

/** The first line of this kind counts. */
export const once =
  <Key extends keyof SaidOnce>(key: Key, value: (match: RegExpExecArray) => SaidOnce[Key]): Note =>
  (seen, match, line) => {
    const all: { [Each in keyof SaidOnce]?: KernelMessage<SaidOnce[Each]> } = seen;
    all[key] ??= { value: value(match), ...line } as (typeof all)[Key];
  };

/** All lines of this kind count. */
export const often =
  <Key extends keyof SaidOften>(
    key: Key,
    value: (match: RegExpExecArray) => SaidOften[Key],
  ): Note =>
  (seen, match, line) => {
    const lines = seen[key] as KernelMessage<SaidOften[Key]>[];
    lines.push({ value: value(match), ...line });
  };

/** A negative errno of the kernel; null if the message has none. */
export const errorIn = (text: string | undefined): number | null =>
  text === undefined ? null : Number(text);
