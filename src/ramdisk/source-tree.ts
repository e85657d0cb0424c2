import {
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type BigIntStats,
} from 'node:fs';
import { withoutPath } from '../text/without-path.js';
import { LARGEST, MEMBERS_AT_MOST, PATH_MAX } from './cpio.js';
import {
  HeldDirectories,
  isSameDirectory,
  withFileItself,
  type Identity,
} from './held-directories.js';
import { kindOfMode, type ListedFile, type Member } from './member.js';
import { asBytes, needDescriptors, openNamed } from '../system/named-place.js';

/** A tree that cannot be packed. */
export class TreeError extends Error {
  override name = 'TreeError';
}

export interface TreeOptions {
  /** Replaces all owners. */
  owner?: { uid: number; gid: number };
  /** Replaces all times, in seconds since 1970. */
  time?: number;
  /**
   * No time is later than this (SOURCE_DATE_EPOCH,
   * https://reproducible-builds.org/specs/source-date-epoch/).
   */
  latest?: number;
}

const text = (bytes: Buffer): string => bytes.toString('utf8');

/**
 * A name as text, and its bytes where they are not UTF-8. Then each byte above 0x7f becomes a lone
 * surrogate, as in PEP 383, so that no other file gets the same text.
 */
function nameOf(bytes: Buffer): Pick<Member, 'name' | 'raw'> {
  const name = text(bytes);
  if (Buffer.from(name).equals(bytes)) return { name };
  return {
    name: bytes
      .toString('latin1')
      .replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0))),
    raw: bytes,
  };
}

/** glibc's dev_t (sysmacros.h). */
const majorOf = (rdev: bigint): number =>
  Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n));
const minorOf = (rdev: bigint): number => Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n));

function timeOf(stat: BigIntStats, { time, latest }: TreeOptions): number {
  const own = Math.min(Math.max(0, Number(stat.mtimeNs / 1_000_000_000n)), LARGEST);
  return time ?? Math.min(own, latest ?? own);
}

const refuse = (path: string, why: string): never => {
  throw new TreeError(`cannot pack ${path}: ${why}`);
};

const CHANGED = 'somebody else changed it meanwhile; keep the tree still and try again';

/** A directory whose names are being read. */
interface Frame {
  path: string;
  names: string[];
  next: number;
}

/** A file below the top, as it was listed. */
interface Found {
  /** With a slash before each name; '' is the top. One character for each byte. */
  path: string;
  /** The path by which calls reach it. */
  at: string;
  stat: BigIntStats;
}

/** A tree of files. Its paths are reached by descriptor (held-directories.ts). */
class SourceTree {
  readonly members = new Map<string, Member>();
  readonly #directories = new Map<string, Identity>();
  /** The first name of each inode. */
  readonly #first = new Map<string, string>();
  readonly #held: HeldDirectories;
  readonly #frames: Frame[] = [];

  constructor(
    private readonly top: string,
    fd: number,
    private readonly options: TreeOptions,
  ) {
    this.#held = new HeldDirectories(Buffer.from(top).toString('latin1'), fd, {
      identityOf: (path) => this.#directories.get(path),
      changed: (path) => refuse(this.#shown(path), CHANGED),
    });
  }

  /** The path for messages. */
  #shown = (path: string): string =>
    (this.top.replace(/\/+$/, '') || (path === '' ? '/' : '')) + text(asBytes(path));

  release = (): void => this.#held.close();

  read(): void {
    this.#add('', () => ({ path: '', at: this.#held.at(''), stat: this.#held.stat('') }));
    for (let frame; (frame = this.#frames.at(-1));) {
      const name = frame.names[frame.next++];
      const { path } = frame;
      if (name === undefined) this.#frames.pop();
      else this.#add(`${path}/${name}`, () => this.#look(path, name));
    }
  }

  #look(folder: string, name: string): Found {
    const at = `${this.#held.at(folder)}/${name}`;
    return { path: `${folder}/${name}`, at, stat: lstatSync(asBytes(at), { bigint: true }) };
  }

  #add(path: string, look: () => Found): void {
    try {
      const found = look();
      const member = this.#member(found);
      this.#note(member, found.stat);
      if (member.kind === 'directory') this.#enter(found);
    } catch (error) {
      if (error instanceof TreeError) throw error;
      refuse(this.#shown(path), withoutPath(error));
    }
  }

  #note(member: Member, { dev, ino, nlink }: BigIntStats): void {
    const inode = `${dev}:${ino}`;
    const linked = member.kind !== 'directory' && nlink > 1n;
    const earlier = linked ? this.#first.get(inode) : undefined;
    if (earlier !== undefined) member.same = earlier;
    else if (linked) this.#first.set(inode, member.name);
    this.members.set(member.name, member);
    if (this.members.size > MEMBERS_AT_MOST)
      refuse(this.top, `it has more than ${MEMBERS_AT_MOST} files, as no ramdisk has`);
  }

  #enter({ path, stat: { dev, ino } }: Found): void {
    this.#directories.set(path, { dev, ino });
    const names = readdirSync(asBytes(this.#held.at(path)), { encoding: 'latin1' });
    // One character for each byte compares like the bytes.
    this.#frames.push({ path, names: names.sort(), next: 0 });
  }

  /** @throws {TreeError} */
  #member(found: Found): Member {
    const { path, stat } = found;
    const { options } = this;
    const kind = kindOfMode(Number(stat.mode) & constants.S_IFMT);
    if (kind === null) return refuse(this.#shown(path), 'it is of a kind that no archive knows');
    if (path.length > PATH_MAX)
      refuse(
        this.#shown(path),
        `the kernel leaves out what has a path of ${PATH_MAX} bytes or more`,
      );
    const isFile = kind === 'file';
    if (isFile && stat.size > BigInt(LARGEST))
      refuse(this.#shown(path), `it has ${stat.size} bytes, and the format ends at 4 GiB`);
    return {
      ...(path === '' ? { name: '.' } : nameOf(asBytes(path.slice(1)))),
      kind,
      mode: Number(stat.mode) & 0o7777,
      uid: options.owner?.uid ?? Number(stat.uid),
      gid: options.owner?.gid ?? Number(stat.gid),
      mtime: timeOf(stat, options),
      size: isFile ? Number(stat.size) : 0,
      ...this.#ofKind(kind, found),
    };
  }

  /** The fields that only some kinds have. */
  #ofKind(kind: Member['kind'], found: Found): Partial<Member> {
    if (kind === 'file') return { file: this.#listed(found) };
    if (kind === 'symlink') return { target: this.#targetOf(found) };
    const { rdev } = found.stat;
    const isDevice = kind === 'character' || kind === 'block';
    return isDevice ? { major: majorOf(rdev), minor: minorOf(rdev) } : {};
  }

  #targetOf({ path, at }: Found): string {
    const target = readlinkSync(asBytes(at), { encoding: 'buffer' });
    if (!Buffer.from(text(target)).equals(target))
      refuse(this.#shown(path), 'what this symlink says is no UTF-8 text');
    return text(target);
  }

  #listed({ path, stat: { dev, ino } }: Found): ListedFile {
    const shown = this.#shown(path);
    return { path: shown, release: this.release, open: () => this.#open(path, { dev, ino }) };
  }

  #open(path: string, id: Identity): number {
    const slash = path.lastIndexOf('/');
    try {
      const at = `${this.#held.at(path.slice(0, slash))}${path.slice(slash)}`;
      // Only a regular file is opened, because opening a device may set something off.
      return withFileItself(at, (itself, stat) =>
        isSameDirectory(stat, id) && stat.isFile()
          ? openSync(asBytes(itself), constants.O_RDONLY | constants.O_NONBLOCK)
          : refuse(this.#shown(path), CHANGED),
      );
    } catch (error) {
      if (error instanceof TreeError) throw error;
      return refuse(this.#shown(path), withoutPath(error));
    }
  }
}

/**
 * All files below a directory by name: parents first, otherwise in the order of their names' bytes.
 * It recognises hard links, does not follow symlinks, and includes mounted file systems. The
 * content of a file is read later, and only if the file is still the one that was listed.
 * @throws {TreeError} for files that no archive can hold, for unreadable files, and if somebody
 * else changes the tree meanwhile.
 */
export function readTree(top: string, options: TreeOptions = {}): Map<string, Member> {
  let fd;
  try {
    needDescriptors('pack');
    fd = openNamed(top);
  } catch (error) {
    return refuse(
      top,
      (error as NodeJS.ErrnoException).code === 'ENOTDIR'
        ? 'it is no directory'
        : withoutPath(error),
    );
  }
  const tree = new SourceTree(top, fd, options);
  try {
    tree.read();
  } finally {
    tree.release();
  }
  return tree.members;
}

/** In the order in which they are packed: parents first, otherwise by the bytes of their names. */
export const membersInOrder = (members: ReadonlyMap<string, Member>): Member[] => {
  // We compare text with one character for each byte, which compares like the bytes. A slash sorts
  // before every byte of a name.
  const key = ({ name, raw }: Member): Buffer =>
    Buffer.from(
      name === '.' ? '' : (raw ?? Buffer.from(name)).toString('latin1').replaceAll('/', '\0'),
      'latin1',
    );
  return [...members.values()]
    .map((member) => ({ member, at: key(member) }))
    .sort((one, other) => one.at.compare(other.at))
    .map(({ member }) => member);
};
