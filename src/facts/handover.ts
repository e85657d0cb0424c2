import { RAM_FILESYSTEMS } from '../system/flags.js';
import type { Reader } from '../system/port.js';
import { parseCommandLine } from './cmdline.js';
import type { Handover, Mount, MtdPartition, Program, RootVolume } from './facts.js';
import { visibleAt } from './mountinfo.js';
import { DATA, NEW_IMAGE, OLD_ROOT } from './places.js';
import { programTrouble } from './program.js';
import { findVolume } from './find-volume.js';
import { orElse } from '../system/or-else.js';

/** The kernel's own list (init/main.c: kernel_init). */
const INITS = ['/sbin/init', '/etc/init', '/bin/init', '/bin/sh'];

const WANTED_INSIDE = ['/tmp', '/proc', DATA, OLD_ROOT];

/** What the process that gathers is, as far as a hand-over goes. */
export interface Handing {
  pid: number;
  /** What stands on the command line of `switch-root`. */
  asked?: { newRoot: string; init: string } | undefined;
  /** What init is to be called with. */
  args: readonly string[];
  /** The file of this program, which must not be taken for the init that comes after it. */
  self: string;
}

interface HandoverLook {
  commandLine: string;
  mounts: readonly Mount[];
  mtd: readonly MtdPartition[];
}

/** Before /proc is mounted only the file system itself tells what it is. */
function isRamfs(reader: Reader, mounts: readonly Mount[]): boolean {
  const root = visibleAt(mounts, '/');
  if (root !== undefined) return root.fstype === 'rootfs' || root.fstype === 'ramfs';
  return orElse(false, () => RAM_FILESYSTEMS.includes(reader.space('/').type));
}

/**
 * `31:2`, or `1f02` as older boot loaders write it (init/do_mounts.c: devt_from_devnum), as the
 * node that sysfs gives it.
 */
function byNumber(reader: Reader, name: string): string {
  const hex = /^[0-9a-f]{3,8}$/i.test(name) ? parseInt(name, 16) : NaN;
  const [, major, minor] =
    /^(\d{1,4}):(\d{1,8})$/.exec(name) ??
    (Number.isNaN(hex)
      ? []
      : ['', String((hex & 0xfff00) >> 8), String((hex & 0xff) | ((hex >> 12) & 0xfff00))]);
  if (major === undefined) return name;
  return orElse(
    name,
    () => `/dev/${reader.readLink(`/sys/dev/block/${major}:${minor}`).split('/').at(-1)!}`,
  );
}

function rootVolume(
  reader: Reader,
  words: ReadonlyMap<string, string>,
  commandLine: string,
  mtd: readonly MtdPartition[],
): RootVolume | null {
  const name = words.get('root');
  if (name === undefined || name === '') return null;
  return {
    ...findVolume(reader, byNumber(reader, name), mtd),
    fstypes: (words.get('rootfstype') ?? '').split(',').filter((type) => type !== ''),
    options: words.get('rootflags') || null,
    // Of `ro` and `rw` the last one counts, and `ro` is the kernel's own choice.
    writable: /(?:^|\s)rw(?=\s|$)(?!.*\sro(?=\s|$))/s.test(commandLine),
    patient: words.has('rootwait'),
  };
}

/**
 * What a hand-over rests on; null where nobody thinks of one: this is not process 1, and the root
 * is an ordinary one.
 */
export function findHandover(
  reader: Reader,
  { pid, asked, args, self }: Handing,
  { commandLine, mounts, mtd }: HandoverLook,
): Handover | null {
  const ramfs = isRamfs(reader, mounts);
  if (pid !== 1 && !ramfs) return null;
  const words = parseCommandLine(commandLine);
  const place = asked?.newRoot ?? NEW_IMAGE;
  const at = ramfs && visibleAt(mounts, place) !== undefined ? place : null;
  const top = at ?? '/';
  const named =
    asked !== undefined ? [asked.init] : ramfs ? [words.get('init') ?? '', ...INITS] : INITS;
  const resolved = (path: string): string => orElse(path, () => reader.realPath(path));
  const candidates = named.filter(
    (path) => path.startsWith('/') && (ramfs || resolved(path) !== resolved(self)),
  );
  return {
    pid,
    ramfs,
    root: ramfs ? rootVolume(reader, words, commandLine, mtd) : null,
    asked: asked?.newRoot ?? null,
    at,
    paths:
      at === null
        ? {}
        : Object.fromEntries(
            WANTED_INSIDE.map((path) => [
              path,
              orElse('missing', () => reader.kind(`${at}${path}`)),
            ]),
          ),
    programs:
      ramfs && at === null
        ? []
        : [...new Set(candidates)].map((path): Program => ({
            path,
            trouble: programTrouble(reader, top, path),
          })),
    args: [...args],
  };
}
