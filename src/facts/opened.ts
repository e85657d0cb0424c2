import type { Reader } from '../system/port.js';
import type { Device, External, Mount, Opened, ResetOrder, State, Volume } from './facts.js';
import { hiddenMounts } from './mountinfo.js';
import { keepPath } from './settings.js';
import { ATTEMPTS, EXTROOT_IDENTITY, IDENTITY, INCOMING, ORDER, QUARANTINE, STATE_LINK, UPGRADE } from './places.js';

/** Reads below a volume's root. What stands there may have been made by anybody: no symlink on the way is followed, and no file is read that is huge. */
class Inside {
  constructor(
    private readonly reader: Reader,
    private readonly top: string,
    private readonly problems: string[],
  ) {}

  private try<T>(otherwise: T, look: () => T): T {
    try {
      return look();
    } catch (error) {
      this.problems.push((error as Error).message);
      return otherwise;
    }
  }

  kind(path: string): ReturnType<Reader['kind']> {
    return this.try('missing' as const, () => {
      const parts = path.split('/');
      for (let depth = 1; depth < parts.length; depth++) if (this.reader.kind(`${this.top}/${parts.slice(0, depth).join('/')}`) !== 'directory') return 'missing';
      return this.reader.kind(`${this.top}/${path}`);
    });
  }

  /** null where there is no such file; '' for one that cannot be read. */
  text(path: string): string | null {
    const kind = this.kind(path);
    if (kind === 'missing') return null;
    if (kind !== 'file') return '';
    return this.try('', () => Buffer.from(this.reader.readBytes(`${this.top}/${path}`, 0, 65_536)).toString('utf8'));
  }

  link(path: string): string | null {
    return this.kind(path) === 'symlink' ? this.try(null, () => this.reader.readLink(`${this.top}/${path}`)) : null;
  }

  list(path: string): string[] {
    return this.kind(path) === 'directory' ? this.try([], () => this.reader.list(`${this.top}/${path}`)) : [];
  }
}

const STATES: Record<string, State> = { '0': 'unknown', '1': 'pending', '2': 'ready' };

function stateOf(inside: Inside): State {
  const kind = inside.kind(STATE_LINK);
  if (kind === 'missing') return 'fresh';
  return (kind === 'symlink' && STATES[inside.link(STATE_LINK) ?? '']) || 'damaged';
}

function attemptsOf(text: string | null): number | null {
  if (text === null) return 0;
  const [, count] = /^(\d{1,6})\n$/.exec(text) ?? [];
  return count === undefined ? null : Number(count);
}

/** An order that cannot be read is not an order: what it would erase is not known. */
export function parseOrder(text: string | null): Opened['order'] {
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as ResetOrder;
    const keep = Array.isArray(value.keep) ? value.keep.map(keepPath) : [null];
    if (keep.every((path) => path !== null)) return { keep };
  } catch {
    // Reported as damaged.
  }
  return 'damaged';
}

const identityOf = (text: string | null): string | null => /^[\w-]{1,64}$/.exec((text ?? '').trim())?.[0] ?? null;

const readonly = (mount: Mount): boolean => mount.options.includes('ro') || mount.superOptions.includes('ro');

/** Where a device is mounted as a whole, of all its visible mounts the newest. All three spellings of an mtd partition give device 31:N. */
export function mountOf(mounts: readonly Mount[], device: Device | undefined): Mount | undefined {
  if (device === undefined) return undefined;
  const hidden = hiddenMounts(mounts);
  const isIt = ({ device: number, source }: Mount): boolean => (device.number !== null ? number === device.number : [device.source, `/dev/${device.name}`, device.name].includes(source));
  return mounts.filter((mount) => mount.root === '/' && !hidden.has(mount.id) && isIt(mount) && mount.fstype !== 'squashfs').at(-1);
}

/** What the data volume holds, when it is mounted at one of our places. */
export function lookInto(reader: Reader, mount: Mount | undefined, problems: string[]): Opened | null {
  if (mount === undefined) return null;
  const inside = new Inside(reader, mount.mountpoint, problems);
  return {
    at: mount.mountpoint,
    fstype: mount.fstype,
    readonly: readonly(mount),
    state: stateOf(inside),
    attempts: attemptsOf(inside.text(ATTEMPTS)),
    order: parseOrder(inside.text(ORDER)),
    upgrade: inside.kind(UPGRADE) === 'file',
    upper: inside.kind('upper'),
    work: inside.kind('work'),
    incoming: inside.kind(INCOMING),
    quarantine: inside.list(QUARANTINE),
    identity: identityOf(inside.text(IDENTITY)),
  };
}

/** The same for an external volume; `target` tells where its identity file is. */
export function lookIntoExternal(reader: Reader, volume: Volume, mount: Mount | undefined, target: 'overlay' | 'root', problems: string[]): External {
  if (mount === undefined) return { ...volume, at: null, readonly: false, identity: null, upper: 'missing', work: 'missing', init: false, offered: '' };
  const inside = new Inside(reader, mount.mountpoint, problems);
  const tied = target === 'root' ? EXTROOT_IDENTITY : `upper/${EXTROOT_IDENTITY}`;
  const text = inside.text(tied);
  return {
    ...volume,
    at: mount.mountpoint,
    readonly: readonly(mount),
    // A file that cannot be understood ties the volume to some other board.
    identity: text === null ? null : (identityOf(text) ?? 'unreadable'),
    upper: inside.kind('upper'),
    work: inside.kind('work'),
    init: ['sbin/init', 'etc/init', 'bin/init', 'bin/sh'].some((path) => inside.kind(path) !== 'missing') || inside.kind('sbin') === 'symlink',
    offered: '',
  };
}

/** The settings that the data volume's upper layer lays over the image's; null where it has none. */
export function settingsInside(reader: Reader, top: string, problems: string[]): string | null {
  return new Inside(reader, top, problems).text('upper/etc/mountroot.json');
}
