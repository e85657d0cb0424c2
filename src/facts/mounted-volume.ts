import type { PathKind, Reader } from '../system/port.js';
import type { FactsProblem } from '../text/problem-text.js';
import type {
  Device,
  External,
  Imported,
  Mount,
  MountedVolume,
  ResetOrder,
  State,
  Volume,
} from './facts.js';
import { hiddenMounts } from './mountinfo.js';
import { noting } from './problems.js';
import { INITS } from './program.js';
import { keepPath } from './setting-rows.js';
import {
  ATTEMPTS,
  EXTROOT_IDENTITY,
  FORMER_UPPER,
  IDENTITY,
  IMPORT_ORDER,
  INCOMING,
  META,
  NEXT_UPPER,
  ORDER,
  QUARANTINE,
  STATE_LINK,
  UPGRADE,
} from './places.js';

/**
 * Reads below a volume's root. What stands there may have been made by anybody: no symlink on the
 * way is followed, and no file is read that is huge.
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

  /** `otherwise`: what it counts as when the file system does not say; only ENOENT is missing. */
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
   * null where there is no such file; '' for what is no text; undefined for what the file system
   * does not give.
   */
  text(path: string): string | null | undefined {
    const kind = this.kind(path, 'other');
    if (kind === 'missing') return null;
    if (kind === 'other') return undefined;
    if (kind !== 'file') return '';
    return this.try<string | undefined>(undefined, () =>
      Buffer.from(this.reader.readBytes(`${this.top}/${path}`, 0, 65_536)).toString('utf8'),
    );
  }

  link(path: string): string | null {
    return this.kind(path) === 'symlink'
      ? this.try<string | null>(null, () => this.reader.readLink(`${this.top}/${path}`))
      : null;
  }

  /** Number of a directory; null for what is none. */
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

/** What the symlink `.fs_state` may say. */
export const STATES: Readonly<Record<string, State>> = {
  '0': 'unknown',
  '1': 'pending',
  '2': 'ready',
};

function stateOf(inside: Inside): State {
  const kind = inside.kind(STATE_LINK, 'other');
  if (kind === 'missing') return 'fresh';
  const target = inside.link(STATE_LINK);
  // What cannot be read is left as it is.
  if (kind === 'other' || (kind === 'symlink' && target === null)) return 'unknown';
  return STATES[target ?? ''] ?? 'damaged';
}

function attemptsOf(text: string | null | undefined): number | null {
  if (text === null) return 0;
  const [, count] = /^(\d{1,6})\n$/.exec(text ?? '') ?? [];
  return count === undefined ? null : Number(count);
}

/** An order that cannot be read is not an order: what it would erase is not known. */
export function parseOrder(text: string | null | undefined): MountedVolume['order'] {
  if (text === null) return null;
  if (text === undefined) return 'unreadable';
  try {
    const value = JSON.parse(text) as ResetOrder;
    const keep = Array.isArray(value.keep) ? value.keep.map(keepPath) : [null];
    if (keep.every((path) => path !== null)) return { keep };
  } catch {
    // Reported as damaged.
  }
  return 'damaged';
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

/** What stands in the place of our folder, and a name that it can be moved to. */
function strayOf(inside: Inside): MountedVolume['stray'] {
  const kind = inside.kind(META);
  if (kind === 'missing' || kind === 'directory') return undefined;
  // On flash that gives something else at each look none of them may ever be free, and a boot must
  // not wait for one.
  for (let number = 1; number < 100; number++)
    if (inside.kind(`${META}-aside-${number}`) === 'missing')
      return { kind, aside: `${META}-aside-${number}` };
  return undefined;
}

const identityOf = (text: string | null | undefined): string | null =>
  /^[\w-]{1,64}$/.exec((text ?? '').trim())?.[0] ?? null;

const readonly = (mount: Mount): boolean =>
  mount.options.includes('ro') || mount.superOptions.includes('ro');

/**
 * Where a device is mounted as a whole, of all its visible mounts the newest. All three spellings
 * of an mtd partition give device 31:N.
 */
export function mountOf(mounts: readonly Mount[], device: Device | undefined): Mount | undefined {
  if (device === undefined) return undefined;
  const hidden = hiddenMounts(mounts);
  const isIt = ({ device: number, source }: Mount): boolean =>
    device.number !== null
      ? number === device.number
      : [device.source, `/dev/${device.name}`, device.name].includes(source);
  return mounts
    .filter(
      (mount) =>
        mount.root === '/' && !hidden.has(mount.id) && isIt(mount) && mount.fstype !== 'squashfs',
    )
    .at(-1);
}

/**
 * What `upper` and `work` count as if the kernel does not tell. A step that needs them then
 * fails, and nothing is made or moved on a guess.
 */
const ASSUMED = 'directory';

/** What the data volume holds while it is mounted; null if it is not. */
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
    quarantine: inside.list(QUARANTINE),
    identity: identityOf(inside.text(IDENTITY)),
  };
}

/** What shows that a directory is a whole root with an init. */
const hasInit = (inside: Inside): boolean =>
  INITS.some((path) => inside.kind(path.slice(1)) !== 'missing') ||
  // A merged /usr: the symlink may lead to init by a path that is only valid as the root.
  inside.kind('sbin') === 'symlink';

/** What an external volume holds. `target` says what it should be, and so where its identity is. */
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
    // A file that cannot be understood ties the volume to some other board.
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
 * The settings that the data volume's upper layer lays over the image's; null where it has none.
 */
export function settingsInside(
  reader: Reader,
  top: string,
  problems: FactsProblem[],
): string | null {
  return new Inside(reader, top, problems).text('upper/etc/mountroot.json') ?? null;
}
