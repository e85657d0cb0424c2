/**
 * The facts that only the running system shows. They are read without changing anything, and
 * without root if possible. A value that could not be read is null or has the reason.
 */
import type { Facts } from '../../facts/facts.js';
import { parseKernelRecords, type LogLine } from '../../facts/kernel-log.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { kernelModules, type KernelModules } from '../../facts/kernel-modules.js';
import { folderTrouble, ownText, recordFile, recordFolder } from '../../facts/own-files.js';
import { readWhole } from '../../facts/read-whole.js';
import { JSON_LIMITS } from '../../text/input-limits.js';
import { readObject } from '../../text/read-json.js';
import { FACTS_OF_START, FIRST_SCRIPT, NOTICE, OLD_ROOT, STATE } from '../../facts/places.js';
import { parseFacts } from '../../facts/validate.js';
import type { Limit } from '../../steps/step-kind.js';
import type { PathKind, Reader } from '../../system/port.js';
import type { ScriptResult } from '../../execute/journal.js';
import type { Boot } from '../journal/boot-runs.js';
import { newestFirst } from '../journal/gather-boots.js';
import { refusedHeaps } from '../journal/refused-heaps.js';
import { orElse } from '../../system/or-else.js';
import { configOf, memoryOf, notingKernel, writableOf } from './live-kernel.js';
import { overlaidFiles, type OverlaidFiles } from './overlaid-files.js';
import { smallText, tryRead, type LiveRead } from './live-read.js';
import {
  doneCallers,
  preinitOf,
  programOf,
  type DoneCallers,
  type FoundProgram,
  type Script,
} from './live-scripts.js';

export interface Live extends DoneCallers, FoundProgram, OverlaidFiles {
  /** The facts that this boot's start began with; null if there are none. */
  recorded: LiveRead<Facts> | null;
  /** The kernel's messages; without root they may be out of reach. */
  log: LiveRead<{ lines: LogLine[]; fromStart: boolean }>;
  /**
   * The sources of the kernel that showed nothing: `absent` or the name of the error. Left out if
   * all were read.
   */
  unread?: Record<string, string>;
  /**
   * The file systems that the kernel has loaded as modules, and whether the next boot can load them
   * too, from the root that it begins with. Left out if there are none.
   */
  modules?: KernelModules;
  /** The kernel's options that the checks ask for; null if /proc/config.gz does not show them. */
  config: Record<string, string> | null;
  /** The outcome of the latest probe for RENAME_WHITEOUT, and its record; null without one. */
  whiteout: { works: boolean; where: string } | null;
  /** The record of `done` that a file cannot be mapped for shared writing; left out without one. */
  unmappable?: string;
  /** The folder of the files of this boot. */
  records: string;
  /** The text that a login shows; null if there is none. */
  notice: string | null;
  /** Why it is not known whether there is a notice; left out if it is. */
  noticeTrouble?: string;
  /** Whether `done` has confirmed the start of this boot; null without a journal. */
  confirmed: boolean | null;
  /** The programs that the kernel may run first, and the scripts of those that are there. */
  preinit: { wanted: string[]; found: LiveRead<Script>[] };
  /** The script that may go first, and how it ended in this boot; null if it did not run. */
  first: { kind: PathKind; result: ScriptResult | null };
  node: { version: string; arch: string; rss: number };
  /** The kept heaps that were refused in this boot; left out if none was. */
  refusedHeaps?: string[];
  /** The reason why the native parts do not load; null if they do. */
  native: string | null;
  /** /proc/sys/kernel/random/entropy_avail. */
  entropy: number | null;
  /** The hardware generator in use; null if there is none. */
  generator: string | null;
  /** Bytes of /proc/meminfo. */
  memory: { total: number; available: number | null } | null;
  /** Milliseconds since 1970. */
  time: number;
  /** The kinds of a few paths, among them the configured watchdog and /dev/ubi_ctrl. */
  paths: Record<string, PathKind>;
  /** Whether the data volume's driver says that it may be written; null if it does not say. */
  writable: { value: boolean; where: string } | null;
  /** statfs(2) of the mounted data volume. */
  space: { total: number; free: number; inodes?: { total: number; free: number } } | null;
}

export interface LiveInput {
  records: () => string[];
  node: Live['node'];
  native: string | null;
  time: number;
  /** The heap of this report, if it was refused. */
  refusedHeap?: string | undefined;
}

/** The facts of this boot's start. Anybody may write to /tmp, so the owner of the file counts. */
function recordedFacts(reader: Reader): Live['recorded'] {
  const path = recordFile(reader, FACTS_OF_START);
  if (orElse(null, () => reader.kind(path)) !== 'file') return null;
  return tryRead(() => {
    const trouble = folderTrouble(reader);
    if (trouble !== null) throw new Error(`${trouble}, and is not believed`);
    return parseFacts(readWhole(reader, path, 8 << 20).toString('utf8'), path);
  });
}

/** The facts in the journals: the latest probe for RENAME_WHITEOUT, and the course of this boot. */
function fromJournals(reader: Reader): {
  current: Boot | undefined;
  whiteout: Live['whiteout'];
  confirmed: boolean | null;
  result: ScriptResult | null;
} {
  let confirmed: boolean | null = null;
  let result: ScriptResult | null = null;
  let current: Boot | undefined;
  for (const boot of newestFirst(reader)) {
    if (boot.current) {
      current = boot;
      confirmed = boot.runs.some(({ verb, ok }) => verb === 'done' && ok === true);
      result = boot.runs.findLast(({ script }) => script !== undefined)?.script ?? null;
    }
    // The probe also fails on a full volume; only EINVAL says that the kernel lacks the flag.
    const step = boot.records.findLast(
      (record) =>
        record.type === 'step' &&
        record.id === 'whiteout' &&
        (record.result !== 'failed' || record.errno === 'EINVAL'),
    );
    if (step?.type === 'step')
      return {
        current,
        whiteout: { works: step.result !== 'failed', where: boot.file },
        confirmed,
        result,
      };
  }
  return {
    current,
    whiteout: isLimited(reader, 'no-rename-whiteout')
      ? { works: false, where: recordFile(reader, STATE) }
      : null,
    confirmed,
    result,
  };
}

/** Whether the state of this boot has a limit, which `done` found out. */
function isLimited(reader: Reader, limit: Limit): boolean {
  const text = orElse('', () => ownText(reader, STATE));
  const limits = readObject(text, JSON_LIMITS.state)?.['limits'];
  return Array.isArray(limits) && limits.includes(limit);
}

/** The text that a login shows, or why that is not known. */
function noticeOf(reader: Reader): Pick<Live, 'notice' | 'noticeTrouble'> {
  const path = recordFile(reader, NOTICE);
  const distrust = folderTrouble(reader);
  if (distrust !== null)
    return { notice: null, noticeTrouble: `${distrust}, so ${path} is not believed` };
  const found = tryRead(() =>
    reader.kind(path) === 'missing' ? '' : smallText(reader, path).trim(),
  );
  return 'trouble' in found
    ? { notice: null, noticeTrouble: found.trouble }
    : { notice: found.value || null };
}

/** A loaded module is in /proc/modules; a file system that is not there is part of the kernel. */
function modulesOf(reader: Reader, { kernel }: Facts, top: string): Pick<Live, 'modules'> {
  const loaded = new Set(
    orElse('', () => readWhole(reader, '/proc/modules', 1 << 20).toString('utf8'))
      .split('\n')
      .map((line) => line.split(' ')[0]!),
  );
  const types = kernel.filesystems.filter((type) => loaded.has(type));
  return types.length === 0
    ? {}
    : { modules: kernelModules(reader, { release: kernel.release, types, top }) };
}

const PATHS = ['/proc', '/sys', '/dev', '/tmp', '/dev/ubi_ctrl', '/dev/watchdog'];

export function gatherLive(
  reader: Reader,
  facts: Facts,
  { records, node, native, time, refusedHeap }: LiveInput,
): Live {
  // The kernel runs the image's own files, even where the overlay covers them.
  const top = visibleAt(facts.mounts, OLD_ROOT) === undefined ? '' : OLD_ROOT;
  const { watchdog } = facts.configuration.settings;
  const unread: Record<string, string> = {};
  const lookAt = notingKernel(unread);
  const kind = (path: string): PathKind =>
    lookAt(path, () => reader.kind(orElse(null, () => reader.realPath(path)) ?? path)) ?? 'missing';
  const { current, whiteout, confirmed, result } = fromJournals(reader);
  const refused = refusedHeaps(current, refusedHeap);
  const generator = orElse(null, () =>
    smallText(reader, '/sys/class/misc/hw_random/rng_current').trim(),
  );
  const entropy = orElse(null, () =>
    Number(smallText(reader, '/proc/sys/kernel/random/entropy_avail').trim()),
  );
  return {
    recorded: recordedFacts(reader),
    log: tryRead(() => {
      const { lines, fromStart } = parseKernelRecords(records());
      return { lines, fromStart };
    }),
    ...modulesOf(reader, facts, top),
    ...overlaidFiles(reader, facts),
    config: configOf(reader, lookAt, facts.kernel.release),
    whiteout,
    ...(isLimited(reader, 'no-shared-mapping') && { unmappable: recordFile(reader, STATE) }),
    confirmed,
    first: { kind: kind(`${top}${FIRST_SCRIPT}`), result },
    records: recordFolder(reader),
    ...noticeOf(reader),
    preinit: preinitOf(reader, top, facts),
    ...doneCallers(reader),
    ...programOf(reader),
    node,
    ...(refused.length > 0 && { refusedHeaps: refused }),
    native,
    entropy: entropy === null || Number.isNaN(entropy) ? null : entropy,
    generator: generator === null || generator === '' || generator === 'none' ? null : generator,
    memory: memoryOf(reader, lookAt),
    time,
    paths: Object.fromEntries(
      [...PATHS, ...(watchdog === '' ? [] : [watchdog])].map((path) => [path, kind(path)]),
    ),
    writable: writableOf(reader, facts),
    unread,
    space: facts.opened === null ? null : orElse(null, () => reader.space(facts.opened!.at)),
  };
}
