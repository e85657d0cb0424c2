/**
 * What only the running system shows. Read-only, and without root as far as it goes: what could not
 * be read is null, with the reason.
 */
import { gunzipSync } from 'node:zlib';
import { STATE_FILE } from '../../facts/gather.js';
import { commandLineWords } from '../../facts/cmdline.js';
import type { Facts } from '../../facts/facts.js';
import { parseKernelRecords, type LogLine } from '../../facts/kernel-log.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { readWhole } from '../../facts/origin.js';
import { FIRST_SCRIPT, OLD_ROOT } from '../../facts/places.js';
import { parseFacts } from '../../facts/validate.js';
import { JOURNAL_FOLDER } from '../../facts/places.js';
import type { PathKind, Reader } from '../../system/port.js';
import type { ScriptResult } from '../../execute/journal.js';
import { newestFirst } from '../journal/gather-boots.js';
import { orElse } from '../../system/or-else.js';

/** Something that was looked for: what it is, or why it could not be read. */
type LiveRead<T> = { value: T } | { trouble: string };

/** A script with what it says about mountroot. */
interface Script {
  path: string;
  /** Its lines that are no comments and name mount_root or mountroot. */
  calls: string[];
}

export interface Live {
  /** The facts that this boot's start began with; null where there was none. */
  recorded: LiveRead<Facts> | null;
  /** The kernel's messages; without root they may be out of reach. */
  log: LiveRead<{ lines: LogLine[]; fromStart: boolean }>;
  /**
   * The kernel's options by name, of those that the checks ask for; null where there is no
   * /proc/config.gz.
   */
  config: Record<string, string> | null;
  /**
   * The outcome of the latest probe for RENAME_WHITEOUT, and where it is recorded; null where none
   * is.
   */
  whiteout: { works: boolean; where: string } | null;
  /** Text for whoever logs in; null where there is none. */
  notice: string | null;
  /** Whether `done` has confirmed the start of this boot; null without a journal. */
  confirmed: boolean | null;
  /**
   * The program that the kernel starts the system with, and the scripts that it is known to read.
   */
  preinit: { wanted: string[]; found: LiveRead<Script>[] };
  /**
   * What stands where the script is that may go first, and what became of it in this boot; null
   * where it did not go.
   */
  first: { kind: PathKind; result: ScriptResult | null };
  /** Scripts that call `done`, of those where such calls are kept. */
  doneCallers: string[];
  /** Where `mount_root` is on the paths that a preinit has, and what it leads to. */
  program: { path: string; target: string } | null;
  node: { version: string; arch: string; rss: number };
  /** null when the native parts load. */
  native: string | null;
  /** /proc/sys/kernel/random/entropy_avail. */
  entropy: number | null;
  /** The hardware generator in use; null where there is none. */
  generator: string | null;
  /** Bytes of /proc/meminfo. */
  memory: { total: number; available: number | null } | null;
  /** Milliseconds since 1970. */
  time: number;
  /** What stands at a few paths, the configured watchdog and /dev/ubi_ctrl among them. */
  paths: Record<string, PathKind>;
  /**
   * Whether the device of the data volume may be written, as its driver says; null where it does
   * not.
   */
  writable: { value: boolean; where: string } | null;
  /** statfs(2) of the mounted data volume. */
  space: { total: number; free: number; inodes?: { total: number; free: number } } | null;
}

export interface LiveInput {
  records: () => string[];
  node: Live['node'];
  native: string | null;
  time: number;
}

function seen<T>(look: () => T): LiveRead<T> {
  try {
    return { value: look() };
  } catch (error) {
    return { trouble: (error as Error).message.split('\n')[0]! };
  }
}

const SMALL = 256 << 10;
const text = (reader: Reader, path: string): string =>
  readWhole(reader, path, SMALL).toString('utf8');

/** The kernel's configuration, of which only what is asked for is kept. */
const OPTIONS = [
  'JFFS2_FS_XATTR',
  'JFFS2_FS',
  'UBIFS_FS_XATTR',
  'F2FS_FS_XATTR',
  'TMPFS_XATTR',
  'OVERLAY_FS',
];

function configOf(reader: Reader): Live['config'] {
  return orElse(null, () => {
    const found = gunzipSync(readWhole(reader, '/proc/config.gz'), {
      maxOutputLength: 8 << 20,
    }).toString('utf8');
    return Object.fromEntries(
      OPTIONS.map((name) => [
        name,
        new RegExp(`^CONFIG_${name}=(.*)$`, 'm').exec(found)?.[1] ?? 'n',
      ]),
    );
  });
}

/**
 * The facts of this boot's start. /tmp is open to all: what another user put there is not believed.
 */
function recordedFacts(reader: Reader, uid: number): Live['recorded'] {
  const path = `${JOURNAL_FOLDER}/facts.json`;
  if (orElse(null, () => reader.kind(path)) !== 'file') return null;
  return seen(() => {
    const owner = reader.details(path).uid;
    if (owner !== 0 && owner !== uid)
      throw new Error(`${path} belongs to user ${owner}, and is not believed`);
    return parseFacts(readWhole(reader, path, 8 << 20).toString('utf8'), path);
  });
}

const CALL = /(?:^|[^\w-])(?:mount_root|mountroot)\b/;

/** Lines of a script that call us. A program that is no text has none. */
const callsIn = (content: string): string[] =>
  content.includes('\0')
    ? []
    : content
        .split('\n')
        .filter((line) => !/^\s*#/.test(line) && CALL.test(line))
        .map((line) => line.trim());

/** Follows symlinks as they lead on the board, inside the image where that is mounted elsewhere. */
function script(reader: Reader, top: string, path: string): LiveRead<Script> {
  return seen(() => {
    let at = path;
    for (let links = 0; links < 8 && reader.kind(`${top}${at}`) === 'symlink'; links++) {
      const to = reader.readLink(`${top}${at}`);
      at = to.startsWith('/') ? to : `${at.slice(0, at.lastIndexOf('/'))}/${to}`;
      if (at.split('/').at(-1)?.startsWith('mountroot'))
        return { path, calls: [`(${path} leads to ${at})`] };
    }
    return { path, calls: callsIn(text(reader, `${top}${at}`)) };
  });
}

/** OpenWrt's preinit calls what stands in this folder. */
const PARTS = '/lib/preinit';

function preinitOf(reader: Reader, top: string, { kernel, handover }: Facts): Live['preinit'] {
  const { words } = commandLineWords(kernel.commandLine);
  const named = (name: string): string[] =>
    words.flatMap((word) =>
      word.name === name && word.value?.startsWith('/') ? [word.value] : [],
    );
  const wanted = handover?.ramfs
    ? [...named('rdinit'), '/init'].slice(0, 1)
    : [...new Set([...named('init').slice(-1), '/etc/preinit'])];
  const parts = (orElse(null, () => reader.list(`${top}${PARTS}`)) ?? []).map(
    (name) => `${PARTS}/${name}`,
  );
  const there = [...wanted, ...parts].filter(
    (path) => orElse(null, () => reader.kind(`${top}${path}`)) !== 'missing',
  );
  return { wanted, found: there.map((path) => script(reader, top, path)) };
}

/** Where late scripts of the usual inits are: busybox, OpenWrt, systemd. */
const LATE = [
  '/etc/init.d',
  '/etc/rc.d',
  '/etc/rcS.d',
  '/etc/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
const LATE_FILES = ['/etc/rc.local', '/etc/inittab', '/etc/profile'];
/** A folder of hundreds of units is not worth a minute on a board. */
const MOST_SCRIPTS = 600;

function doneCallers(reader: Reader): string[] {
  const files = [
    ...LATE_FILES,
    ...LATE.flatMap((folder) =>
      (orElse(null, () => reader.list(folder)) ?? []).map((name) => `${folder}/${name}`),
    ),
  ].slice(0, MOST_SCRIPTS);
  const calls = (path: string): boolean =>
    orElse(
      null,
      () =>
        reader.kind(path) === 'file' &&
        callsIn(text(reader, path)).some((line) =>
          /(?:mount_root|mountroot)(?:\.cjs)?["']?\s+done\b/.test(line),
        ),
    ) ?? false;
  return files.filter(calls);
}

const NAMES = [
  '/sbin/mount_root',
  '/usr/sbin/mount_root',
  '/bin/mount_root',
  '/usr/bin/mount_root',
];

function programOf(reader: Reader): Live['program'] {
  for (const path of NAMES) {
    const target = orElse(null, () =>
      reader.kind(path) === 'missing' ? null : reader.realPath(path),
    );
    if (target !== null) return { path, target };
  }
  return null;
}

function memoryOf(reader: Reader): Live['memory'] {
  return orElse(null, () => {
    const found = text(reader, '/proc/meminfo');
    const bytes = (name: string): number | null => {
      const [, kibibytes] = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(found) ?? [];
      return kibibytes === undefined ? null : 1024 * Number(kibibytes);
    };
    const total = bytes('MemTotal');
    return total === null ? null : { total, available: bytes('MemAvailable') };
  });
}

/** MTD_WRITEABLE of include/uapi/mtd/mtd-abi.h. */
const MTD_WRITEABLE = 0x400;

function writableOf(reader: Reader, { volume }: Facts): Live['writable'] {
  const [device] = volume.found;
  if (device === undefined || volume.found.length > 1) return null;
  if (device.kind === 'mtd') {
    const where = `/sys/class/mtd/${device.name}/flags`;
    const flags = Number(orElse(null, () => text(reader, where).trim()) ?? NaN);
    return Number.isNaN(flags) ? null : { value: (flags & MTD_WRITEABLE) !== 0, where };
  }
  if (device.kind === 'block') {
    const where = `/sys/class/block/${device.name}/ro`;
    const readonly = orElse(null, () => text(reader, where).trim());
    return readonly === null ? null : { value: readonly === '0', where };
  }
  const where = `/sys/class/ubi/${device.name.split('_')[0]}/ro_mode`;
  const readonly = orElse(null, () => text(reader, where).trim());
  return readonly === null || readonly === '' ? null : { value: readonly === '0', where };
}

/**
 * The probe that `done` makes and what became of this boot, from its journal and those of the boots
 * that the volume keeps.
 */
function fromJournals(reader: Reader): {
  whiteout: Live['whiteout'];
  confirmed: boolean | null;
  result: ScriptResult | null;
} {
  let confirmed: boolean | null = null;
  let result: ScriptResult | null = null;
  for (const boot of newestFirst(reader)) {
    if (boot.current) {
      confirmed = boot.runs.some(({ verb, ok }) => verb === 'done' && ok === true);
      result = boot.runs.findLast(({ script }) => script !== undefined)?.script ?? null;
    }
    // On a full volume the probe fails too, and that says nothing.
    const step = boot.records.findLast(
      (record) =>
        record.type === 'step' &&
        record.id === 'whiteout' &&
        (record.result !== 'failed' || record.errno === 'EINVAL'),
    );
    if (step?.type === 'step')
      return { whiteout: { works: step.result !== 'failed', where: boot.file }, confirmed, result };
  }
  const limits = orElse(
    null,
    () => (JSON.parse(reader.readText(STATE_FILE)) as { limits?: unknown }).limits,
  );
  return {
    whiteout:
      Array.isArray(limits) && limits.includes('no-rename-whiteout')
        ? { works: false, where: STATE_FILE }
        : null,
    confirmed,
    result,
  };
}

const PATHS = ['/proc', '/sys', '/dev', '/tmp', '/dev/ubi_ctrl', '/dev/watchdog'];

export function gatherLive(
  reader: Reader,
  facts: Facts,
  { records, node, native, time }: LiveInput,
): Live {
  // The image's own files are what the kernel runs, whatever the overlay lays over them.
  const top = visibleAt(facts.mounts, OLD_ROOT) === undefined ? '' : OLD_ROOT;
  const { watchdog } = facts.configuration.settings;
  const kind = (path: string): PathKind =>
    orElse(null, () => reader.kind(orElse(null, () => reader.realPath(path)) ?? path)) ?? 'missing';
  const { whiteout, confirmed, result } = fromJournals(reader);
  const generator = orElse(null, () =>
    text(reader, '/sys/class/misc/hw_random/rng_current').trim(),
  );
  const entropy = orElse(null, () =>
    Number(text(reader, '/proc/sys/kernel/random/entropy_avail').trim()),
  );
  return {
    recorded: recordedFacts(reader, facts.uid),
    log: seen(() => {
      const { lines, fromStart } = parseKernelRecords(records());
      return { lines, fromStart };
    }),
    config: configOf(reader),
    whiteout,
    confirmed,
    first: { kind: kind(`${top}${FIRST_SCRIPT}`), result },
    notice: orElse(null, () => text(reader, `${JOURNAL_FOLDER}/notice`).trim()) || null,
    preinit: preinitOf(reader, top, facts),
    doneCallers: doneCallers(reader),
    program: programOf(reader),
    node,
    native,
    entropy: entropy === null || Number.isNaN(entropy) ? null : entropy,
    generator: generator === null || generator === '' || generator === 'none' ? null : generator,
    memory: memoryOf(reader),
    time,
    paths: Object.fromEntries(
      [...PATHS, ...(watchdog === '' ? [] : [watchdog])].map((path) => [path, kind(path)]),
    ),
    writable: writableOf(reader, facts),
    space: facts.opened === null ? null : orElse(null, () => reader.space(facts.opened!.at)),
  };
}
