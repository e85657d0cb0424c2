/** Reads what the kernel shows in /proc and /sys, and notes what it does not show. */
import type { Reader } from '../system/port.js';
import { sourceOf, type Source } from '../system/kernel-file.js';
import type { FactsProblem } from '../text/problem-text.js';
import type { Facts, MtdPartition } from './facts.js';
import type { ModuleState } from './kernel-modules.js';
import { parseMtd } from './mtd.js';
import { notRead } from './problems.js';

export const PARTITIONS = '/proc/mtd';
export const FILESYSTEM_TYPES = '/proc/filesystems';
export const MOUNTS = '/proc/self/mountinfo';
export const DISKS = '/sys/class/block';

export interface KernelSources {
  /** The text of a file that every kernel has; '' and a problem without it. */
  text: (path: string) => string;
  /** The text of a file that some kernels lack; '' without it, a problem if it is unreadable. */
  textIfAny: (path: string) => string;
  /** A reader that notes directories and files of /sys that are there and cannot be read. */
  noting: Reader;
  unread: NonNullable<Facts['unread']>;
}

export function kernelSources(reader: Reader, problems: FactsProblem[]): KernelSources {
  const unread: NonNullable<Facts['unread']> = {};
  const note = (path: string, how: string, problem: FactsProblem | null): void => {
    if (Object.hasOwn(unread, path)) return;
    unread[path] = how;
    if (problem !== null) problems.push(problem);
  };
  const textOf = (path: string, mayLack: boolean): string => {
    const source = sourceOf(() => reader.readText(path));
    if (source.is === 'there') return source.value;
    if (source.is === 'absent') note(path, 'absent', mayLack ? null : notRead(source.error));
    else note(path, source.errno, notRead(source.error));
    return '';
  };
  const empty = (path: string): FactsProblem => ({
    code: 'not-understood',
    file: path,
    why: 'it is empty',
  });
  /** Gives the source as the reader does, after noting that it cannot be read. */
  const noted = <T>(path: string, look: () => T): T => {
    const source: Source<T> = sourceOf(look);
    if (source.is === 'there') return source.value;
    if (source.is === 'unreadable') note(path, source.errno, notRead(source.error));
    else if (path === DISKS) note(path, 'absent', null);
    return look();
  };
  return {
    text: (path) => {
      const text = textOf(path, false);
      if (text === '') note(path, 'empty', empty(path));
      return text;
    },
    textIfAny: (path) => textOf(path, true),
    noting: Object.create(reader, {
      readText: { value: (path: string) => noted(path, () => reader.readText(path)) },
      list: { value: (path: string) => noted(path, () => reader.list(path)) },
    }) as Reader,
    unread,
  };
}

/** The mtd partitions of this kernel; none without /proc/mtd. */
export function mtdPartitions(reader: Reader): MtdPartition[] {
  const source = sourceOf(() => reader.readText(PARTITIONS));
  return source.is === 'there' ? parseMtd(source.value) : [];
}

type Kernel = Pick<Facts, 'kernel' | 'modules'>;

/** Whether the kernel's file systems are known. Each kernel has some. */
export const knowsTypes = ({ kernel }: Kernel): boolean => kernel.filesystems.length > 0;

/** The state of the module of a file system; undefined if the kernel has it, or nobody looked. */
const moduleOf = ({ modules }: Kernel, type: string): ModuleState | undefined =>
  modules !== undefined && Object.hasOwn(modules.types, type)
    ? modules.types[type]!.state
    : undefined;

/** Whether a file system is a module that is not loaded, and can be. */
export const isLoadable = (facts: Kernel, type: string): boolean =>
  !facts.kernel.filesystems.includes(type) && moduleOf(facts, type) === 'at-hand';

/** Whether the kernel is known to lack a file system, and cannot load it either. */
export const lacksType = (facts: Kernel, type: string): boolean =>
  knowsTypes(facts) &&
  !facts.kernel.filesystems.includes(type) &&
  !['at-hand', 'unknown'].includes(moduleOf(facts, type) ?? 'none');

/** Why a file system that is lacking cannot be loaded, as a clause after its name. */
export function lackWords(facts: Kernel, type: string): string {
  const { file } = facts.modules?.types[type] ?? { file: null };
  const state = moduleOf(facts, type);
  if (state === 'no-file') return `is a module, and ${file} or one that it needs is missing`;
  if (state === 'no-loader')
    return `is a module (${file}), and ${facts.modules!.loader}, which loads it, is missing`;
  return state === undefined
    ? 'is not in /proc/filesystems'
    : 'is neither in /proc/filesystems nor a module of this kernel';
}

/** The reason why a source of the facts shows nothing, as a clause; null if it was read. */
export function unreadWords({ unread }: Pick<Facts, 'unread'>, path: string): string | null {
  const how = unread?.[path];
  if (how === undefined) return null;
  if (how === 'absent') return `there is no ${path}`;
  if (how === 'damaged') return `${path} is not understood`;
  return how === 'empty' ? `${path} is empty` : `${path} cannot be read (${how})`;
}
