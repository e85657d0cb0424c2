import { RAM_FILESYSTEMS } from '../system/flags.js';
import type { Reader } from '../system/port.js';
import { parseCommandLine } from './cmdline.js';
import type { Handover, Mount, MtdPartition, Program, RootVolume } from './facts.js';
import { visibleAt } from './mountinfo.js';
import { DATA, NEW_IMAGE, OLD_ROOT } from './places.js';
import { INITS, programTrouble } from './program.js';
import { findVolume } from './find-volume.js';
import { orElse } from '../system/or-else.js';

const WANTED_INSIDE = ['/tmp', '/proc', DATA, OLD_ROOT];

/** The root and init on the command line of `switch-root`; undefined for every other verb. */
type Asked = { newRoot: string; init: string } | undefined;

/** The parts of the gathering process that a hand-over depends on. */
export interface Handing {
  pid: number;
  asked?: Asked;
  /** The arguments for init. */
  args: readonly string[];
  /** The file of this program. It must not be taken for the init that it hands over to. */
  self: string;
}

interface HandoverLook {
  commandLine: string;
  mounts: readonly Mount[];
  mtd: readonly MtdPartition[];
}

/** Before /proc is mounted, only statfs(2) tells the type of `/`. */
function isRamfs(reader: Reader, mounts: readonly Mount[]): boolean {
  const root = visibleAt(mounts, '/');
  if (root !== undefined) return root.fstype === 'rootfs' || root.fstype === 'ramfs';
  return orElse(false, () => RAM_FILESYSTEMS.includes(reader.space('/').type));
}

/**
 * `31:2`, or `1f02` as older boot loaders write it, as `major:minor` (init/do_mounts.c:
 * devt_from_devnum; include/linux/kdev_t.h: new_decode_dev). null for other names.
 */
function numberIn(name: string): string | null {
  if (/^\d{1,4}:\d{1,8}$/.test(name)) return name;
  if (!/^[0-9a-f]{3,8}$/i.test(name)) return null;
  const number = parseInt(name, 16);
  const minor = (number & 0xff) | ((number >> 12) & 0xfff00);
  return `${(number & 0xfff00) >> 8}:${minor}`;
}

/** root= as the kernel takes it; a device number becomes the device's node, found in sysfs. */
function nodeNamed(reader: Reader, name: string): string {
  const number = numberIn(name);
  if (number === null) return name;
  return orElse(
    name,
    () => `/dev/${reader.readLink(`/sys/dev/block/${number}`).split('/').at(-1)!}`,
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
    ...findVolume(reader, nodeNamed(reader, name), mtd),
    fstypes: (words.get('rootfstype') ?? '').split(',').filter((type) => type !== ''),
    options: words.get('rootflags') || null,
    // The last of `ro` and `rw` counts; without either the kernel mounts read-only.
    writable: /(?:^|\s)rw(?=\s|$)(?!.*\sro(?=\s|$))/s.test(commandLine),
    patient: words.has('rootwait'),
  };
}

/** Returns the programs that may become init, in the order of trying. */
function initNames(
  words: ReadonlyMap<string, string>,
  ramfs: boolean,
  asked: Asked,
): readonly string[] {
  if (asked !== undefined) return [asked.init];
  return ramfs ? [words.get('init') ?? '', ...INITS] : INITS;
}

/**
 * Returns the programs, each with the obstacle that keeps it from running. The agent itself is no
 * init.
 */
function programsIn(
  reader: Reader,
  top: string,
  names: readonly string[],
  self: string | null,
): Program[] {
  const resolved = (path: string): string => orElse(path, () => reader.realPath(path));
  const candidates = names.filter(
    (path) => path.startsWith('/') && (self === null || resolved(path) !== resolved(self)),
  );
  return [...new Set(candidates)].map((path): Program => ({
    path,
    trouble: programTrouble(reader, top, path),
  }));
}

const kindsIn = (reader: Reader, root: string): Handover['paths'] =>
  Object.fromEntries(
    WANTED_INSIDE.map((path) => [path, orElse('missing', () => reader.kind(`${root}${path}`))]),
  );

/**
 * Gathers the facts for a hand-over; null if none is possible, because this is not process 1 and
 * `/` is an ordinary root.
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
  const isRootToCome = ramfs && at === null;
  const names = initNames(words, ramfs, asked);
  return {
    pid,
    ramfs,
    root: ramfs ? rootVolume(reader, words, commandLine, mtd) : null,
    asked: asked?.newRoot ?? null,
    at,
    paths: at === null ? {} : kindsIn(reader, at),
    programs: isRootToCome ? [] : programsIn(reader, at ?? '/', names, ramfs ? null : self),
    args: [...args],
  };
}
