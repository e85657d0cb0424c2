/**
 * Checks, entry by entry, whether an archive can become an upper layer. The check runs twice: over
 * the whole archive before anything changes, and again over each entry before it is made.
 */
import type { ArchiveDoor, ArchiveShare, OrdinaryRead } from '../../system/archive-door.js';
import type { PathKind } from '../../system/port.js';
import type { Accepted, Counts } from './accepted.js';
import { refuseArchive } from './archive-error.js';
import { Losses } from './archive-problem.js';
import { ArchiveTree } from './archive-tree.js';
import { above, lastName, pathInside, textOf } from './entry-path.js';
import { ARCHIVE_LIMITS as LIMITS } from '../../text/input-limits.js';
import { OPAQUE_MARK, SAID_OTHERWISE, WHITEOUT, overlayMark, refersBelow } from './marks.js';
import type { TarHeader } from './tar-reader.js';

export interface Rules {
  /** The limit for all files together, in bytes. */
  bytes: number;
  /** Whether device nodes can be made. */
  privileged: boolean;
  /** The file of the layer beneath at a path below the root. */
  existing: (path: string) => PathKind;
}

type TarKind = Exclude<Accepted['kind'], 'whiteout'>;
type Particular = Pick<Accepted, 'kind'> & Partial<Accepted>;

const KINDS = {
  0: 'file',
  1: 'link',
  2: 'symlink',
  3: 'character',
  4: 'block',
  5: 'directory',
  6: 'fifo',
} as const satisfies Record<TarHeader['type'], TarKind>;

const COUNTED = {
  file: 'files',
  link: 'links',
  symlink: 'symlinks',
  character: 'nodes',
  block: 'nodes',
  fifo: 'nodes',
  directory: 'directories',
  whiteout: 'whiteouts',
} as const satisfies Record<Accepted['kind'], keyof Counts>;

/** The fields of a whiteout besides its path. */
const WHITEOUT_ENTRY = {
  kind: 'whiteout',
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0n,
  target: '',
  node: '0:0',
} as const;

const NAMESPACES = /^(user|trusted|security|system)\../;

export class Checker {
  readonly counts: Counts = {
    directories: 0,
    files: 0,
    symlinks: 0,
    links: 0,
    nodes: 0,
    whiteouts: 0,
    opaque: 0,
    bytes: 0,
  };
  /** Opaque directories, which hide the image's directory of the same name. */
  readonly opaque = new Set<string>();
  /** The parts of the archive that are left out. */
  readonly losses = new Losses();
  private readonly tree: ArchiveTree;
  private names = 0;
  private held = 0;
  private members = 0;

  /** @param door reads the ordinary entries; null if nobody does. */
  constructor(
    private readonly rules: Rules,
    readonly door: ArchiveDoor | null = null,
  ) {
    this.tree = new ArchiveTree(rules.existing, door);
  }

  /** How many ordinary entries may be read. @param headers bytes of the headers before them. */
  left(headers: number): ArchiveShare {
    return {
      bytes: this.rules.bytes - this.counts.bytes,
      members: LIMITS.members - this.members,
      names: LIMITS.names - this.names,
      headers,
    };
  }

  /** Ordinary entries were read. They were checked, and need no decision. */
  pass(read: OrdinaryRead): void {
    this.members += read.members;
    this.names += read.names;
    this.counts.directories += read.directories;
    this.counts.files += read.files;
    this.counts.symlinks += read.symlinks;
    this.counts.bytes += read.bytes;
  }

  /**
   * Returns an entry that is ready to be made; null for an entry that only describes another one.
   * @throws {ArchiveError}
   */
  accept(header: TarHeader): Accepted | null {
    this.names += header.name.length + header.link.length;
    if (++this.members > LIMITS.members || this.names > LIMITS.names)
      refuseArchive({ code: 'too-many-entries' });
    const path = pathInside(header.name, 'a name');
    const kind = KINDS[header.type];
    if (kind !== 'file' && header.size > 0) refuseArchive({ code: 'content', kind });
    this.tree.directoryOf(path);
    if (lastName(path).startsWith(WHITEOUT)) return this.whiteout(path, kind, header);
    if (path.split('/').some((part) => part.startsWith(WHITEOUT)))
      refuseArchive({ code: 'below-whiteout' });
    const attributes = this.attributesOf(header, path, kind);
    if (kind === 'directory') this.hold(attributes);
    else if (path === '') refuseArchive({ code: 'root-kind', kind });
    const { mode, uid, gid, mtime } = header;
    return this.note({
      ...{ path, mode, uid, gid, mtime, attributes, node: '', target: '', size: 0 },
      ...this.particular[kind](header),
    });
  }

  /** All entries were checked. @throws {ArchiveError} */
  end(): void {
    this.tree.end(this.opaque);
  }

  /** The fields that only one kind has. */
  private readonly particular: Record<TarKind, (header: TarHeader) => Particular> = {
    directory: () => ({ kind: 'directory' }),
    fifo: () => ({ kind: 'fifo' }),
    file: ({ size }) => {
      const { bytes } = this.rules;
      const before = this.counts.bytes;
      if (size > bytes - before) refuseArchive({ code: 'too-large', bytes, size, before });
      return { kind: 'file', size };
    },
    symlink: ({ link }) => {
      const target = textOf(link, 'a symlink');
      if (target === '' || link.length > LIMITS.path) refuseArchive({ code: 'symlink-target' });
      return { kind: 'symlink', target };
    },
    link: ({ link }) => {
      const target = pathInside(link, 'a hard link');
      const linked = this.tree.entry(target);
      if (linked === undefined || linked === 'directory' || linked === 'whiteout')
        refuseArchive({ code: 'hard-link', target });
      return { kind: 'link', target };
    },
    character: (header) => {
      const node = this.nodeOf(header);
      // Overlay's own form of a whiteout, which an archive of the upperdir itself has.
      if (node === '0:0') return { kind: 'whiteout' };
      return this.device('character', node);
    },
    block: (header) => this.device('block', this.nodeOf(header)),
  };

  private nodeOf = ({ major, minor }: TarHeader): string => `${major}:${minor}`;

  private device(kind: 'character' | 'block', node: string): Particular {
    return this.rules.privileged ? { kind, node } : refuseArchive({ code: 'device-node' });
  }

  /** The attributes of directories are kept until their content exists. */
  private hold(attributes: ReadonlyMap<string, Buffer>): void {
    for (const [key, value] of attributes) this.held += key.length + value.length + LIMITS.heldEach;
    if (this.held > LIMITS.held) refuseArchive({ code: 'too-many-attributes' });
  }

  private whiteout(path: string, kind: TarKind, { size }: TarHeader): Accepted | null {
    if (kind !== 'file') refuseArchive({ code: 'whiteout-kind', kind });
    if (size !== 0) refuseArchive({ code: 'whiteout-content' });
    const folder = above(path);
    if (lastName(path) === OPAQUE_MARK) {
      if (folder === '') refuseArchive({ code: 'opaque-mark' });
      this.hide(folder);
      return null;
    }
    const hidden = lastName(path).slice(WHITEOUT.length);
    if (['', '.', '..'].includes(hidden) || hidden.startsWith(WHITEOUT))
      refuseArchive({ code: 'whiteout-name' });
    const hiding = folder === '' ? hidden : `${folder}/${hidden}`;
    return this.note({ ...WHITEOUT_ENTRY, path: hiding, attributes: new Map() });
  }

  private attributesOf(header: TarHeader, path: string, kind: TarKind): Map<string, Buffer> {
    for (const key of header.lost) this.losses.add(path, { code: 'record-lost', key });
    const attributes = new Map<string, Buffer>();
    for (const [name, value] of header.attributes) {
      const mark = overlayMark(name);
      if (mark !== null) this.overlayAttribute(path, kind, { mark, name, value });
      else if (!isPossible(name, value))
        refuseArchive({ code: 'attribute', name, bytes: value.length });
      else attributes.set(name, value);
    }
    return attributes;
  }

  /** One of overlay's own attributes, which an archive of the upperdir itself has. */
  private overlayAttribute(
    path: string,
    kind: TarKind,
    { mark, name, value }: { mark: string; name: string; value: Buffer },
  ): void {
    if (refersBelow(mark)) return refuseArchive({ code: 'refers-below', mark });
    if (mark === 'opaque' && value.toString() === 'y' && kind === 'directory') {
      if (path === '') refuseArchive({ code: 'opaque-root' });
      this.hide(path);
    } else if (!SAID_OTHERWISE.includes(mark))
      this.losses.add(path, { code: 'attribute-lost', name });
  }

  private hide(folder: string): void {
    if (!this.opaque.has(folder)) this.counts.opaque++;
    this.opaque.add(folder);
  }

  private note(entry: Accepted): Accepted | null {
    if (!this.tree.add(entry)) return null;
    this.counts[COUNTED[entry.kind]]++;
    this.counts.bytes += entry.size;
    return entry;
  }
}

const isPossible = (name: string, value: Buffer): boolean =>
  NAMESPACES.test(name) &&
  !name.includes('\0') &&
  Buffer.byteLength(name) <= LIMITS.name &&
  value.length <= LIMITS.attribute;
