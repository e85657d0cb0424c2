/** Walks an upper layer for an archive, by descriptor. */
import { META } from '../../facts/places.js';
import { pathOf } from '../../system/names.js';
import type { Details, System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import type { FileContent, FolderEntry } from '../../system/tree-door.js';
import { printable } from '../../text/printable.js';
import { Descent } from '../../tree/descent.js';
import { refuseArchive } from './archive-error.js';
import type { Loss } from './archive-problem.js';
import { SAID_OTHERWISE, WHITEOUT, overlayMark, refersBelow } from './marks.js';

/** The calls that a walk needs. */
export type Looking = Pick<System, 'tree'>;

/** Receives the files that cannot be in an archive, by their printable paths. */
export type OnLoss = (path: string, loss: Loss) => void;

export interface LayerEntry {
  kind: 'directory' | 'file' | 'symlink' | 'character' | 'block' | 'fifo' | 'whiteout';
  /** Below the layer's root; '' is the root itself. */
  path: string;
  details: Details;
  /** The target of a symlink. */
  target: string;
  /** All except overlay's own. */
  attributes: Map<string, Buffer>;
  /** True for an opaque directory, which hides the image's directory of the same name. */
  opaque: boolean;
  /** What a small file holds, if the walk reads files; null for any other. */
  content: FileContent | null;
  /**
   * Opens a file for reading, while the walk is here. @throws {SystemError} as TreeDoor.openFile.
   */
  open: () => number;
}

/** What a walk is for: the marks of overlay alone, or all entries with what small files hold. */
export type Purpose = 'marks' | 'contents';

/** How many files are read in one call at most, and how large they are together at most. */
const READ_FILES = 64;
const READ_BYTES = 65_536;

/** The target of the symlink that the out-of-tree overlayfs makes as a whiteout. */
const OLD_WHITEOUT = '(overlay-whiteout)';

/** Overlay's marks on an entry, by their own names. */
function marksOf(attributes: ReadonlyMap<string, Buffer>): Map<string, string> {
  const marks = new Map<string, string>();
  for (const [name, value] of attributes) {
    const mark = overlayMark(name);
    if (mark !== null) marks.set(mark, value.toString('latin1'));
  }
  return marks;
}

function kindOf(
  { kind, node, size }: Details,
  marks: ReadonlyMap<string, string>,
  target: string,
): LayerEntry['kind'] | null {
  if (kind === 'character' && node === '0:0') return 'whiteout';
  // This form is for layers whose own file system has no device nodes (6.7, and fuse-overlayfs
  // before).
  if (kind === 'file' && size === 0 && marks.has('whiteout')) return 'whiteout';
  if (kind === 'symlink' && target === OLD_WHITEOUT && marks.has('whiteout')) return 'whiteout';
  return kind === 'socket' || kind === 'other' || kind === 'missing' ? null : kind;
}

/** Names of bytes that are no UTF-8 have lone surrogates (src/system/names.ts). */
const isUtf8 = (text: string): boolean => !/[\udc80-\udcff]/u.test(text);

/**
 * Every entry of a layer, sorted by bytes, each directory before its content. With the purpose
 * `marks` files without extended attributes are left out.
 * @param onLoss is told what cannot be in an archive; the walk goes on.
 * @throws {ArchiveError} for an entry that would mean something else in any other overlay.
 *   @throws {SystemError} for a directory that cannot be read.
 */
export function* walkUpper(
  { tree }: Looking,
  top: string,
  { onLoss, purpose }: { onLoss: OnLoss; purpose: Purpose },
): Generator<LayerEntry, void> {
  const walker = new Walker(tree, top, { onLoss, purpose });
  try {
    yield* walker.run();
  } finally {
    walker.close();
  }
}

/** A directory on the way. */
interface Level {
  names: Generator<FolderEntry, void>;
  path: string;
  /** Entries that precede the next one of `names`, and what small files of them hold. */
  ahead: { found: FolderEntry; content: FileContent | null }[];
}

class Walker {
  private readonly way: Descent;
  private readonly levels: Level[] = [];
  private readonly onLoss: OnLoss;
  private readonly purpose: Purpose;

  constructor(
    private readonly tree: System['tree'],
    top: string,
    { onLoss, purpose }: { onLoss: OnLoss; purpose: Purpose },
  ) {
    this.onLoss = onLoss;
    this.purpose = purpose;
    this.way = new Descent(tree, tree.open(top));
  }

  close(): void {
    for (const { names } of this.levels) names.return();
    this.way.close();
  }

  *run(): Generator<LayerEntry, void> {
    const { tree, way } = this;
    const top = this.look(tree.self(way.here, true), '', null);
    if (top === null) return;
    yield top;
    this.enter('');
    for (let level; (level = this.levels.at(-1)) !== undefined;) {
      if (level.ahead.length === 0) this.lookAhead(level);
      const next = level.ahead.shift();
      if (next !== undefined) {
        yield* this.named(level.path, next.found, next.content);
        continue;
      }
      this.levels.pop();
      if (this.levels.length > 0) way.up();
    }
  }

  private enter(path: string): void {
    const { tree, way, purpose } = this;
    const names = purpose === 'marks' ? tree.marked(way.here) : tree.entries(way.here, true);
    this.levels.push({ names, path, ahead: [] });
  }

  /** Takes the next entries, to the next directory at most, and reads the small files of them. */
  private lookAhead({ names, ahead }: Level): void {
    const small: FolderEntry[] = [];
    let bytes = 0;
    for (const found of pulled(names)) {
      ahead.push({ found, content: null });
      if (this.purpose === 'marks' || found.kind !== 'file') break;
      if (found.size > 0) small.push(found);
      bytes += found.size;
      if (bytes > READ_BYTES || ahead.length === READ_FILES) break;
    }
    if (small.length === 0) return;
    const contents = this.tree.contents(this.way.here, small);
    for (const each of ahead)
      if (each.found === small[0]) {
        small.shift();
        each.content = contents.shift() ?? null;
      }
  }

  private lose(path: string, loss: Loss): void {
    this.onLoss(printable(pathOf(path)), loss);
  }

  private *named(
    folder: string,
    found: FolderEntry,
    content: FileContent | null,
  ): Generator<LayerEntry, void> {
    const { name } = found;
    const path = folder === '' ? name : `${folder}/${name}`;
    if (!isUtf8(name)) return this.lose(path, { code: 'name-not-utf8' });
    if (name.startsWith(WHITEOUT)) return this.lose(path, { code: 'named-like-whiteout' });
    // Our own records, on a data volume whose root is the upper layer.
    if (path === META) return;
    if (found.errno !== null)
      throw new SystemError({
        ...{ what: `examine ${path}`, syscall: 'lstat', errno: found.errno, path },
      });
    if (found.device !== this.way.here.device) return this.lose(path, { code: 'mounted' });
    const entry = this.look(found, path, content);
    if (entry === null) return;
    if (entry.kind !== 'directory') return void (yield entry);
    try {
      this.way.down(name);
    } catch (error) {
      const loss = LOSSES[error instanceof SystemError ? error.errno : ''];
      if (loss === undefined) throw error;
      return this.lose(path, loss);
    }
    yield entry;
    this.enter(path);
  }

  /** null for an entry that cannot be in an archive. @throws {ArchiveError} */
  private look(found: FolderEntry, path: string, content: FileContent | null): LayerEntry | null {
    const { target } = found;
    const marks = marksOf(found.attributes);
    if (!isUtf8(target)) {
      this.lose(path, { code: 'target-not-utf8' });
      return null;
    }
    const kind = kindOf(found, marks, target);
    if (kind === null) {
      this.lose(path, { code: 'no-tar-kind', kind: found.kind });
      return null;
    }
    for (const [mark, value] of marks)
      if (!refersBelow(mark)) {
        if (!SAID_OTHERWISE.includes(mark)) this.lose(path, { code: 'overlay-mark', mark });
      } else if (kind !== 'whiteout')
        refuseArchive({ code: 'layer-refers-below', mark, path, value });
    const opaque = kind === 'directory' && marks.get('opaque') === 'y';
    const open = (): number => this.tree.openFile(this.way.here, found);
    const attributes = plainOf(found);
    return { kind, path, details: found, target, attributes, opaque, content, open };
  }
}

/** The next entries, without ending the listing when the caller has enough. */
function* pulled(names: Generator<FolderEntry, void>): Generator<FolderEntry, void> {
  for (let next; (next = names.next()).done !== true;) yield next.value;
}

/** The losses for errors of opening a directory. */
const LOSSES: Record<string, Loss> = {
  EXDEV: { code: 'mounted' },
  // It was removed, or became another file, since its directory was read.
  ENOENT: { code: 'vanished' },
  ENOTDIR: { code: 'vanished' },
  ELOOP: { code: 'vanished' },
};

/** All attributes except overlay's, in order. */
function plainOf({ attributes }: FolderEntry): Map<string, Buffer> {
  if (attributes.size === 0) return new Map();
  return new Map(
    [...attributes]
      .filter(([name]) => overlayMark(name) === null)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}
