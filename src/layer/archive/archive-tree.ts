import { createHash } from 'node:crypto';
import type { PathKind } from '../../system/port.js';
import type { Accepted } from './accepted.js';
import { refuseArchive } from './archive-error.js';
import { above } from './entry-path.js';

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
  /** A digest of all that the archive says of it, to see whether it says it again; '' for files. */
  says: string;
}

/** The tree that an archive makes: its own entries, over what is there already. */
export class ArchiveTree {
  private readonly seen = new Map<string, ArchiveTally>();
  /** What is there of the directories on the way to entries that the archive does not hold. */
  private readonly found = new Map<string, PathKind>();

  /** @param existing what is at a path below the root; it never sees a path through a symlink. */
  constructor(private readonly existing: (path: string) => PathKind) {}

  /** The kind of an entry of the archive. */
  entry(path: string): Accepted['kind'] | undefined {
    return this.seen.get(path)?.kind;
  }

  /**
   * Everything above a path must be a directory, in the archive before it or in the layer beneath:
   * never a symlink, which may lead anywhere. @throws {ArchiveError}
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
   * What the layer beneath has. It is asked only about paths below its own directories, because it
   * would follow its symlinks.
   */
  private thereBefore(path: string): PathKind {
    const known = this.found.get(path);
    if (known !== undefined) return known;
    const kind =
      above(path) === '' || this.thereBefore(above(path)) === 'directory'
        ? this.existing(path)
        : 'missing';
    this.found.set(path, kind);
    return kind;
  }

  /**
   * Adds an entry. @returns false where the archive says the same once more. @throws {ArchiveError}
   */
  add(entry: Accepted): boolean {
    const { kind, path, mode, uid, gid, mtime, target, node } = entry;
    // A directory that leads to an entry must stay one: a symlink in its place would lead the
    // entries behind it out of the layer.
    if (kind !== 'directory' && this.found.get(path) === 'directory')
      refuseArchive({ code: 'entries-below', path, kind });
    const says =
      kind === 'file'
        ? ''
        : digestOf([kind, mode, uid, gid, mtime, target, node], entry.attributes);
    const before = this.seen.get(path);
    if (before !== undefined) {
      // The content of a file may differ.
      if (kind !== 'file' && before.says === says) return false;
      refuseArchive({ code: 'twice', path, kind, before: before.kind });
    }
    this.seen.set(path, { kind, says });
    return true;
  }

  /**
   * All entries have come. What the layer beneath has in an opaque directory is removed, so nothing
   * of the archive may be in there. @throws {ArchiveError}
   */
  end(opaque: ReadonlySet<string>): void {
    for (const [path, kind] of this.found) {
      if (kind !== 'directory' || this.seen.has(path)) continue;
      for (let folder = above(path); folder !== ''; folder = above(folder))
        if (opaque.has(folder)) refuseArchive({ code: 'hidden-entries', folder, path });
    }
  }
}
