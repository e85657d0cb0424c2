import type { PathKind, Reader } from '../system/port.js';
import { JSON_LIMITS } from '../text/input-limits.js';
import { whyNotRoots } from '../system/trust.js';
import { problemSentence, type FactsProblem } from '../text/problem-text.js';
import { readObject } from '../text/read-json.js';
import {
  FACTS_SCHEMA,
  type Configuration,
  type External,
  type Facts,
  type FromFstab,
  type Mount,
  type MtdPartition,
  type RecordedState,
  type Volume,
} from './facts.js';
import { volumeOrBehind } from './rootdisk.js';
import { rootProtection } from './root-protection.js';
import { parseFilesystems } from './filesystems.js';
import { FSTAB, type FstabRequest } from './fstab.js';
import { findHandover, type Handing } from './handover.js';
import { MOUNTS, PARTITIONS, FILESYSTEM_TYPES, kernelSources } from './kernel-sources.js';
import { imageUuid } from './image-uuid.js';
import { parseMountinfo, visibleAt } from './mountinfo.js';
import { parseMtd } from './mtd.js';
import {
  barelyKnown,
  fstoolsOwner,
  lookInto,
  lookIntoExternal,
  mountOf,
  settingsInside,
} from './mounted-volume.js';
import {
  DATA,
  EXTERNAL,
  IMAGE_PLACES,
  NEW_ROOTS,
  OLD_ROOT,
  RUN_RECORDS,
  STAGING,
  STATE,
} from './places.js';
import { folderTrouble, recordFolder } from './own-files.js';
import { faultProblem, noting } from './problems.js';
import { askedByFstab, tellUnusedFstab } from './places-of-fstab.js';
import { lastingPlaces } from './persist-paths.js';
import { PSTORE, pstoreMounter } from './pstore.js';
import { isRung } from './rungs.js';
import { configure, overlaid } from './settings.js';
import { textUpTo } from './read-whole.js';
import { neededModules } from './needed-modules.js';
import { findVolume, isNowhere } from './find-volume.js';

/** The directories that a plan may mount on, move to or pivot over. */
const PATHS = [DATA, ...NEW_ROOTS, OLD_ROOT, '/tmp', PSTORE] as const;

/** Behind a pivot, the directories of the image are below the old root. */
const inOldRoot = (mounts: readonly Mount[]): string[] =>
  visibleAt(mounts, OLD_ROOT) === undefined ? [] : IMAGE_PLACES.map((path) => `${OLD_ROOT}${path}`);

/** OpenWrt's mark of the early boot. It counts only if root made it. */
export const PREINIT_MARK = '/tmp/.preinit';

/** OpenWrt's mark of the failsafe mode (its 30_failsafe_wait). It counts only if root made it. */
export const FAILSAFE_MARK = '/tmp/failsafe';

/** The process itself, handed in so that gathering is a function of its arguments. */
export interface Process {
  platform: string;
  arch: string;
  uid: number;
  env: Record<string, string | undefined>;
  /** `KEY=VALUE` settings from the verb's command line. */
  flags?: readonly string[];
  /** The options that the caller gave for the data volume. */
  mountOptions?: string;
  /** Facts for handing over to another root; left out when this process cannot hand over. */
  handing?: Handing;
}

const NOT_HANDING: Handing = { pid: 0, args: [], self: '' };

/** The state that an earlier start of this boot recorded. */
export function parseState(text: string): RecordedState | null {
  const { rung, reason } = readObject(text, JSON_LIMITS.state) ?? {};
  return isRung(rung) && (reason === null || typeof reason === 'string') ? { rung, reason } : null;
}

/** The same; a file that is no state leaves a problem, because a start may have made it. */
function stateOf(text: string, file: string, problems: FactsProblem[]): RecordedState | null {
  const state = parseState(text);
  if (state === null) problems.push({ code: 'not-understood', file, why: 'it records no rung' });
  return state !== null && file.startsWith(RUN_RECORDS) ? { ...state, file } : state;
}

/**
 * Makes the parts of gathering safe: one that fails in a way that we do not know leaves a problem
 * of its own code. The plan then leads to a lower rung, because such facts may be wrong.
 */
const parting =
  (problems: FactsProblem[]) =>
  <T>(part: string, otherwise: () => T, look: () => T): T => {
    try {
      return look();
    } catch (error) {
      problems.push(faultProblem(part, error));
      return otherwise();
    }
  };

type Parting = ReturnType<typeof parting>;

/**
 * Reads everything that a decision depends on. Never throws: an unreadable fact is empty and leaves
 * a problem, and the plan decides what that means. It runs again after each stage of a plan,
 * because the contents of a data volume are visible only while it is mounted.
 */
export function gather(
  reader: Reader,
  { platform, arch, uid, env, flags = [], mountOptions, handing = NOT_HANDING }: Process,
): Facts {
  const problems: FactsProblem[] = [];
  const attempt = noting(problems);
  const part = parting(problems);
  const text = (path: string): string => attempt('', () => reader.readText(path));
  const kind = (path: string): PathKind => attempt('missing', () => reader.kind(path));
  const textIfThere = (path: string): string | null => (kind(path) === 'file' ? text(path) : null);
  const settingsAt = (path: string): string | null =>
    kind(path) === 'file'
      ? attempt('', () => textUpTo(reader, path, JSON_LIMITS.settings.length))
      : null;

  const ours = (path: string, why: string | null): boolean => {
    if (why !== null) problems.push({ code: 'not-ours', path, why });
    return why === null;
  };
  const isMarked = (path: string): boolean =>
    part(`it looked at ${path}`, not, () =>
      kind(path) !== 'missing' ? ours(path, whyNotRoots(reader, path)) : false,
    );

  const sources = kernelSources(reader, problems);
  const commandLine = sources.text('/proc/cmdline').trimEnd();
  // A kernel without mtd has no /proc/mtd.
  const mtd = part('it read the partitions', none<MtdPartition>, () =>
    parseMtd(sources.textIfAny(PARTITIONS), problems),
  );
  const mounts = part('it read the mounts', none<Mount>, () =>
    parseMountinfo(sources.text(MOUNTS), problems),
  );
  const devices = sources.noting;
  const handover = attempt(null, () =>
    findHandover(devices, handing, { commandLine, mounts, mtd }),
  );
  const image = handover?.at ?? (visibleAt(mounts, OLD_ROOT) === undefined ? '' : OLD_ROOT);
  const chosen = part('it read the settings', defaults, () =>
    configure({ commandLine, file: settingsAt(`${image}/etc/mountroot.json`), flags }, problems),
  );
  const wanted = chosen.settings.volume;
  const named = part('it looked for the data volume', notFound(wanted), () =>
    findVolume(devices, wanted, mtd),
  );
  const { volume, ...behind } = part(
    'it looked behind the image',
    () => ({ volume: named }),
    () => volumeOrBehind(devices, named, { mounts, commandLine, at: handover?.at ?? null }),
  );
  const look: Look = { reader, devices, mtd, mounts, problems, part };
  const opened = lookIntoVolume(look, volume);
  const own =
    opened === null || chosen.settings.persist.length > 0
      ? chosen
      : part(
          'it read the settings of the data volume',
          () => chosen,
          () => withVolumeSettings(reader, chosen, opened.at, problems),
        );
  const request =
    own.origins.extroot !== undefined
      ? null
      : part('it read /etc/config/fstab', missing, () => {
          if (opened !== null) return askedByFstab(look, image, opened.at);
          return isNowhere(volume) ? tellUnusedFstab(look, image) : null;
        });
  const configuration = withFstab(own, request);
  const records = recordFolder(reader);
  const state = part('it read the recorded state', missing, () =>
    ours(records, folderTrouble(reader, records)) ? textIfThere(`${records}/${STATE}`) : null,
  );
  const kernel = {
    release: sources.text('/proc/sys/kernel/osrelease').trimEnd(),
    commandLine,
    filesystems: parseFilesystems(sources.text(FILESYSTEM_TYPES)),
  };
  const external = part(
    'it looked for the external volume',
    () => null,
    () => withIdentity(findExternal(look, configuration, askedWith(request, image)), opened, text),
  );
  return {
    schema: FACTS_SCHEMA,
    platform,
    architecture: arch,
    uid,
    kernel,
    ...part(
      'it looked for modules',
      (): Pick<Facts, 'modules'> => ({}),
      () => neededModules(reader, { kernel, volume, external, handover, ...behind }),
    ),
    ...momentOf({ env, handing }, isMarked),
    configuration,
    mtd,
    mounts,
    paths: Object.fromEntries([...PATHS, ...inOldRoot(mounts)].map((path) => [path, kind(path)])),
    volume,
    opened,
    ...part(
      'it looked at the paths that are to last',
      (): Pick<Facts, 'persist'> => ({}),
      () => lastingPlaces(reader, image, configuration.settings.persist),
    ),
    external,
    handover,
    ...(mountOptions !== undefined && { mountOptions }),
    ...leftToInit(reader, { image, mounts, kernel, hasStarted: state !== null }),
    state: state === null ? null : stateOf(state, `${records}/${STATE}`, problems),
    ...behind,
    ...rootProtection(devices, mounts, handover?.at ?? '/'),
    ...(Object.keys(sources.unread).length > 0 && { unread: sources.unread }),
    problems: problems.map(problemSentence),
    findings: problems,
  };
}

/** The moment of this boot, from the environment and from marks that root made. */
const momentOf = (
  { env, handing }: Required<Pick<Process, 'env' | 'handing'>>,
  isMarked: (path: string) => boolean,
): Pick<Facts, 'preinit' | 'failsafe' | 'shutdown'> => ({
  preinit: handing.pid === 1 || Boolean(env['PREINIT']) || isMarked(PREINIT_MARK),
  ...((env['FAILSAFE'] === 'true' || isMarked(FAILSAFE_MARK)) && { failsafe: true as const }),
  shutdown: Boolean(env['SHUTDOWN']),
});

/**
 * pstore is left to an init that mounts it. During a start nobody asks any more once it is mounted;
 * `done` asks who did it.
 */
function leftToInit(
  reader: Reader,
  now: {
    image: string;
    mounts: readonly Mount[];
    kernel: Facts['kernel'];
    hasStarted: boolean;
  },
): Pick<Facts, 'pstoreBy'> {
  const asks =
    (now.hasStarted || visibleAt(now.mounts, PSTORE) === undefined) &&
    now.kernel.filesystems.includes('pstore');
  const by = asks ? pstoreMounter(reader, now.image) : null;
  return by === null ? {} : { pstoreBy: by };
}

const none = <T>(): T[] => [];
const missing = (): null => null;
const not = (): boolean => false;
const defaults = (): Configuration => configure({ commandLine: '', file: null, flags: [] }, []);
const notFound = (wanted: string) => (): Volume => ({
  wanted,
  found: [],
  content: null,
  attach: null,
});

/** The content of the data volume; null if it is not mounted. */
function lookIntoVolume({ reader, mounts, problems, part }: Look, volume: Volume): Facts['opened'] {
  const mount = part(
    'it looked for the mounted data volume',
    () => undefined,
    () => mountAt(mounts, volume, [STAGING, DATA]),
  );
  if (mount === undefined) return null;
  return part(
    'it looked into the data volume',
    () => barelyKnown(reader, mount, problems),
    () => lookInto(reader, mount, problems),
  );
}

/** Returns the volume's mount at one of these places. Mounts elsewhere belong to somebody else. */
function mountAt(
  mounts: readonly Mount[],
  { found }: Volume,
  places: readonly string[],
): Mount | undefined {
  const [device] = found;
  if (device === undefined || found.length > 1) return undefined;
  return mountOf(
    mounts.filter(({ mountpoint }) => places.includes(mountpoint)),
    device,
  );
}

function withVolumeSettings(
  reader: Reader,
  chosen: Configuration,
  at: string,
  problems: FactsProblem[],
): Configuration {
  const text = settingsInside(reader, at, problems);
  return text === null
    ? chosen
    : overlaid(chosen, `${at}/upper/etc/mountroot.json`, text, problems);
}

/**
 * The external volume with a new identity for the board, if the board may need one. Planning is
 * pure, so a random value must be a fact.
 */
const withIdentity = (
  external: External | null,
  opened: Facts['opened'],
  text: (path: string) => string,
): External | null =>
  external === null || opened === null || opened.identity !== null
    ? external
    : { ...external, offered: text('/proc/sys/kernel/random/uuid').trim() };

/** The inputs of a search for a volume. */
interface Look {
  reader: Reader;
  /** The reader for the kernel's devices. */
  devices: Reader;
  mtd: readonly MtdPartition[];
  mounts: readonly Mount[];
  problems: FactsProblem[];
  part: Parting;
}

/** The settings that a request of /etc/config/fstab stands for. */
const withFstab = (own: Configuration, request: FstabRequest | null): Configuration =>
  request === null
    ? own
    : {
        settings: {
          ...own.settings,
          extroot: request.names[0]!,
          extroot_target: request.target,
        },
        origins: { ...own.origins, extroot: FSTAB, extroot_target: FSTAB },
      };

const askedWith = (request: FstabRequest | null, image: string): AskedByFstab | null =>
  request === null ? null : { request, image: image === '' ? '/' : image };

interface AskedByFstab {
  request: FstabRequest;
  /** The mountpoint of the image. */
  image: string;
}

/** The first of the names that a device has; the first name if none has one. */
function firstFound({ devices, mtd }: Look, names: readonly string[]): Volume {
  const volumes = names.map((name) => findVolume(devices, name, mtd));
  return volumes.find(({ found }) => found.length > 0) ?? volumes[0]!;
}

function findExternal(
  look: Look,
  { settings }: Configuration,
  asked: AskedByFstab | null,
): External | null {
  if (settings.extroot === '') return null;
  const { reader, mounts, problems } = look;
  const volume = firstFound(look, asked?.request.names ?? [settings.extroot]);
  const mount = mountAt(mounts, volume, [EXTERNAL, DATA, '/']);
  return {
    ...volume,
    ...(asked !== null && { fstab: fromFstab(look, asked, mount) }),
    ...lookIntoExternal(reader, mount, settings.extroot_target, problems),
  };
}

function fromFstab(
  { reader, devices, mounts, problems }: Look,
  { request: { file, delay, flags, data }, image }: AskedByFstab,
  mount: Mount | undefined,
): FromFstab {
  return {
    ...{ file, delay, flags, data },
    image: imageUuid(devices, visibleAt(mounts, image)),
    ...(mount === undefined
      ? { owner: null, anybodys: false }
      : fstoolsOwner(reader, mount.mountpoint, problems)),
  };
}
