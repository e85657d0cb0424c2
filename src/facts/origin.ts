import type { Reader } from '../system/port.js';
import { problemSentence, type FactsProblem } from '../text/problem-text.js';
import { AtagsError, parseAtags } from './atags.js';
import { commandLineWords } from './cmdline.js';
import { DeviceTreeError, parseDeviceTree, readDeviceTree } from './device-tree.js';
import type { ContentKind } from '../volumes/index.js';
import type { Facts, RootOrigin, Partition, Runnable } from './facts.js';
import { KernelConfigError, readKernelConfig } from './kernel-config.js';
import { parseKernelRecords, type KernelLog } from './kernel-log.js';
import { BYTES_LOOKED_AT, identify } from '../volumes/identify.js';
import { visibleAt } from './mountinfo.js';
import { OLD_ROOT } from './places.js';
import { notRead } from './problems.js';
import { inside, interpreterOf } from './program.js';

const SMALL = 65_536;
const LARGEST = 8 << 20;

/** A file of unknown length: sysfs gives a page a read(2), and /proc no size. */
export function readWhole(reader: Pick<Reader, 'readBytes'>, path: string, most = LARGEST): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < most;) {
    const part = reader.readBytes(path, at, SMALL);
    if (part.length === 0) break;
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}

/** The kernel's own list (init/main.c: kernel_init). */
export const INITS = ['/sbin/init', '/etc/init', '/bin/init', '/bin/sh'] as const;

const STARTED = /^(?:Run .* as init process$|Freeing (?:unused kernel|init) )/;
/** How many messages behind the last of these may still say how it went. */
const BEHIND = 40;

/**
 * The messages until user space ran: what comes later is not about the root, and may be very much.
 * Of a log that begins later nothing is kept.
 */
export function untilUserSpace(log: KernelLog): KernelLog {
  const last = log.lines.findLastIndex(({ text }) => STARTED.test(text));
  return {
    ...log,
    lines:
      last >= 0
        ? log.lines.slice(0, last + 1 + BEHIND)
        : log.fromStart
          ? log.lines.slice(0, 1000)
          : [],
  };
}

/**
 * What execve(2) would say of a program of a root; `machine` is what ELF calls the board's
 * processor, null where it is not known.
 */
export function runnable(
  reader: Pick<Reader, 'kind' | 'readLink' | 'readBytes'> & {
    details: (path: string) => { mode: number };
  },
  top: string,
  path: string,
  machine: number | null,
): Runnable {
  const say = (error: number, why: string): Runnable => ({ path, error, why });
  const program = inside(reader, top, path);
  if (program.kind === 'missing') return say(-2, `${path} does not exist`);
  if (program.kind !== 'file') return say(-13, `${path} is a ${program.kind}`);
  if ((reader.details(program.path).mode & 0o111) === 0)
    return say(-13, `${path} is not executable`);
  const start = Buffer.from(reader.readBytes(program.path, 0, 4096));
  return startsAs(
    programStart(start),
    path,
    machine,
    (needed) => inside(reader, top, needed).kind === 'file',
  );
}

/**
 * What a program's first bytes say: for which processor it is (null: a script), and the program
 * that it needs to be run.
 */
export interface Start {
  machine: number | null;
  needs: string | null;
}

/** Null where they are of no program. */
export function programStart(bytes: Buffer): Start | null {
  const elf = bytes.length >= 20 && bytes.readUInt32BE(0) === 0x7f454c46;
  if (!elf && bytes.toString('latin1', 0, 2) !== '#!') return null;
  return {
    machine: elf ? (bytes[5] === 2 ? bytes.readUInt16BE(18) : bytes.readUInt16LE(18)) : null,
    needs: interpreterOf(bytes),
  };
}

/** The same for a program whose first bytes are known. */
export function startsAs(
  start: Start | null,
  path: string,
  machine: number | null,
  isThere: (path: string) => boolean,
): Runnable {
  if (start === null)
    return { path, error: -8, why: `${path} is neither a program nor a script with #!` };
  const { machine: its, needs } = start;
  if (its !== null && machine !== null && its !== machine)
    return {
      path,
      error: -8,
      why: `${path} is a program for another processor (ELF machine ${its}, and here it is ${machine})`,
    };
  if (needs !== null && !isThere(needs))
    return { path, error: -2, why: `${path} needs ${needs}, which does not exist` };
  return { path, error: 0, why: '' };
}

/** `8 0 1024 sda`, sizes in KiB. */
export function parsePartitions(text: string): Pick<Partition, 'name' | 'number' | 'size'>[] {
  return [...text.matchAll(/^ *(\d{1,10}) +(\d{1,10}) +(\d{1,15}) (\S{1,64})$/gm)].map(
    ([, major, minor, size, name]) => ({
      name: name!,
      number: `${major}:${minor}`,
      size: 1024 * Number(size),
    }),
  );
}

const parseTypes = (text: string): RootOrigin['types'] =>
  [...text.matchAll(/^(nodev)?\t(\S+)$/gm)].map(([, nodev, name]) => ({
    name: name!,
    device: nodev === undefined,
  }));

/** As new_encode_dev packs it (include/linux/kdev_t.h). */
const deviceOf = (number: number): string =>
  `${(number & 0xfff00) >> 8}:${(number & 0xff) | ((number >> 12) & 0xfff00)}`;

/**
 * Gathers it. Never throws: what cannot be read is null, and a sentence in `problems` where
 * somebody may want to know why.
 */
export function gatherOrigin(
  reader: Reader,
  records: () => string[],
  facts: Facts,
  problems: FactsProblem[],
): RootOrigin {
  const orNull = <T>(look: () => T): T | null => {
    try {
      return look();
    } catch (error) {
      problems.push(problemOf(error));
      return null;
    }
  };
  const there = (path: string): boolean => orNull(() => reader.kind(path)) === 'file';
  const text = (path: string): string =>
    there(path) ? (orNull(() => reader.readText(path)) ?? '') : '';
  const parsed = <T>(path: string, parse: (bytes: Buffer) => T): T | null =>
    there(path) ? orNull(() => named(path, () => parse(readWhole(reader, path)))) : null;

  const log = orNull(() => parseKernelRecords(records()));
  const { words } = commandLineWords(facts.kernel.commandLine);
  const word = (name: string): string | undefined =>
    words.findLast((each) => each.name === name)?.value ?? undefined;
  const config = parsed('/proc/config.gz', readKernelConfig);
  const top = visibleAt(facts.mounts, OLD_ROOT) === undefined ? '/' : OLD_ROOT;
  const own = orNull(() => Buffer.from(reader.readBytes('/proc/self/exe', 0, 20)));
  const machine = own !== null && own.length >= 20 ? own.readUInt16LE(18) : null;
  const wanted = [word('init'), config?.['DEFAULT_INIT'], ...INITS].filter(
    (path): path is string => path?.startsWith('/') ?? false,
  );
  const early = word('rdinit') ?? '/init';
  const real = text('/proc/sys/kernel/real-root-dev').trim();
  return {
    log: log && untilUserSpace(log),
    logBegins: log?.lines[0]?.time ?? null,
    config,
    // The blob has what the files have not: its table of reservations. Only root may read it.
    deviceTree:
      parsed('/sys/firmware/fdt', parseDeviceTree) ?? orNull(() => readDeviceTree(reader)),
    atags: parsed('/proc/atags', parseAtags),
    init: orNull(() => ({
      program: linkOf(reader, '/proc/1/exe'),
      args: reader.readText('/proc/1/cmdline').split('\0').slice(0, -1),
    })),
    realRootDevice: /^[1-9]\d*$/.test(real) ? deviceOf(Number(real)) : null,
    types: parseTypes(text('/proc/filesystems')),
    partitions: parsePartitions(text('/proc/partitions')).map((each) => ({
      ...each,
      readonly: text(`/sys/class/block/${each.name}/ro`).trim() === '1',
      content: contentOf(reader, each, facts),
    })),
    programs: [...new Set(wanted)].flatMap(
      (path) => orNull(() => runnable(reader, top, path, machine)) ?? [],
    ),
    earlyInit: { path: early, kind: orNull(() => reader.kind(early)) ?? 'missing' },
  };
}

/** A parser does not know the name of the file that it does not understand. */
class NotUnderstood extends Error {
  constructor(
    readonly file: string,
    readonly why: string,
  ) {
    super(why);
  }
}

function named<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (PARSERS_COMPLAINTS.some((complaint) => error instanceof complaint))
      throw new NotUnderstood(path, (error as Error).message);
    throw error;
  }
}

const PARSERS_COMPLAINTS = [DeviceTreeError, AtagsError, KernelConfigError];

const problemOf = (error: unknown): FactsProblem =>
  error instanceof NotUnderstood
    ? { code: 'not-understood', file: error.file, why: error.why }
    : notRead(error);

function linkOf(reader: Reader, path: string): string | null {
  try {
    return reader.readLink(path);
  } catch {
    return null;
  }
}

/** Ramdisks and loops hold what user space put there, and an empty drive would be waited for. */
const NOT_READ = /^(?:ram|zram|loop|sr|fd|nbd)\d/;

function contentOf(
  reader: Reader,
  { name, size }: Pick<Partition, 'name' | 'size'>,
  { mtd }: Facts,
): ContentKind {
  if (NOT_READ.test(name)) return 'unreadable';
  const block = mtd.find(({ index }) => name === `mtdblock${index}`)?.eraseBlock ?? 4096;
  try {
    return identify(
      (index) => reader.readBytes(`/dev/${name}`, index * block, BYTES_LOOKED_AT),
      Math.min(16, Math.floor(size / block)),
    ).kind;
  } catch {
    return 'unreadable';
  }
}

/** Facts with their origin. */
export function withOrigin(reader: Reader, records: () => string[], facts: Facts): Facts {
  const problems: FactsProblem[] = [];
  const origin = gatherOrigin(reader, records, facts, problems);
  return {
    ...facts,
    origin,
    problems: [...facts.problems, ...problems.map(problemSentence)],
    findings: [...facts.findings, ...problems],
  };
}
