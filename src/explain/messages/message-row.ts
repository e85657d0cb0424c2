import type { Panic } from './panic.js';

/** A message of the kernel, as its log has it, and what it tells. */
export interface KernelMessage<T> {
  value: T;
  said: string;
}

/** What the kernel says once in a boot. Where a log repeats it, the first line counts. */
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
  /** The initrd is no cpio, and the kernel keeps it as an image; the reason. */
  notCpio: string;
  /** The initrd is no cpio, and the kernel drops it; the reason. */
  unpackFailed: string;
  /** Seconds of rootdelay=. */
  delay: number;
  /** What the kernel found in the image; '' where it recognised nothing. */
  image: string;
  imageFailed: string;
  /** The kernel runs the image's /linuxrc before it mounts the real root. */
  linuxrc: true;
  /** The device that rootwait waits for. */
  waiting: string;
  /** `device` is what the kernel prints, as `unknown-block(31,2)`; `error` a negative errno. */
  cannotOpen: { name: string; device: string; error: number | null };
  /** The types that the kernel tried in vain. */
  noneCould: string[];
  /** What became of the image that was the root until /linuxrc returned. */
  oldRoot: 'moved' | 'no /initrd' | 'failed';
  /** 0, or a negative errno. */
  devtmpfs: number;
  noConsole: true;
  /** The kernel freed its own init code: process 1 comes next. */
  started: true;
  panic: Panic;
  /** The machine went down in an orderly way, so user space had run. */
  down: string;
}

/** What the kernel may say several times; all lines count, in their order. */
interface SaidOften {
  mounted: { fstype: string; readonly: boolean; device: string | null };
  /** The block devices that the kernel lists when it finds no root; `size` in bytes. */
  devices: { name: string; number: string; size: number };
  /** Programs that the kernel tried to run as process 1. */
  runs: string;
  failures: { path: string; error: number | null };
}

/**
 * What a log shows of the kernel's decisions. A member that is missing was not said, which proves
 * something only in a whole log.
 */
export type KernelMessages = { [Key in keyof SaidOnce]?: KernelMessage<SaidOnce[Key]> } & {
  [Key in keyof SaidOften]: KernelMessage<SaidOften[Key]>[];
} & {
  /** Nothing was lost and no level was left out: the kernel did not say what is not in the log. */
  whole: boolean;
  /** The last line. */
  last: string | null;
};

type Note = (seen: KernelMessages, match: RegExpExecArray, said: string) => void;

/** One message of the kernel: how it is recognised, who prints it, and what it tells. */
export interface MessageRow {
  /** Matches the message without its level and its time. */
  pattern: RegExp;
  /** The kernel's source file that prints it. */
  source: string;
  /** The first release that prints it in these words; missing: 2.6 or older. */
  since?: string;
  /** The last release that prints it in these words; missing: it still does. */
  until?: string;
  /** Words so common that they count only after certain other messages. */
  when?: (seen: KernelMessages) => boolean;
  tells: Note;
  /** Further lines of the same message. */
  continues?: { pattern: RegExp; tells: Note };
}

/** The first line of this kind counts. */
export const once =
  <Key extends keyof SaidOnce>(key: Key, value: (match: RegExpExecArray) => SaidOnce[Key]): Note =>
  (seen, match, said) => {
    const all: { [Each in keyof SaidOnce]?: KernelMessage<SaidOnce[Each]> } = seen;
    all[key] ??= { value: value(match), said } as (typeof all)[Key];
  };

/** All lines of this kind count. */
export const often =
  <Key extends keyof SaidOften>(
    key: Key,
    value: (match: RegExpExecArray) => SaidOften[Key],
  ): Note =>
  (seen, match, said) => {
    const lines = seen[key] as KernelMessage<SaidOften[Key]>[];
    lines.push({ value: value(match), said });
  };

/** A negative errno of the kernel's; null where the message has none. */
export const errorIn = (text: string | undefined): number | null =>
  text === undefined ? null : Number(text);
