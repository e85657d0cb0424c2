import type { PathKind, Reader } from '../system/port.js';
import { problemSentence, type FactsProblem } from '../text/problem-text.js';
import {
  FACTS_SCHEMA,
  type Configuration,
  type External,
  type Facts,
  type Mount,
  type MtdPartition,
  type RecordedState,
  type Volume,
} from './facts.js';
import { parseFilesystems } from './filesystems.js';
import { findHandover, type Handing } from './handover.js';
import { parseMountinfo, visibleAt } from './mountinfo.js';
import { parseMtd } from './mtd.js';
import { lookInto, lookIntoExternal, mountOf, settingsInside } from './mounted-volume.js';
import { DATA, EXTERNAL, NEW_ROOTS, OLD_ROOT, STAGING } from './places.js';
import { noting } from './problems.js';
import { PSTORE } from './pstore.js';
import { isRung } from './rungs.js';
import { configure, overlaid } from './settings.js';
import { findVolume } from './find-volume.js';

/** The directories that a plan may mount on, move to or pivot over. */
const PATHS = [DATA, ...NEW_ROOTS, OLD_ROOT, '/tmp', PSTORE] as const;

export const STATE_FILE = '/tmp/mountroot/state.json';

/** The process itself, handed in so that gathering is a function of its arguments. */
export interface Process {
  platform: string;
  arch: string;
  uid: number;
  env: Record<string, string | undefined>;
  /** `KEY=VALUE` settings from the verb's command line. */
  flags?: readonly string[];
  /** Facts for handing over to another root; left out when this process cannot hand over. */
  handing?: Handing;
}

const NOT_HANDING: Handing = { pid: 0, args: [], self: '' };

/** The state that an earlier start of this boot recorded. */
export function parseState(text: string): RecordedState | null {
  try {
    const { rung, reason } = JSON.parse(text) as RecordedState;
    return isRung(rung) && (reason === null || typeof reason === 'string')
      ? { rung, reason }
      : null;
  } catch {
    return null;
  }
}

/**
 * Reads everything that a decision depends on. Never throws: an unreadable fact is empty and leaves
 * a problem, and the plan decides what that means. It runs again after each stage of a plan,
 * because the contents of a data volume are visible only while it is mounted.
 */
export function gather(
  reader: Reader,
  { platform, arch, uid, env, flags = [], handing = NOT_HANDING }: Process,
): Facts {
  const problems: FactsProblem[] = [];
  const attempt = noting(problems);
  const text = (path: string): string => attempt('', () => reader.readText(path));
  const kind = (path: string): PathKind => attempt('missing', () => reader.kind(path));
  const textIfThere = (path: string): string | null => (kind(path) === 'file' ? text(path) : null);

  const commandLine = text('/proc/cmdline').trimEnd();
  // A kernel without mtd has no /proc/mtd: no partitions, and no problem.
  const mtd = kind('/proc/mtd') === 'missing' ? [] : parseMtd(text('/proc/mtd'), problems);
  const mounts = parseMountinfo(text('/proc/self/mountinfo'), problems);
  const handover = attempt(null, () => findHandover(reader, handing, { commandLine, mounts, mtd }));
  const image = handover?.at ?? (visibleAt(mounts, OLD_ROOT) === undefined ? '' : OLD_ROOT);
  const chosen = configure(
    { commandLine, file: textIfThere(`${image}/etc/mountroot.json`), flags },
    problems,
  );
  const volume = findVolume(reader, chosen.settings.volume, mtd);
  const look: Look = { reader, mtd, mounts, problems };
  const opened = lookInto(reader, mountAt(mounts, volume, [STAGING, DATA]), problems);
  const configuration =
    opened === null ? chosen : withVolumeSettings(reader, chosen, opened.at, problems);
  const state = textIfThere(STATE_FILE);
  return {
    schema: FACTS_SCHEMA,
    platform,
    architecture: arch,
    uid,
    kernel: {
      release: text('/proc/sys/kernel/osrelease').trimEnd(),
      commandLine,
      filesystems: parseFilesystems(text('/proc/filesystems')),
    },
    preinit: handing.pid === 1 || Boolean(env['PREINIT']) || kind('/tmp/.preinit') !== 'missing',
    shutdown: Boolean(env['SHUTDOWN']),
    configuration,
    mtd,
    mounts,
    paths: Object.fromEntries(PATHS.map((path) => [path, kind(path)])),
    volume,
    opened,
    external: withIdentity(findExternal(look, configuration), opened, text),
    handover,
    state: state === null ? null : parseState(state),
    problems: problems.map(problemSentence),
    findings: problems,
  };
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
  mtd: readonly MtdPartition[];
  mounts: readonly Mount[];
  problems: FactsProblem[];
}

function findExternal(
  { reader, mtd, mounts, problems }: Look,
  { settings }: Configuration,
): External | null {
  if (settings.extroot === '') return null;
  const volume = findVolume(reader, settings.extroot, mtd);
  const mount = mountAt(mounts, volume, [EXTERNAL, DATA, '/']);
  return {
    ...volume,
    ...lookIntoExternal(reader, mount, settings.extroot_target, problems),
  };
}
