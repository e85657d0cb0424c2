import { crc32 } from 'node:zlib';
import type { CpioHeader } from './cpio.js';
import { kindOfMode, type Member } from './member.js';
import type { RamdiskFault } from './ramdisk-problem.js';
import { PRESENT, RootfsModel, isTop, type RootfsEntry } from './rootfs-model.js';

/** Where a member begins: in the file, and in the part that was unpacked. */
export interface MemberPlace {
  offset: number;
  inside: number | null;
}

interface PlacedFault extends MemberPlace {
  fault: RamdiskFault;
}

/** Only directories and symlinks are kept, because an archive may have any number of files. */
interface TreeEntry extends RootfsEntry {
  /** Something was made in the directory. */
  filled: boolean;
}

/** Members with one inode number. */
interface Group {
  names: string[];
  count: number;
  header: CpioHeader;
  place: MemberPlace;
  /** The data of one of them, and its name. */
  data: { name: string; size: number; checksum: number } | null;
  /** They cannot be names of one file. */
  collides: boolean;
  /** The directory of the first one is missing, so the kernel links none of them. */
  missing: Missing | null;
}

/** Members below a directory that does not exist. */
interface Missing extends MemberPlace {
  directory: string;
  member: string;
  more: number;
}

/** What is kept of all names; an archive with more is read, but not judged. */
const LIMITS = { characters: 3 << 20, entries: 50_000, groups: 20_000, faults: 20 } as const;

/** Names of a group that are told. */
const NAMES_KEPT = 3;

const SAME = ['mode', 'uid', 'gid', 'mtime', 'links', 'nodeMajor', 'nodeMinor'] as const;

/** Whether two members may be names of one file. */
const alike = (one: CpioHeader, other: CpioHeader): boolean =>
  SAME.every((field) => one[field] === other[field]);

const keyOf = ({ major, minor, inode }: CpioHeader, kind: Member['kind']): string =>
  `${major}:${minor}:${inode}:${kind}`;

const entry = (kind: 'directory' | 'symlink', target = ''): TreeEntry => ({
  kind,
  target,
  mode: 0,
  filled: false,
});

const emptyModel = (): RootfsModel<TreeEntry> =>
  new RootfsModel<TreeEntry>(PRESENT, () => entry('directory'));

/**
 * Watches for members that the kernel unpacks to something else than their archive says, without a
 * message (init/initramfs.c: do_name, maybe_link). All kernels do, from 2.6 on.
 */
export class KernelTree {
  /** The archive has more names than we keep, so the faults may not be all. */
  unchecked = false;
  #model = emptyModel();
  readonly #groups = new Map<string, Group>();
  /** Links of earlier archives whose other names did not come. */
  readonly #partial = new Map<string, Group>();
  readonly #missing = new Map<string, Missing>();
  readonly #faults: PlacedFault[] = [];
  #left = { characters: LIMITS.characters, entries: LIMITS.entries };
  #open: { group: Group; name: string; size: number; checksum: number } | null = null;

  member(header: CpioHeader, bytes: Buffer, target: Buffer | null, place: MemberPlace): void {
    this.#open = null;
    if (this.unchecked) return;
    const name = bytes.toString('latin1');
    const kind = kindOfMode(header.mode);
    if (kind === null) return this.#tell(place, { code: 'member-of-no-kind', name });
    if (isTop(name)) return;
    const path = this.#model.place(name);
    const missing = path === null ? this.#lost(name, place) : null;
    if (kind !== 'symlink' && kind !== 'directory' && header.links >= 2)
      this.#link(header, { name, kind, place, missing });
    if (path !== null) this.#make(path, kind, target, { name, place });
    this.#check();
  }

  data(bytes: Buffer): void {
    if (this.#open === null) return;
    this.#open.checksum = crc32(bytes, this.#open.checksum);
    this.#open.size += bytes.length;
  }

  complete(): void {
    if (this.#open === null || this.#open.size === 0) return;
    const { group, name, size, checksum } = this.#open;
    const before = group.data;
    group.collides ||= before !== null && (before.size !== size || before.checksum !== checksum);
    group.data = { name, size, checksum };
    this.#open = null;
  }

  /** The kernel forgets all hard links at the end of an archive. */
  trailer(): void {
    this.#open = null;
    for (const [key, group] of this.#groups) this.#close(key, group);
    this.#groups.clear();
  }

  /** All faults, in the order of their places. */
  end(): PlacedFault[] {
    this.trailer();
    for (const { offset, inside, ...missing } of this.#missing.values())
      this.#tell({ offset, inside }, { code: 'directory-missing', ...missing });
    return this.#faults.sort(
      (one, other) => one.offset - other.offset || (one.inside ?? 0) - (other.inside ?? 0),
    );
  }

  #tell({ offset, inside }: MemberPlace, fault: RamdiskFault): void {
    if (this.#faults.length < LIMITS.faults) this.#faults.push({ offset, inside, fault });
  }

  /** A member whose directory is missing. */
  #lost(name: string, place: MemberPlace): Missing {
    const directory = name.replace(/\/+[^/]*$/, '') || '/';
    const known = this.#missing.get(directory);
    if (known !== undefined) known.more++;
    const missing = known ?? { ...place, directory, member: name, more: 0 };
    if (this.#missing.size < LIMITS.faults) this.#missing.set(directory, missing);
    return missing;
  }

  #link(
    header: CpioHeader,
    of: { name: string; kind: Member['kind']; place: MemberPlace; missing: Missing | null },
  ): void {
    const { name, kind, place, missing } = of;
    const key = keyOf(header, kind);
    const known = this.#groups.get(key);
    const group = known ?? {
      ...{ header, place, missing, names: [], count: 0, data: null, collides: false },
    };
    if (known === undefined) this.#groups.set(key, group);
    else if (known.missing !== null && missing === null) known.missing.more++;
    if (known?.names[0] === name) this.#tell(place, { code: 'linked-to-itself', name });
    // A name that is made again is not a further one.
    if (!group.names.includes(name)) group.count++;
    if (group.names.length < NAMES_KEPT && !group.names.includes(name)) group.names.push(name);
    group.collides ||= group.count > header.links || !alike(group.header, header);
    if (kind === 'file') this.#open = { group, name, size: 0, checksum: 0 };
  }

  /** An archive has ended, and with it a group of links. */
  #close(key: string, group: Group): void {
    const { header, names, count, place, data } = group;
    if (count > 1 && group.collides && group.missing === null)
      this.#tell(place, {
        code: 'members-merged',
        names,
        more: count - names.length,
        inode: header.inode,
        device: `${header.major}:${header.minor}`,
        links: header.links,
        dataOf: data?.name ?? null,
      });
    const before = this.#partial.get(key);
    if (before !== undefined && !group.collides && belongs(before, group)) {
      const [empty, full] = data === null ? [group, before] : [before, group];
      this.#tell(place, {
        code: 'links-divided',
        empty: empty.names[0]!,
        full: full.names[0]!,
      });
    }
    if (count < header.links && !group.collides) this.#partial.set(key, group);
  }

  #make(
    path: string,
    kind: Member['kind'],
    target: Buffer | null,
    { name, place }: { name: string; place: MemberPlace },
  ): void {
    const there = this.#model.at(path);
    if (there?.kind === 'directory' && kind !== 'directory' && there.filled)
      return this.#tell(place, { code: 'directory-in-the-way', name, kind });
    if (there?.kind === 'symlink' && kind === 'directory')
      this.#tell(place, { code: 'symlink-replaced', name, target: there.target });
    const above = this.#model.at(path.slice(0, path.lastIndexOf('/')));
    if (above !== undefined) above.filled = true;
    if (kind === 'directory') {
      if (there?.kind !== 'directory') this.#set(path, entry('directory'));
    } else if (kind === 'symlink') this.#set(path, entry('symlink', target!.toString('latin1')));
    else if (there !== undefined) this.#model.remove(path);
  }

  #set(path: string, made: TreeEntry): void {
    this.#left.entries--;
    this.#left.characters -= path.length + made.target.length;
    this.#model.set(path, made);
  }

  /** Gives up where an archive is made to fill memory. */
  #check(): void {
    const { characters, entries } = this.#left;
    const links = this.#groups.size + this.#partial.size;
    if (characters > 0 && entries > 0 && links < LIMITS.groups && !this.#model.full) return;
    this.unchecked = true;
    this.#model = emptyModel();
    this.#groups.clear();
    this.#partial.clear();
  }
}

/** Whether two groups of different archives are one file, of which one has the data. */
const belongs = (one: Group, other: Group): boolean =>
  alike(one.header, other.header) &&
  one.count + other.count <= one.header.links &&
  (one.data === null) !== (other.data === null);
