import type { PathKind, Reader } from '../system/port.js';
import { JSON_LIMITS } from '../text/input-limits.js';
import type { FactsProblem } from '../text/problem-text.js';
import { readObject } from '../text/read-json.js';
import type {
  Device,
  External,
  FromFstab,
  Imported,
  Mount,
  MountedVolume,
  State,
  Volume,
} from './facts.js';
import { FSTAB, type FstabFile } from './fstab.js';
import { hiddenMounts } from './mountinfo.js';
import { noting } from './problems.js';
import { pathOfPersist } from './persist-paths.js';
import { INITS } from './program.js';
import { keepPath } from './setting-rows.js';
import {
  ATTEMPTS,
  EXTROOT_ANYBODYS,
  EXTROOT_IDENTITY,
  FORMER_UPPER,
  IDENTITY,
  IMPORT_ORDER,
  INCOMING,
  META,
  NEXT_UPPER,
  ORDER,
  PERSIST,
  QUARANTINE,
  STATE_LINK,
  UPGRADE,
} from './places.js';
import { keyed } from '../text/keyed.js';

/** One byte more than the longest file that counts, so that a longer one shows as such. */
const MOST = JSON_LIMITS.settings.length + 1;

/**
 * Reads below a volume's root. Anybody may have made the files there, so this follows no symlink on
 * the way and reads no huge file.
 */
class Inside {
  private readonly try: ReturnType<typeof noting>;

  constructor(
    private readonly reader: Reader,
    private readonly top: string,
    problems: FactsProblem[],
  ) {
    this.try = noting(problems);
  }

  /**
   * @param otherwise the result when the file system reports an error. Only ENOENT counts as
   *   missing.
   */
  kind(path: string, otherwise: PathKind = 'missing'): PathKind {
    return this.try<PathKind>(otherwise, () => {
      const parts = path.split('/');
      for (let depth = 1; depth < parts.length; depth++)
        if (this.reader.kind(`${this.top}/${parts.slice(0, depth).join('/')}`) !== 'directory')
          return 'missing';
      return this.reader.kind(`${this.top}/${path}`);
    });
  }

  /**
   * null when the file is missing; '' when it is no text; undefined when the file system cannot
   * read it.
   */
  text(path: string): string | null | undefined {
    const kind = this.kind(path, 'other');
    if (kind === 'missing') return null;
    if (kind === 'other') return undefined;
    if (kind !== 'file') return '';
    return this.try<string | undefined>(undefined, () =>
      Buffer.from(this.reader.readBytes(`${this.top}/${path}`, 0, MOST)).toString('utf8'),
    );
  }

  link(path: string): string | null {
    return this.kind(path) === 'symlink'
      ? this.try<string | null>(null, () => this.reader.readLink(`${this.top}/${path}`))
      : null;
  }

  /** The inode number of a directory; null for anything else. */
  inode(path: string): number | null {
    return this.kind(path) === 'directory'
      ? this.try<number | null>(null, () => this.reader.details(`${this.top}/${path}`).inode)
      : null;
  }

  list(path: string): string[] {
    return this.kind(path) === 'directory'
      ? this.try<string[]>([], () => this.reader.list(`${this.top}/${path}`))
      : [];
  }
}

/** The possible targets of the symlink `.fs_state`. */
export const STATES: Readonly<Record<string, State>> = keyed({
  '0': 'unknown',
  '1': 'pending',
  '2': 'ready',
});

function stateOf(inside: Inside): State {
  const kind = inside.kind(STATE_LINK, 'other');
  if (kind === 'missing') return 'fresh';
  const target = inside.link(STATE_LINK);
  // An unreadable state is not damaged: nothing may change it.
  if (kind === 'other' || (kind === 'symlink' && target === null)) return 'unknown';
  return STATES[target ?? ''] ?? 'damaged';
}

function attemptsOf(text: string | null | undefined): number | null {
  if (text === null) return 0;
  const [, count] = /^(\d{1,6})\n$/.exec(text ?? '') ?? [];
  return count === undefined ? null : Number(count);
}

/**
 * Parses a reset order. An unreadable order is not carried out, because it is unknown what to keep.
 */
export function parseOrder(text: string | null | undefined): MountedVolume['order'] {
  if (text === null) return null;
  if (text === undefined) return 'unreadable';
  const listed = readObject(text, JSON_LIMITS.order)?.['keep'];
  const keep = Array.isArray(listed) ? listed.map(keepPath) : [null];
  return keep.every((path) => path !== null) ? { keep } : 'damaged';
}

function importedOf(inside: Inside): Imported | null {
  const [ordered, next, former] = [
    inside.kind(IMPORT_ORDER) === 'file',
    inside.kind(NEXT_UPPER),
    inside.kind(FORMER_UPPER),
  ];
  if (!ordered && next === 'missing' && former === 'missing') return null;
  const numbers = [NEXT_UPPER, FORMER_UPPER, 'upper']
    .map((path) => inside.inode(path))
    .filter((number) => number !== null);
  return { ordered, next, former, same: new Set(numbers).size < numbers.length };
}

/** Returns the kind of a file that has our own folder's name, and an unused name to move it to. */
function strayOf(inside: Inside): MountedVolume['stray'] {
  const kind = inside.kind(META);
  if (kind === 'missing' || kind === 'directory') return undefined;
  // Faulty flash may give a different result for each call, so that no name is ever free. The limit
  // keeps a boot from waiting forever.
  for (let number = 1; number < 100; number++)
    if (inside.kind(`${META}-aside-${number}`) === 'missing')
      return { kind, aside: `${META}-aside-${number}` };
  return undefined;
}

/** What paths of the setting `persist` have kept. */
function persistOf(inside: Inside): NonNullable<MountedVolume['persist']> {
  return inside.list(PERSIST).flatMap((name) => {
    const path = pathOfPersist(name);
    return path === null ? [] : [{ path, upper: inside.kind(`${PERSIST}/${name}/upper`, ASSUMED) }];
  });
}

const identityOf = (text: string | null | undefined): string | null =>
  /^[\w-]{1,64}$/.exec((text ?? '').trim())?.[0] ?? null;

const readonly = (mount: Mount): boolean =>
  mount.options.includes('ro') || mount.superOptions.includes('ro');

/** The sources of a mount that mean the device, where no device number tells. */
function spellings({ kind, name, label, source }: Device): string[] {
  const [ubi] = name.split('_');
  // fs/ubifs/super.c, open_ubi.
  const named = kind === 'ubi' ? [`${ubi}:${label}`, `${ubi}!${label}`] : [];
  const first = ubi === 'ubi0' ? [`ubi:${label}`, `ubi!${label}`] : [];
  return [source, `/dev/${name}`, name, ...named, ...(kind === 'ubi' ? first : [])];
}

/**
 * Returns the newest visible mount of a whole device. All three spellings of an mtd partition mean
 * the device 31:N.
 */
export function mountOf(mounts: readonly Mount[], device: Device | undefined): Mount | undefined {
  if (device === undefined) return undefined;
  const hidden = hiddenMounts(mounts);
  const isIt = ({ device: number, source }: Mount): boolean =>
    device.number !== null ? number === device.number : spellings(device).includes(source);
  return mounts
    .filter(
      (mount) =>
        mount.root === '/' && !hidden.has(mount.id) && isIt(mount) && mount.fstype !== 'squashfs',
    )
    .at(-1);
}

/**
 * The kind of `upper` and `work` when the kernel cannot tell it. A step that needs them then fails,
 * and no step makes or moves anything on a guess.
 */
const ASSUMED = 'directory';

/** Reads the contents of the mounted data volume; null if it is not mounted. */
export function lookInto(
  reader: Reader,
  mount: Mount | undefined,
  problems: FactsProblem[],
): MountedVolume | null {
  if (mount === undefined) return null;
  const inside = new Inside(reader, mount.mountpoint, problems);
  const imported = importedOf(inside);
  const incoming = inside.inode(INCOMING);
  const stray = strayOf(inside);
  const persist = persistOf(inside);
  return {
    at: mount.mountpoint,
    fstype: mount.fstype,
    readonly: readonly(mount),
    state: stateOf(inside),
    attempts: attemptsOf(inside.text(ATTEMPTS)),
    order: parseOrder(inside.text(ORDER)),
    upgrade: inside.kind(UPGRADE) === 'file',
    upper: inside.kind('upper', ASSUMED),
    work: inside.kind('work', ASSUMED),
    incoming: inside.kind(INCOMING),
    ...(incoming !== null && incoming === inside.inode('upper') && { switched: true as const }),
    ...(imported !== null && { imported }),
    ...(stray !== undefined && { stray }),
    ...(persist.length > 0 && { persist }),
    quarantine: inside.list(QUARANTINE),
    identity: identityOf(inside.text(IDENTITY)),
  };
}

/**
 * The same after looking into it failed in a way that we do not know: the count of starts alone is
 * read, and nothing else there may be changed.
 */
export function barelyKnown(reader: Reader, mount: Mount, problems: FactsProblem[]): MountedVolume {
  return {
    at: mount.mountpoint,
    fstype: mount.fstype,
    readonly: readonly(mount),
    state: 'unknown',
    attempts: attemptsOf(new Inside(reader, mount.mountpoint, problems).text(ATTEMPTS)),
    order: 'unreadable',
    upgrade: false,
    upper: ASSUMED,
    work: ASSUMED,
    incoming: 'missing',
    quarantine: [],
    identity: null,
  };
}

/** True when a directory looks like a whole root with an init. */
const hasInit = (inside: Inside): boolean =>
  INITS.some((path) => inside.kind(path.slice(1)) !== 'missing') ||
  // With a merged /usr, the symlink may lead to init by a path that is valid only inside that root.
  inside.kind('sbin') === 'symlink';

/** The owner of an external volume by fstools' rules: the file is in the volume's own root. */
export function fstoolsOwner(
  reader: Reader,
  top: string,
  problems: FactsProblem[],
): Pick<FromFstab, 'owner' | 'anybodys'> {
  const inside = new Inside(reader, top, problems);
  const text = inside.text(EXTROOT_IDENTITY);
  return {
    owner: text === null ? null : (identityOf(text)?.toLowerCase() ?? 'unreadable'),
    anybodys: inside.kind(EXTROOT_ANYBODYS) !== 'missing',
  };
}

/** The files of the data volume that may ask for an external one, first the upper layer's. */
export function* fstabsInside(
  reader: Reader,
  top: string,
  problems: FactsProblem[],
): Generator<FstabFile> {
  const inside = new Inside(reader, top, problems);
  for (const path of [`upper${FSTAB}`, FSTAB.slice(1)])
    yield { file: `${top}/${path}`, text: inside.text(path) };
}

/** Reads the contents of an external volume. Its `target` decides where its identity is. */
export function lookIntoExternal(
  reader: Reader,
  mount: Mount | undefined,
  target: 'overlay' | 'root',
  problems: FactsProblem[],
): Omit<External, keyof Volume> {
  if (mount === undefined) return NOT_MOUNTED;
  const inside = new Inside(reader, mount.mountpoint, problems);
  const tied = target === 'root' ? EXTROOT_IDENTITY : `upper/${EXTROOT_IDENTITY}`;
  const text = inside.text(tied);
  const order = parseOrder(inside.text(ORDER));
  return {
    at: mount.mountpoint,
    readonly: readonly(mount),
    ...(order !== null && { order }),
    // A malformed file counts as another board's identity.
    identity: text === null ? null : (identityOf(text) ?? 'unreadable'),
    upper: inside.kind('upper', ASSUMED),
    work: inside.kind('work', ASSUMED),
    init: hasInit(inside),
    offered: '',
  };
}

const NOT_MOUNTED: Omit<External, keyof Volume> = {
  at: null,
  readonly: false,
  identity: null,
  upper: 'missing',
  work: 'missing',
  init: false,
  offered: '',
};

/**
 * Returns the settings of the data volume's upper layer, which replace the image's; null without
 * any.
 */
export function settingsInside(
  reader: Reader,
  top: string,
  problems: FactsProblem[],
): string | null {
  return new Inside(reader, top, problems).text('upper/etc/mountroot.json') ?? null;
}
