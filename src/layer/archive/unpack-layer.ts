/**
 * Makes a new upper layer from an archive's entries, below a directory of ours that other users
 * cannot read. The check has accepted every entry.
 */
import * as fs from 'node:fs';
import type { ArchiveDoor, OpenArchive } from '../../system/archive-door.js';
import type { System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import type { Building, Folder } from '../../system/tree-door.js';
import type { Accepted } from './accepted.js';
import { refuseArchive } from './archive-error.js';
import { Losses, type Loss } from './archive-problem.js';
import { above } from './entry-path.js';
import { OPAQUE } from './marks.js';

/** A block of this size that is all zeros becomes a hole. */
const HOLE = 4096;
const ZEROS = Buffer.alloc(HOLE);
const isZero = (block: Buffer): boolean => block.equals(ZEROS);

/** Larger files, and those with a hole, are made one by one. */
const LARGEST_SMALL = 65_536;

function hasHole(bytes: Buffer): boolean {
  for (let at = 0; at + HOLE <= bytes.length; at += HOLE)
    if (isZero(bytes.subarray(at, at + HOLE))) return true;
  return false;
}

const EMPTY = Buffer.alloc(0);

/** The bits of modes that are set. Without privileges the owner and the group are others. */
const ALL_BITS = 0o7777;
const UNPRIVILEGED_BITS = 0o1777;

/** What is made in one call: so many entries, and bytes of their files. */
const AT_ONCE = 512;
const BYTES_AT_ONCE = 98_304;

/**
 * Errors of a change of owner or attribute that are reported and do not end the import. After any
 * other failure the layer would differ from the archive.
 */
const MAY_BE_LACKING = ['EOPNOTSUPP', 'EPERM', 'EACCES', 'EINVAL'];

type Making = Pick<
  System,
  | 'makeNode'
  | 'setModified'
  | 'attributes'
  | 'setAttribute'
  | 'setOwner'
  | 'setMode'
  | 'removeTree'
  | 'kind'
  | 'details'
  | 'list'
  | 'mkdir'
  | 'symlink'
  | 'link'
  | 'tree'
>;

/** A directory that was made, behind so many that the door has made. */
interface MadeFolder {
  entry: Accepted;
  behind: number;
}

export class LayerWriter {
  /** The owners and attributes that could not be set. */
  readonly losses = new Losses();
  /**
   * The directories that get their owner, mode and time after their content exists, the innermost
   * first.
   */
  private readonly directories: MadeFolder[] = [];
  private readonly opaque = new Set<string>();
  private open: { fd: number; entry: Accepted; at: number; pending: Buffer } | null = null;
  private root: Accepted | null = null;
  /** Entries that are not made yet, with what the files hold. */
  private pending: { entry: Accepted; bytes: Buffer }[] = [];
  private held = 0;
  /** A small file whose bytes come. */
  private small: { entry: Accepted; pieces: Buffer[] } | null = null;
  private readonly folder: Folder;
  /** Makes ordinary entries. */
  private door: ArchiveDoor | null = null;

  /**
   * @param top an empty directory, or a copy of the layer into which the archive is merged.
   * @param hidden the opaque directories of the archive.
   */
  constructor(
    private readonly system: Making,
    private readonly top: string,
    private readonly privileged: boolean,
    hidden: ReadonlySet<string>,
  ) {
    this.folder = system.tree.open(top);
    for (const path of hidden) {
      this.opaque.add(path);
      // The files of the layer beneath in it are removed too, unless one of that layer's symlinks
      // leads there.
      if (this.isWithin(path))
        for (const name of system.list(this.at(path))) this.remove(`${this.at(path)}/${name}`);
    }
  }

  /** Has ordinary entries read and made by others. They end with this. */
  through(open: OpenArchive): ArchiveDoor | null {
    this.door = open(this.folder, this.privileged ? ALL_BITS : UNPRIVILEGED_BITS);
    return this.door;
  }

  /** The place of a path below the root. */
  private at = (path: string): string => (path === '' ? this.top : `${this.top}/${path}`);

  /** The last directory that was found to be one. Nobody else may change anything here. */
  private lastFolder: string | null = null;

  /** Whether a path is a directory here and leads through no symlink. */
  private isWithin(path: string): boolean {
    if (path === this.lastFolder) return true;
    const found = this.isFolder(path);
    if (found) this.lastFolder = path;
    return found;
  }

  private isFolder(path: string): boolean {
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1))
      if (this.system.kind(this.at(path.slice(0, end))) !== 'directory') return false;
    return this.system.kind(this.at(path)) === 'directory';
  }

  make(entry: Accepted): void {
    const { kind, path, size } = entry;
    if (path === '') this.root = entry;
    else if (kind === 'file' && size > LARGEST_SMALL) this.makeAlone(entry);
    else if (kind === 'file' && size > 0) this.small = { entry, pieces: [] };
    else this.later(entry, EMPTY);
  }

  private later(entry: Accepted, bytes: Buffer): void {
    this.pending.push({ entry, bytes });
    this.held += bytes.length;
    if (this.pending.length >= AT_ONCE || this.held >= BYTES_AT_ONCE) this.flush();
  }

  private made(entry: Accepted): void {
    this.directories.push({ entry, behind: this.door?.folders() ?? 0 });
  }

  /**
   * Makes the pending entries in one call. What fails is made once more by itself: something is in
   * its place, or an owner or an attribute cannot be set.
   */
  flush(): void {
    const { pending } = this;
    if (pending.length === 0) return;
    [this.pending, this.held] = [[], 0];
    const results = this.system.tree.build(
      this.folder,
      pending.map(({ entry, bytes }) => this.building(entry, bytes)),
    );
    for (const [index, { entry, bytes }] of pending.entries()) {
      const { errno, lost } = results[index]!;
      if (errno !== null || lost > 0) this.makeSlowly(entry, bytes);
      else if (entry.kind === 'directory') this.made(entry);
    }
  }

  private modeOf = ({ mode }: Accepted): number =>
    mode & (this.privileged ? ALL_BITS : UNPRIVILEGED_BITS);

  private building(entry: Accepted, bytes: Buffer): Building {
    const { kind, path, target, node, uid, gid, mtime, attributes } = entry;
    const mode = this.modeOf(entry);
    const description = { path, mode, uid, gid, mtime, attributes, needed: 0 };
    switch (kind) {
      case 'directory':
        return { what: 'folder', path };
      case 'file':
        return { what: 'data', bytes, ...description };
      case 'link':
        return { what: 'link', path, existing: target };
      case 'symlink':
        return { what: 'symlink', target, ...description };
      case 'whiteout':
        return { what: 'node', kind: 'character', node, ...description };
      default:
        return { what: 'node', kind, node, ...description };
    }
  }

  /** Makes an entry by itself, in place of whatever is there. */
  private makeSlowly(entry: Accepted, bytes: Buffer): void {
    this.makeAlone(entry);
    if (entry.kind !== 'file') return;
    if (bytes.length > 0) this.data(bytes);
    this.complete();
  }

  private makeAlone(entry: Accepted): void {
    this.flush();
    const { kind, path } = entry;
    const folder = above(path);
    // The check has already ensured this. We check again, because root writes here.
    if (!this.isWithin(folder)) refuseArchive({ code: 'below-nothing', folder });
    if (kind === 'directory') return this.makeDirectory(entry);
    const place = this.at(path);
    if (this.system.kind(place) !== 'missing') this.remove(place);
    this.makeAt[kind](entry, place);
  }

  private remove(place: string): void {
    this.system.removeTree(place);
    this.lastFolder = null;
  }

  private makeDirectory(entry: Accepted): void {
    const { system } = this;
    const place = this.at(entry.path);
    const there = system.kind(place);
    if (there !== 'missing' && there !== 'directory') {
      // The old file hid the image's directory, so the new directory must hide it too.
      this.opaque.add(entry.path);
      this.remove(place);
    }
    if (there !== 'directory') system.mkdir(place, 0o700);
    this.made(entry);
  }

  /** Makes one entry at an unused path. */
  private readonly makeAt: Record<
    Exclude<Accepted['kind'], 'directory'>,
    (entry: Accepted, place: string) => void
  > = {
    file: (entry, place) => {
      const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;
      const fd = fs.openSync(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      this.open = { fd, entry, at: 0, pending: Buffer.alloc(0) };
    },
    link: ({ target }, place) => this.system.link(this.at(target), place),
    symlink: (entry, place) => {
      this.system.symlink(entry.target, place);
      this.describe(entry);
    },
    whiteout: (_, place) => this.system.makeNode(place, 'character', 0, '0:0'),
    character: (entry, place) => this.makeNode('character', entry, place),
    block: (entry, place) => this.makeNode('block', entry, place),
    fifo: (entry, place) => this.makeNode('fifo', entry, place),
  };

  private makeNode(kind: 'character' | 'block' | 'fifo', entry: Accepted, place: string): void {
    this.system.makeNode(place, kind, 0o600, entry.node);
    this.describe(entry);
  }

  data(bytes: Buffer): void {
    if (this.small !== null) return void this.small.pieces.push(Buffer.from(bytes));
    const file = this.open!;
    const all = file.pending.length > 0 ? Buffer.concat([file.pending, bytes]) : bytes;
    const whole = all.length - (all.length % HOLE);
    // Adjacent blocks of data, or of zeros, are handled together.
    for (let from = 0; from < whole;) {
      const hole = isZero(all.subarray(from, from + HOLE));
      let to = from + HOLE;
      while (to < whole && isZero(all.subarray(to, to + HOLE)) === hole) to += HOLE;
      this.write(all.subarray(from, to), hole);
      from = to;
    }
    file.pending = Buffer.from(all.subarray(whole));
  }

  private write(block: Buffer, hole: boolean): void {
    const file = this.open!;
    for (let done = 0; !hole && done < block.length;)
      done += fs.writeSync(file.fd, block, done, block.length - done, file.at + done);
    file.at += block.length;
  }

  /** The last entry is complete. */
  complete(): void {
    if (this.small !== null) return this.completeSmall(this.small);
    const file = this.open;
    if (file === null) return;
    this.write(file.pending, false);
    fs.ftruncateSync(file.fd, file.entry.size);
    this.close();
    this.describe(file.entry);
  }

  private completeSmall({ entry, pieces }: { entry: Accepted; pieces: Buffer[] }): void {
    this.small = null;
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    if (!hasHole(bytes)) return this.later(entry, bytes);
    this.flush();
    this.makeSlowly(entry, bytes);
  }

  close(): void {
    if (this.open !== null) fs.closeSync(this.open.fd);
    this.open = null;
  }

  /** All entries are made. @param root the metadata of the layer's root if the archive has none. */
  end(root: Pick<Accepted, 'mode' | 'uid' | 'gid' | 'mtime' | 'attributes'>): void {
    this.flush();
    for (const path of this.opaque) {
      if (!this.isWithin(path)) refuseArchive({ code: 'opaque-no-directory', path });
      this.system.setAttribute(this.at(path), OPAQUE, Buffer.from('y'));
    }
    this.describeAll();
    this.describe(
      this.root ?? { ...root, kind: 'directory', path: '', size: 0, target: '', node: '' },
    );
  }

  /** Gives the directories all they have, in the order in which they are within each other. */
  private describeAll(): void {
    const { directories } = this;
    for (let end = directories.length; end > 0;) {
      const { behind } = directories[end - 1]!;
      let from = end - 1;
      while (from > 0 && directories[from - 1]!.behind === behind && end - from < AT_ONCE) from--;
      this.describeOthers(behind);
      this.describeDirectories(
        directories
          .slice(from, end)
          .map(({ entry }) => entry)
          .reverse(),
      );
      end = from;
    }
    this.describeOthers(0);
  }

  /** Describes those that the door has made, until so many are left. */
  private describeOthers(left: number): void {
    this.door?.describe(left, (entry) =>
      this.describe({ ...entry, size: 0, node: '', attributes: new Map() }),
    );
  }

  private describeDirectories(some: readonly Accepted[]): void {
    const results = this.system.tree.build(
      this.folder,
      some.map((entry) => {
        const { path, uid, gid, mtime, attributes } = entry;
        const mode = this.modeOf(entry);
        return { what: 'describe', path, mode, uid, gid, mtime, attributes, needed: 0 };
      }),
    );
    for (const [index, entry] of some.entries())
      if (results[index]!.errno !== null || results[index]!.lost > 0) this.describe(entry);
  }

  /** Nothing more is made. */
  release(): void {
    this.door?.end();
    this.system.tree.close(this.folder);
  }

  /**
   * Sets the metadata of an entry. The owner precedes mode and capabilities, because a new owner
   * clears those. The time is last.
   */
  private describe(entry: Accepted): void {
    const { kind, path, uid, gid, mtime } = entry;
    const { system } = this;
    const place = this.at(path);
    const noOwner = this.failing(() => system.setOwner(place, uid, gid));
    // Without privileges everybody's files get this user's owner.
    if (noOwner !== null && this.privileged) this.lose(path, { code: 'owner-not-set', ...noOwner });
    if (kind !== 'symlink') system.setMode(place, this.modeOf(entry));
    for (const [name, value] of entry.attributes) {
      const failed = this.failing(() => system.setAttribute(place, name, value));
      if (failed !== null) this.lose(path, { code: 'attribute-not-set', name, ...failed });
    }
    system.setModified(place, mtime);
  }

  private lose(path: string, loss: Loss): void {
    this.losses.add(path, loss);
  }

  /** null if it did not fail. @throws if the import cannot continue without it. */
  private failing(call: () => void): { error: string } | null {
    try {
      call();
      return null;
    } catch (error) {
      if (!(error instanceof SystemError) || !MAY_BE_LACKING.includes(error.errno)) throw error;
      return { error: error.message };
    }
  }
}
