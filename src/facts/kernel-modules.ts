/**
 * File systems that are modules. /proc/filesystems lists only what is loaded, and the kernel calls
 * modprobe for a type that it lacks when it is mounted (fs/filesystems.c: get_fs_type). So a type
 * is lacking only if it cannot be loaded either, where the plan runs.
 */
import { sourceOf, type Source } from '../system/kernel-file.js';
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { readWhole } from './read-whole.js';

/**
 * `at-hand`: the module, all that it needs, and the program that loads it are there. `no-file`: a
 * list names the module, and a file of it is missing. `no-loader`: only the program is missing.
 * `unknown`: the list cannot be read. `none`: there is no such module.
 */
export const MODULE_STATES = ['at-hand', 'no-file', 'no-loader', 'unknown', 'none'] as const;
export type ModuleState = (typeof MODULE_STATES)[number];

/** The modules of file systems that may be needed and that the kernel does not have now. */
export interface KernelModules {
  /** The program that the kernel calls for a module. */
  loader: string;
  /** By the type of the file system. */
  types: Record<string, { state: ModuleState; file: string | null }>;
}

const USUAL_LOADER = '/sbin/modprobe';
const FOLDERS = ['/lib/modules', '/usr/lib/modules'];
/** Debian's list has half a megabyte. */
const LONGEST_LIST = 4 << 20;
const MOST_NEEDED = 32;

const isFile = (reader: Reader, path: string): boolean =>
  orElse(false, () => reader.kind(reader.realPath(path)) === 'file');

/** The program that the kernel calls (kernel/module/kmod.c); '' if it is to call none. */
function loaderOf(reader: Reader): string {
  const source = sourceOf(() => reader.readText('/proc/sys/kernel/modprobe').trim());
  return source.is === 'there' ? source.value : USUAL_LOADER;
}

/** The module's own file, and those of the modules that it needs; null if the list lacks it. */
function lineOf(list: string, module: string): string[] | null {
  const line = new RegExp(`^(\\S*/)?${module}\\.ko[.\\w]*:.*$`, 'm').exec(list)?.[0];
  return line === undefined ? null : line.replace(':', ' ').trim().split(/\s+/);
}

/** The first folder with a list, else the first one. Each list is long, so no other is read. */
function listIn(
  reader: Reader,
  [folder, ...others]: readonly string[],
): { folder: string; list: Source<string> } {
  const list = sourceOf(() =>
    readWhole(reader, `${folder}/modules.dep`, LONGEST_LIST).toString('utf8'),
  );
  const found = list.is === 'absent' && others.length > 0 ? listIn(reader, others) : null;
  return found === null || found.list.is === 'absent' ? { folder: folder!, list } : found;
}

interface Place {
  reader: Reader;
  /** The folder of the modules of this kernel. */
  folder: string;
  loads: boolean;
}

function stateOf({ reader, folder, loads }: Place, list: string | null, type: string) {
  const files = list === null ? [`${type}.ko`] : lineOf(list, type);
  const there = files?.slice(0, MOST_NEEDED).every((file) => isFile(reader, `${folder}/${file}`));
  // OpenWrt keeps its modules in one folder without a list.
  if (files === null || (list === null && !there)) return { state: 'none', file: null } as const;
  const file = `${folder}/${files[0]!}`;
  if (!there) return { state: 'no-file', file } as const;
  return { state: loads ? 'at-hand' : 'no-loader', file } as const;
}

/**
 * Looks for the modules of these types.
 * @param top the root that has them; '' for the present one.
 */
export function kernelModules(
  reader: Reader,
  { release, types, top = '' }: { release: string; types: readonly string[]; top?: string },
): KernelModules {
  const loader = loaderOf(reader);
  const { folder, list } = listIn(
    reader,
    FOLDERS.map((each) => `${top}${each}/${release}`),
  );
  const place = {
    reader,
    folder,
    loads: loader !== '' && isFile(reader, `${top}${loader}`),
  };
  return {
    loader: loader === '' ? USUAL_LOADER : loader,
    types: Object.fromEntries(
      types.map((type) => [
        type,
        list.is === 'unreadable'
          ? { state: 'unknown', file: null }
          : stateOf(place, list.is === 'there' ? list.value : null, type),
      ]),
    ),
  };
}
