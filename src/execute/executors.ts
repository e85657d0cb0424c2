import { resolve } from '../facts/devices.js';
import { parseMtd } from '../facts/mtd.js';
import type { Action, ActionKind, ActionOf } from '../steps/step.js';
import type { System } from '../system/port.js';
import { RAM_FILESYSTEMS } from '../system/flags.js';
import { SystemError } from '../system/system-error.js';
import { keepBoot } from '../steps/keep-journal.js';
import { clearTree } from '../tree/clear-tree.js';
import { copyTree } from '../tree/copy-tree.js';
import { erase, markForErase } from './flash.js';
import { JOURNAL_FILE } from '../facts/places.js';
import { recordRom } from '../tree/rom-record.js';
import { writersOn } from '../facts/open-for-writing.js';

/**
 * `changed` is false when what the action makes was there already, so that it is not undone either.
 */
export interface Performed {
  changed: boolean;
  /** What was left out on the way although the whole went well, a sentence each. */
  warnings: string[];
}
/** Most do what they say or throw, so true and false will do for them. */
type Executor<K extends ActionKind> = (action: ActionOf<K>, system: System) => boolean | Performed;

/**
 * When the last copy between two places began, for the next one to look only at what changed since.
 * Nanoseconds since 1970.
 */
const copies = new WeakMap<System, Map<string, bigint>>();

/** Through which path the root that was switched away from can still be reached. */
const oldRoots = new WeakMap<System, string>();

/** File times come from a coarse clock that may lag behind. */
const CLOCK_LAG = 1_000_000_000n;

/** How often it is tried again where something is waited for. */
const WAIT_MS = 100;

const EXECUTORS: { [K in ActionKind]: Executor<K> } = {
  'make-private': ({ path }, system) => {
    system.mount(null, path, null, ['MS_REC', 'MS_PRIVATE'], null);
    return true;
  },

  'restore-propagation': ({ before }, system) => {
    // One mountpoint may be hidden under a later mount and not be reached; those behind it are put
    // back all the same.
    const errors = before.flatMap(({ mountpoint, was }) => {
      try {
        system.mount(
          null,
          mountpoint,
          null,
          [was === 'shared' ? 'MS_SHARED' : 'MS_UNBINDABLE'],
          null,
        );
        return [];
      } catch (error) {
        return [error];
      }
    });
    if (errors.length > 0) throw errors[0];
    return true;
  },

  mkdir: ({ path, mode, accept }, system) => {
    const kind = system.kind(path);
    if (kind === 'missing') {
      system.mkdir(path, mode);
      return true;
    }
    if (accept === 'directory' && kind !== 'directory')
      throw new SystemError({
        what: `use ${path} as a directory, for it is a ${kind}`,
        syscall: 'mkdir',
        errno: 'ENOTDIR',
        path,
      });
    return false;
  },

  rmdir: ({ path }, system) => {
    system.rmdir(path);
    return true;
  },

  mount: ({ source, target, fstype, flags, data }, system) => {
    system.mount(source, target, fstype, flags, data);
    return true;
  },

  umount: ({ path, lazy }, system) => {
    system.umount(path, lazy);
    return true;
  },

  remount: ({ path, readonly, flags, patience }, system) => {
    for (let waited = 0; ; waited += WAIT_MS)
      try {
        system.mount(
          null,
          path,
          null,
          ['MS_REMOUNT', ...(readonly ? (['MS_RDONLY'] as const) : []), ...flags],
          null,
        );
        return true;
      } catch (error) {
        if (!(error instanceof SystemError) || error.errno !== 'EBUSY') throw error;
        // The kernel says only that it is busy; whoever shall do something about it needs to know
        // with what.
        if (waited >= patience * 1000)
          throw new SystemError({
            ...error,
            what: `make ${path} read-only, because of ${writersOn(system, path)}`,
          });
        system.sleep(WAIT_MS);
      }
  },

  move: ({ from, to }, system) => {
    system.mount(from, to, null, ['MS_MOVE'], null);
    return true;
  },

  'remove-tree': ({ path }, system) => {
    system.removeTree(path);
    return true;
  },

  rename: ({ from, to }, system) => {
    system.rename(from, to);
    return true;
  },

  write: ({ path, content }, system) => {
    system.replace(path, content, 0o644);
    return true;
  },

  link: ({ path, target }, system) => {
    if (system.kind(path) === 'symlink' && system.readLink(path) === target) return false;
    system.replaceLink(target, path);
    return true;
  },

  unlink: ({ path }, system) => {
    if (system.kind(path) === 'missing') return false;
    system.unlink(path);
    return true;
  },

  clear: ({ path, keep }, system) => {
    clearTree(system, path, keep);
    return true;
  },

  copy: ({ from, to, pass }, system) => {
    const memory = copies.get(system) ?? new Map<string, bigint>();
    copies.set(system, memory);
    const since = pass === 'whole' ? undefined : memory.get(`${from}\0${to}`);
    const begun = BigInt(Date.now()) * 1_000_000n - CLOCK_LAG;
    const { refused, lost } = copyTree(
      system,
      from,
      to,
      since === undefined ? {} : { changedSince: since },
    );
    memory.set(`${from}\0${to}`, begun);
    // What one pass refuses the next may take; what the last one refuses would be gone with the
    // original.
    const [first] = refused;
    if (pass === 'last' && first !== undefined)
      throw new SystemError({
        what: `copy all of ${from}, of which ${refused.length === 1 ? 'one file is' : `${refused.length} files are`} left: ${first.path} (${first.error})`,
        syscall: 'copy-all',
        errno: first.errno,
        path: first.path,
      });
    return { changed: true, warnings: pass === 'changes' ? [] : lost };
  },

  sync: ({ path }, system) => {
    system.syncfs(path);
    return true;
  },

  'record-rom': (action, system) => recordRom(system, action),

  erase: (action, system) => erase(action, system),
  'mark-for-erase': (action, system) => markForErase(action, system),

  'attach-ubi': ({ mtd }, system) => {
    system.attachUbi(mtd);
    return true;
  },

  'wait-for': ({ volume, seconds }, system) => {
    // Whether it must be attached is for the next plan to see.
    const there = (): boolean =>
      resolve(system, volume, parseMtd(system.readText('/proc/mtd')), () => false).found.length > 0;
    for (let waited = 0; !there(); waited += WAIT_MS) {
      if (waited >= seconds * 1000)
        throw new SystemError({
          what: `find volume ${volume} within ${seconds} s`,
          syscall: 'wait',
          errno: 'ENODEV',
          path: volume,
        });
      system.sleep(WAIT_MS);
    }
    return true;
  },

  'probe-whiteout': ({ folder }, system) => {
    const lacks: string[] = [];
    const tried = (call: () => void): void => {
      try {
        call();
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        lacks.push(error.message);
      }
    };
    system.removeTree(folder);
    system.mkdir(folder, 0o700);
    try {
      for (const name of ['from', 'one', 'other']) system.create(`${folder}/${name}`, '', 0o600);
      tried(() => system.renameLeavingWhiteout(`${folder}/from`, `${folder}/to`));
      tried(() => system.exchange(`${folder}/one`, `${folder}/other`));
    } finally {
      system.removeTree(folder);
    }
    return { changed: true, warnings: lacks };
  },

  // Only the look behind it counts.
  'probe-mounts': () => false,

  'keep-journal': ({ at, most }, system) => {
    keepBoot(
      system,
      system.readText(JOURNAL_FILE),
      system.readText('/proc/sys/kernel/random/boot_id'),
      most,
      at,
    );
    return true;
  },

  'write-probe': ({ path }, system) => {
    // One may be left from a start that lost power before it was removed.
    if (system.kind(path) === 'file') system.unlink(path);
    system.create(path, 'mountroot\n', 0o600);
    return true;
  },

  'pivot-root': ({ newRoot, putOld }, system) => {
    system.pivotRoot(newRoot, putOld);
    return true;
  },

  'switch-root': ({ newRoot }, system) => {
    oldRoots.set(system, system.switchRoot(newRoot));
    return true;
  },

  'free-memory': (_, system) => {
    const old = oldRoots.get(system);
    // What is removed is looked at once more: of a root on a disk nothing may go.
    if (old === undefined || !RAM_FILESYSTEMS.includes(system.space(old).type))
      throw new SystemError({
        what: 'free the memory of the old root, for that is no file system in memory',
        syscall: 'unlink',
        errno: 'EINVAL',
        path: '/',
      });
    clearTree(system, old, []);
    return true;
  },

  chdir: ({ path }, system) => {
    system.chdir(path);
    return true;
  },
};

/** Does what an action says. @throws {SystemError} as the calls it makes. */
export function perform(action: Action, system: System): Performed {
  // TypeScript cannot see that the key and the argument go together; the table is checked row by
  // row.
  const done = (EXECUTORS[action.kind] as (action: Action, system: System) => boolean | Performed)(
    action,
    system,
  );
  return typeof done === 'boolean' ? { changed: done, warnings: [] } : done;
}
