import { createHash } from 'node:crypto';
import type { ArchiveDoor } from '../../system/archive-door.js';
import type { PathKind } from '../../system/port.js';
import type { Accepted } from './accepted.js';
import { refuseArchive } from './archive-error.js';
import { above } from './entry-path.js';

/** We keep a digest, because an archive may have very many entries with large headers. */
function digestOf(plain: readonly unknown[], attributes: ReadonlyMap<string, Buffer>): string {
  const hash = createHash('sha256').update(JSON.stringify(plain.map(String)));
  for (const name of [...attributes.keys()].sort())
    hash
      .update(`${Buffer.byteLength(name)} ${name}${attributes.get(name)!.length} `)
      .update(attributes.get(name)!);
  return hash.digest('base64');
}

type Says = Pick<Accepted, 'kind' | 'mode' | 'uid' | 'gid' | 'mtime' | 'target' | 'node'> &
  Pick<Accepted, 'attributes'>;

const saysOf = ({ kind, mode, uid, gid, mtime, target, node, attributes }: Says): string =>
  kind === 'file' ? '' : digestOf([kind, mode, uid, gid, mtime, target, node], attributes);

const NO_ATTRIBUTES = new Map<string, Buffer>();

interface ArchiveTally {
  kind: Accepted['kind'];
  /** A digest of everything in its header, to recognise a repetition; '' for files. */
  says: string;
}

/** The tree that an archive makes: its own entries over the existing files. */
export class ArchiveTree {
  private readonly seen = new Map<string, ArchiveTally>();
  /** The existing directories on the way to entries, if the archive does not hold them. */
  private readonly found = new Map<string, PathKind>();

  /**
   * @param existing gives the file at a path below the root; it never gets a path through a
   * symlink. @param ordinary knows the entries that others read; null if nobody does.
   */
  constructor(
    private readonly existing: (path: string) => PathKind,
    private readonly ordinary: Pick<ArchiveDoor, 'find' | 'note'> | null = null,
  ) {}

  /** The kind of an entry of the archive. */
  entry(path: string): Accepted['kind'] | undefined {
    return (this.seen.get(path) ?? this.ordinary?.find(path))?.kind;
  }

  private before(path: string): ArchiveTally | null {
    const seen = this.seen.get(path);
    if (seen !== undefined) return seen;
    const read = this.ordinary?.find(path) ?? null;
    if (read === null) return null;
    return { kind: read.kind, says: saysOf({ ...read, node: '', attributes: NO_ATTRIBUTES }) };
  }

  private note(path: string, isFolder: boolean): void {
    if (path !== '') this.ordinary?.note(path, isFolder);
  }

  /**
   * Everything above a path must be a directory, earlier in the archive or in the layer beneath. A
   * symlink is refused, because it may lead anywhere. @throws {ArchiveError}
   */
  directoryOf(path: string): void {
    const folder = above(path);
    if (folder === '') return;
    const kind = this.kindAt(folder);
    if (kind === 'missing') refuseArchive({ code: 'no-directory' });
    if (kind !== 'directory') refuseArchive({ code: 'below-file', folder, kind });
  }

  private kindAt(path: string): PathKind | Accepted['kind'] {
    const known = this.entry(path);
    if (known !== undefined) return known;
    if (above(path) !== '' && this.kindAt(above(path)) !== 'directory') return 'missing';
    return this.thereBefore(path);
  }

  /**
   * The file in the layer beneath. We ask only about paths below its own directories, because the
   * lookup follows symlinks.
   */
  private thereBefore(path: string): PathKind {
    const known = this.found.get(path);
    if (known !== undefined) return known;
    const kind =
      above(path) === '' || this.thereBefore(above(path)) === 'directory'
        ? this.existing(path)
        : 'missing';
    this.found.set(path, kind);
    if (kind === 'directory') this.note(path, true);
    return kind;
  }

  /** Adds an entry. @returns false if the archive only repeats the entry. @throws {ArchiveError} */
  add(entry: Accepted): boolean {
    const { kind, path } = entry;
    // A directory above an entry must stay a directory. A symlink in its place would lead the
    // following entries out of the layer.
    if (kind !== 'directory' && this.found.get(path) === 'directory')
      refuseArchive({ code: 'entries-below', path, kind });
    const says = saysOf(entry);
    const before = this.before(path);
    if (before !== null) {
      // The content of a file may differ.
      if (kind !== 'file' && before.says === says) return false;
      refuseArchive({ code: 'twice', path, kind, before: before.kind });
    }
    this.seen.set(path, { kind, says });
    this.note(path, kind === 'directory');
    return true;
  }

  /**
   * All entries were added. The files of the layer beneath in an opaque directory are removed, so
   * no entry of the archive may be below them. @throws {ArchiveError}
   */
  end(opaque: ReadonlySet<string>): void {
    for (const [path, kind] of this.found) {
      if (kind !== 'directory' || this.entry(path) !== undefined) continue;
      for (let folder = above(path); folder !== ''; folder = above(folder))
        if (opaque.has(folder)) refuseArchive({ code: 'hidden-entries', folder, path });
    }
  }
}
