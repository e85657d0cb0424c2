import { sourceOf } from '../system/kernel-file.js';
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { problemSentence, type FactsProblem } from '../text/problem-text.js';
import { AtagsError, parseAtags } from './atags.js';
import { commandLineWords } from './cmdline.js';
import { DeviceTreeError, parseDeviceTree, readDeviceTree } from './device-tree.js';
import type { ContentKind } from '../volumes/index.js';
import type { Facts, RootOrigin, Partition } from './facts.js';
import { KernelConfigError, configInBoot, readKernelConfig } from './kernel-config.js';
import { parseKernelRecords, type KernelLog } from './kernel-log.js';
import { BYTES_LOOKED_AT, identify } from '../volumes/identify.js';
import { visibleAt } from './mountinfo.js';
import { OLD_ROOT } from './places.js';
import { notRead, noting } from './problems.js';
import { INITS } from './program.js';
import { readWhole } from './read-whole.js';
import { runnable } from './runnable.js';

const CONFIG = '/proc/config.gz';

const STARTED = /^(?:Run .* as init process$|Freeing (?:unused kernel|init) )/;
/**
 * The number of messages to keep after user space starts: they may still tell how the start went.
 */
const BEHIND = 40;
/** The number of messages to keep if user space never started. */
const MOST_WITHOUT_END = 1000;

/**
 * Keeps the messages until user space ran. Later ones are not about the root, and there may be very
 * many. A log that begins later keeps nothing.
 */
export function untilUserSpace(log: KernelLog): KernelLog {
  const last = log.lines.findLastIndex(({ text }) => STARTED.test(text));
  const lines =
    last >= 0 ? log.lines.slice(0, last + 1 + BEHIND) : log.lines.slice(0, MOST_WITHOUT_END);
  return { ...log, lines: last >= 0 || log.fromStart ? lines : [] };
}

/** Parses lines such as `8 0 1024 sda`; sizes are in KiB. */
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
 * Gathers the origin. Never throws: an unreadable part is null, and `problems` says so where a user
 * may want to know why.
 */
export function gatherOrigin(
  reader: Reader,
  records: () => string[],
  facts: Facts,
  problems: FactsProblem[],
): RootOrigin {
  const attempt = noting(problems, problemOf);
  const orNull = <T>(look: () => T): T | null => attempt<T | null>(null, look);
  const there = (path: string): boolean => orNull(() => reader.kind(path)) === 'file';
  const text = (path: string): string => {
    const seen = sourceOf(() => reader.readText(path));
    if (seen.is === 'unreadable') problems.push(problemOf(seen.error));
    return seen.is === 'there' ? seen.value : '';
  };
  const parsed = <T>(path: string, parse: (bytes: Buffer) => T): T | null =>
    there(path) ? orNull(() => named(path, () => parse(readWhole(reader, path)))) : null;

  const log = orNull(() => parseKernelRecords(records()));
  const { words } = commandLineWords(facts.kernel.commandLine);
  const word = (name: string): string | undefined =>
    words.findLast((each) => each.name === name)?.value ?? undefined;
  const config =
    parsed(CONFIG, readKernelConfig) ??
    parsed(configInBoot(facts.kernel.release), readKernelConfig);
  const top = visibleAt(facts.mounts, OLD_ROOT) === undefined ? '/' : OLD_ROOT;
  const own = orNull(() => Buffer.from(reader.readBytes('/proc/self/exe', 0, 20)));
  const machine = own !== null && own.length >= 20 ? own.readUInt16LE(18) : null;
  const wanted = [word('init'), config?.['DEFAULT_INIT'], ...INITS].filter(
    (path): path is string => path?.startsWith('/') ?? false,
  );
  const early = word('rdinit') ?? '/init';
  const programs = rememberedWays(reader);
  const real = text('/proc/sys/kernel/real-root-dev').trim();
  return {
    log: log && untilUserSpace(log),
    logBegins: log?.lines[0]?.time ?? null,
    config,
    // Unlike the files, the blob has the table of reservations. Only root may read it.
    deviceTree:
      parsed('/sys/firmware/fdt', parseDeviceTree) ?? orNull(() => readDeviceTree(reader)),
    atags: parsed('/proc/atags', parseAtags),
    init: orNull(() => ({
      program: orElse(null, () => reader.readLink('/proc/1/exe')),
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
      (path) => orNull(() => runnable(programs, top, path, machine)) ?? [],
    ),
    earlyInit: { path: early, kind: orNull(() => reader.kind(early)) ?? 'missing' },
  };
}

/** The same files, whose ways are looked up once: most programs are behind the same links. */
function rememberedWays(reader: Reader): Parameters<typeof runnable>[0] {
  const once = <T>(look: (path: string) => T): ((path: string) => T) => {
    const known = new Map<string, T>();
    return (path) => {
      const seen = known.get(path);
      if (seen !== undefined) return seen;
      const looked = look(path);
      known.set(path, looked);
      return looked;
    };
  };
  return {
    kind: once((path) => reader.kind(path)),
    readLink: once((path) => reader.readLink(path)),
    details: once((path) => reader.details(path)),
    readBytes: (path, offset, length) => reader.readBytes(path, offset, length),
  };
}

/** A parser's error with the file's name, which the parser does not know. */
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

/**
 * The number of blocks of a partition to look at. `explain` asks for all partitions of a board, so
 * the number is small.
 */
const MOST_BLOCKS = 16;

/**
 * We skip ramdisks and loops, because user space filled them, and removable drives, because reading
 * an empty one would wait.
 */
const NOT_READ = /^(?:ram|zram|loop|sr|fd|nbd)\d/;

function contentOf(
  reader: Reader,
  { name, size }: Pick<Partition, 'name' | 'size'>,
  { mtd }: Facts,
): ContentKind {
  if (NOT_READ.test(name)) return 'unreadable';
  const block = mtd.find(({ index }) => name === `mtdblock${index}`)?.eraseBlock ?? 4096;
  const read = (index: number): Uint8Array =>
    reader.readBytes(`/dev/${name}`, index * block, BYTES_LOOKED_AT);
  return orElse(
    'unreadable',
    () => identify(read, Math.min(MOST_BLOCKS, Math.floor(size / block))).kind,
  );
}

/** Adds the origin to facts. */
export function withOrigin(reader: Reader, records: () => string[], facts: Facts): Facts {
  const problems: FactsProblem[] = [];
  const origin = gatherOrigin(reader, records, facts, problems);
  const hidden = origin.config === null && orElse(null, () => reader.kind(CONFIG)) === 'file';
  return {
    ...facts,
    origin,
    ...(hidden && { unread: { ...facts.unread, [CONFIG]: 'damaged' } }),
    problems: [...facts.problems, ...problems.map(problemSentence)],
    findings: [...facts.findings, ...problems],
  };
}
