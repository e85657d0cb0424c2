/**
 * What an archive may hold to become an upper layer, entry by entry. The same check runs twice:
 * over all of it before anything is touched, and again over each entry before it is made.
 */
import { createHash } from 'node:crypto';
import type { PathKind } from '../../system/port.js';
import { ArchiveError } from './archive-error.js';
import { OPAQUE_MARK, REFERS_BELOW, SAID_OTHERWISE, WHITEOUT, overlayMark } from './marks.js';
import type { TarHeader } from './tar-reader.js';
import { printable, utf8 } from '../../text/printable.js';

export interface Accepted {
  kind: 'directory' | 'file' | 'symlink' | 'link' | 'character' | 'block' | 'fifo' | 'whiteout';
  /** Below the layer's root; '' is the root itself. */
  path: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: bigint;
  /** What a symlink says; what a hard link is another name of, as a path below the root. */
  target: string;
  node: string;
  attributes: Map<string, Buffer>;
}

export interface Rules {
  /** Bytes that all files together may have. */
  bytes: number;
  /** Device nodes are root's. */
  privileged: boolean;
  /**
   * What is there already at a path below the root, where the archive is laid over a layer; else
   * nothing is.
   */
  existing: (path: string) => PathKind;
}

export interface Counts {
  directories: number;
  files: number;
  symlinks: number;
  links: number;
  nodes: number;
  whiteouts: number;
  opaque: number;
  bytes: number;
}

const MOST_MEMBERS = 65_536;
/** Of all names together, which are held while the archive is read. */
const MOST_NAMES = 16 << 20;
/**
 * Of the attributes of all directories together, which are held until their content is there; one
 * counts more than its bytes.
 */
const MOST_HELD = 16 << 20;
const EACH_HELD = 128;
/** NAME_MAX and PATH_MAX, XATTR_NAME_MAX and XATTR_SIZE_MAX of include/uapi/linux/limits.h. */
const LONGEST_NAME = 255;
const LONGEST_PATH = 4095;
const LONGEST_ATTRIBUTE = 65_536;

const KINDS = {
  0: 'file',
  1: 'link',
  2: 'symlink',
  3: 'character',
  4: 'block',
  5: 'directory',
  6: 'fifo',
} as const;
const COUNTED = {
  file: 'files',
  link: 'links',
  symlink: 'symlinks',
  character: 'nodes',
  block: 'nodes',
  fifo: 'nodes',
  directory: 'directories',
  whiteout: 'whiteouts',
} as const;

const text = (bytes: Buffer, what: string): string => {
  const found = utf8(bytes);
  if (found === null)
    throw new ArchiveError(
      `has ${what} that is no UTF-8, ${printable(bytes)}, which cannot be made here`,
    );
  if (found.includes('\0')) throw new ArchiveError(`has ${what} with a NUL in it`);
  return found;
};

/** A path below the root, without what means nothing in it. */
function inside(bytes: Buffer, what: string): string {
  const path = text(bytes, what);
  if (path.startsWith('/'))
    throw new ArchiveError(`has ${what} that is absolute, and a layer has only names within it`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..'))
    throw new ArchiveError(`has ${what} with .. in it, which may lead outside`);
  if (path === '') throw new ArchiveError(`has ${what} that is empty`);
  const long = parts.find(
    (part) =>
      Buffer.byteLength(part) > LONGEST_NAME + (part.startsWith(WHITEOUT) ? WHITEOUT.length : 0),
  );
  if (long !== undefined || bytes.length > LONGEST_PATH)
    throw new ArchiveError(
      `has ${what} longer than there can be (${LONGEST_NAME} bytes, ${LONGEST_PATH} with all above it)`,
    );
  return parts.join('/');
}

const above = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** An archive may say as much of each entry as fits into a header, and of a great many entries. */
function digestOf(plain: readonly unknown[], attributes: ReadonlyMap<string, Buffer>): string {
  const hash = createHash('sha256').update(JSON.stringify(plain.map(String)));
  for (const name of [...attributes.keys()].sort())
    hash
      .update(`${Buffer.byteLength(name)} ${name}${attributes.get(name)!.length} `)
      .update(attributes.get(name)!);
  return hash.digest('base64');
}

interface ArchiveTally {
  kind: Accepted['kind'];
  /** A digest of all that is said of it, to know whether it is said again; of files nothing. */
  says: string;
}

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
  /** Directories whose counterpart below is hidden. */
  readonly opaque = new Set<string>();
  /** What of the archive is not taken over, a sentence each. */
  readonly warnings: string[] = [];
  private readonly seen = new Map<string, ArchiveTally>();
  /** Of what the archive does not hold itself, and has entries below. */
  private readonly found = new Map<string, PathKind>();
  private names = 0;
  private held = 0;
  private members = 0;

  constructor(private readonly rules: Rules) {}

  /**
   * An entry as it is to be made; null where it only says something of another one. @throws
   * {ArchiveError}
   */
  accept(header: TarHeader): Accepted | null {
    this.names += header.name.length + header.link.length;
    if (++this.members > MOST_MEMBERS || this.names > MOST_NAMES)
      throw new ArchiveError(
        `has more entries than any board's settings (${MOST_MEMBERS}, with ${MOST_NAMES >> 20} MiB of names)`,
      );
    const path = inside(header.name, 'a name');
    const kind = KINDS[header.type];
    if (kind !== 'file' && header.size > 0) throw new ArchiveError(`has a ${kind} with content`);
    this.directoryOf(path);
    const name = base(path);
    if (name.startsWith(WHITEOUT)) return this.whiteout(path, name, kind, header);
    if (path.split('/').some((part) => part.startsWith(WHITEOUT)))
      throw new ArchiveError(
        `has something in a directory named ${WHITEOUT}…, which is the name of a whiteout`,
      );
    const attributes = this.attributesOf(header, path, kind);
    if (kind === 'directory')
      for (const [key, value] of attributes) this.held += key.length + value.length + EACH_HELD;
    if (this.held > MOST_HELD)
      throw new ArchiveError(
        `has more attributes of directories than any board's settings (${MOST_HELD >> 20} MiB)`,
      );
    const common = {
      path,
      mode: header.mode,
      uid: header.uid,
      gid: header.gid,
      mtime: header.mtime,
      attributes,
      node: '',
      target: '',
      size: 0,
    };
    return this.note({ ...common, ...this.particular(kind, header) });
  }

  private particular(
    kind: Exclude<Accepted['kind'], 'whiteout'>,
    header: TarHeader,
  ): Pick<Accepted, 'kind'> & Partial<Accepted> {
    if (inside(header.name, 'a name') === '' && kind !== 'directory')
      throw new ArchiveError(`has a ${kind} as its root`);
    switch (kind) {
      case 'file':
        if (header.size > this.rules.bytes - this.counts.bytes)
          throw new ArchiveError(
            `needs more than the ${this.rules.bytes} bytes that it may have: this file has ${header.size}, those before it ${this.counts.bytes}; make room, or raise --limit where files compress well (jffs2)`,
          );
        return { kind, size: header.size };
      case 'symlink': {
        const target = text(header.link, 'a symlink');
        if (target === '' || header.link.length > LONGEST_PATH)
          throw new ArchiveError('has a symlink that says nothing, or too much');
        return { kind, target };
      }
      case 'link': {
        const target = inside(header.link, 'a hard link');
        const linked = this.seen.get(target)?.kind;
        if (linked === undefined || linked === 'directory' || linked === 'whiteout')
          throw new ArchiveError(
            `has a hard link to ${printable(target)}, which is no file in the archive before it`,
          );
        return { kind, target };
      }
      case 'character':
      case 'block': {
        const node = `${header.major}:${header.minor}`;
        // That is a whiteout as overlay has it, in an archive of the upper directory itself.
        if (kind === 'character' && node === '0:0') return { kind: 'whiteout' };
        if (!this.rules.privileged)
          throw new ArchiveError('has a device node, which only root can make; run this as root');
        return { kind, node };
      }
      default:
        return { kind };
    }
  }

  /**
   * Everything above a path must be a directory, in the archive before it or in the layer that it
   * is laid over: never a symlink, which may lead anywhere.
   */
  private directoryOf(path: string): void {
    const folder = above(path);
    if (path === '' || folder === '') return;
    const kind = this.kindAt(folder);
    if (kind === 'directory') return;
    if (kind === 'missing')
      throw new ArchiveError(
        'has an entry whose directory is not in it before; make the archive of a whole tree, with its directories',
      );
    throw new ArchiveError(
      `has an entry below ${printable(folder)}, which is a ${kind} and no directory`,
    );
  }

  private kindAt(path: string): PathKind | 'link' | 'whiteout' {
    const known = this.seen.get(path);
    if (known !== undefined) return known.kind;
    if (above(path) !== '' && this.kindAt(above(path)) !== 'directory') return 'missing';
    return this.thereBefore(path);
  }

  /**
   * What the layer beneath has; it is asked only for what is below its own directories, or it would
   * follow its symlinks.
   */
  private thereBefore(path: string): PathKind {
    const known = this.found.get(path);
    if (known !== undefined) return known;
    const kind =
      above(path) === '' || this.thereBefore(above(path)) === 'directory'
        ? this.rules.existing(path)
        : 'missing';
    this.found.set(path, kind);
    return kind;
  }

  /**
   * All was read. What the layer beneath has in an opaque directory goes, and nothing of the
   * archive may be in it. @throws {ArchiveError}
   */
  end(): void {
    for (const [path, kind] of this.found) {
      if (kind !== 'directory' || this.seen.has(path)) continue;
      for (let folder = above(path); folder !== ''; folder = above(folder))
        if (this.opaque.has(folder))
          throw new ArchiveError(
            `contradicts itself: it hides what is below ${printable(folder)}, and has entries in ${printable(path)}, which is not in it; make the archive of a whole tree, with its directories`,
          );
    }
  }

  private whiteout(path: string, name: string, kind: string, { size }: TarHeader): Accepted | null {
    if (kind !== 'file' || size !== 0)
      throw new ArchiveError(
        `has a whiteout that is ${kind === 'file' ? 'not empty' : `a ${kind}`}`,
      );
    const folder = above(path);
    if (name === OPAQUE_MARK) {
      if (folder === '')
        throw new ArchiveError(
          'hides the whole image (an opaque mark in its root), and a board without its image does not boot',
        );
      if (!this.opaque.has(folder)) this.counts.opaque++;
      this.opaque.add(folder);
      return null;
    }
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === '' || hidden === '.' || hidden === '..' || hidden.startsWith(WHITEOUT))
      throw new ArchiveError('has a whiteout of a name that there cannot be');
    return this.note({
      kind: 'whiteout',
      path: folder === '' ? hidden : `${folder}/${hidden}`,
      mode: 0,
      uid: 0,
      gid: 0,
      size: 0,
      mtime: 0n,
      target: '',
      node: '0:0',
      attributes: new Map(),
    });
  }

  private attributesOf(header: TarHeader, path: string, kind: string): Map<string, Buffer> {
    for (const key of header.lost)
      this.warn(path, `its ${key} is lost: it is not kept by overlays in this form`);
    const attributes = new Map<string, Buffer>();
    for (const [name, value] of header.attributes) {
      const mark = overlayMark(name);
      if (mark !== null) {
        if (mark in REFERS_BELOW)
          throw new ArchiveError(
            `refers to another layer: it ${REFERS_BELOW[mark]}; make the archive with \`mountroot export\`, which says what to do about it`,
          );
        if (mark === 'opaque' && value.toString() === 'y' && kind === 'directory') this.hide(path);
        else if (!SAID_OTHERWISE.includes(mark))
          this.warn(path, `the attribute ${printable(name)} is lost: it is overlay's own`);
        continue;
      }
      if (
        !/^(user|trusted|security|system)\../.test(name) ||
        name.includes('\0') ||
        Buffer.byteLength(name) > LONGEST_NAME ||
        value.length > LONGEST_ATTRIBUTE
      )
        throw new ArchiveError(
          `has an attribute ${printable(name)} of ${value.length} bytes, and there can be none such`,
        );
      attributes.set(name, value);
    }
    return attributes;
  }

  private hide(path: string): void {
    if (path === '')
      throw new ArchiveError(
        'hides the whole image (an opaque root), and a board without its image does not boot',
      );
    if (!this.opaque.has(path)) this.counts.opaque++;
    this.opaque.add(path);
  }

  private note(entry: Accepted): Accepted | null {
    const { kind, path, mode, uid, gid, mtime, target, node } = entry;
    // What was found to lead to an entry must stay a directory; a symlink in its place would lead
    // the entries behind it out of the layer.
    if (kind !== 'directory' && this.found.get(path) === 'directory')
      throw new ArchiveError(
        `contradicts itself: ${printable(path)} is a ${kind} in it, and has entries below it before`,
      );
    const says =
      kind === 'file'
        ? ''
        : digestOf([kind, mode, uid, gid, mtime, target, node], entry.attributes);
    const before = this.seen.get(path);
    if (before !== undefined) {
      // What has content may have another one.
      if (kind !== 'file' && before.says === says) return null;
      throw new ArchiveError(
        `contradicts itself: ${printable(path === '' ? '.' : path)} is in it twice${kind === before.kind ? '' : `, as ${before.kind} and as ${kind}`}`,
      );
    }
    this.seen.set(path, { kind, says });
    this.counts[COUNTED[kind]]++;
    this.counts.bytes += entry.size;
    return entry;
  }

  private warn(path: string, why: string): void {
    if (this.warnings.length < 100)
      this.warnings.push(`${printable(path === '' ? '.' : path)}: ${why}`);
  }
}
