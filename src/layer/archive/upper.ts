/** Walks an upper layer for an archive, by descriptor. */
import { META } from '../../facts/places.js';
import { pathOf } from '../../system/names.js';
import type { Details, System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import type {
  FileContent,
  FolderEntry,
  PathedEntry,
  TarRun,
  WalkedEntry,
  WalkPurpose,
} from '../../system/tree-door.js';
import { printable } from '../../text/printable.js';
import { refuseArchive } from './archive-error.js';
import type { Loss } from './archive-problem.js';
import { SAID_OTHERWISE, WHITEOUT, overlayMark, refersBelow } from './marks.js';
import { keyed } from '../../text/keyed.js';

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
  attributes: ReadonlyMap<string, Buffer>;
  /** True for an opaque directory, which hides the image's directory of the same name. */
  opaque: boolean;
  /** What a small file holds, if the walk reads files; null for any other. */
  content: FileContent | null;
  /**
   * Opens a file for reading, while the walk is here. @throws {SystemError} as WalkedEntry.open.
   */
  open: () => number;
}

/** The target of the symlink that the out-of-tree overlayfs makes as a whiteout. */
const OLD_WHITEOUT = '(overlay-whiteout)';

const NO_MARKS: ReadonlyMap<string, string> = new Map();

/** Overlay's marks on an entry, by their own names. */
function marksOf(attributes: ReadonlyMap<string, Buffer>): ReadonlyMap<string, string> {
  if (attributes.size === 0) return NO_MARKS;
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
 * `marks` files without extended attributes are left out. Ordinary entries, which look in an
 * archive as in any other, may come as blocks of a tar, or be left out if it is for marks.
 * @param onLoss is told what cannot be in an archive; the walk goes on.
 * @throws {ArchiveError} for an entry that would mean something else in any other overlay.
 *   @throws {SystemError} for a directory that cannot be read.
 */
export function* walkUpper(
  { tree }: Looking,
  top: string,
  { onLoss, purpose }: { onLoss: OnLoss; purpose: WalkPurpose },
): Generator<LayerEntry | TarRun, void> {
  const folder = tree.open(top);
  try {
    const self = tree.self(folder, true);
    const walker = new Walker(self, onLoss);
    const first = walker.top(self);
    if (first === null) return;
    yield first;
    for (const found of tree.layer?.(folder, purpose) ?? withPaths(tree.walk(folder, purpose))) {
      const entry = 'tar' in found ? found : walker.named(found);
      if (entry !== null) yield entry;
    }
  } finally {
    tree.close(folder);
  }
}

/** Gives the entries of a walk their paths. */
function* withPaths(walk: Iterable<WalkedEntry>): Generator<PathedEntry, void> {
  /** The paths of the directories on the way, by their depth. */
  const folders = [''];
  /** What is below the last directory of this depth is left out. */
  let left = Infinity;
  for (const found of walk) {
    const { name, depth } = found;
    if (depth > left) continue;
    left = Infinity;
    const folder = folders[depth - 1]!;
    const path = folder === '' ? name : `${folder}/${name}`;
    folders[depth] = path;
    yield { ...found, path, leave: () => void (left = depth) };
  }
}

class Walker {
  constructor(
    private readonly self: FolderEntry,
    private readonly onLoss: OnLoss,
  ) {}

  private lose(path: string, loss: Loss): null {
    this.onLoss(printable(pathOf(path)), loss);
    return null;
  }

  top = (self: FolderEntry): LayerEntry | null =>
    this.look(self, '', { content: null, open: NONE });

  /** null for what is not in an archive. @throws {ArchiveError} @throws {SystemError} */
  named(found: PathedEntry): LayerEntry | null {
    const entry = this.accepted(found, found.path);
    // What is below it is not in the archive either.
    if (entry === null && found.kind === 'directory' && found.errno === null) found.leave();
    return entry;
  }

  private accepted(found: WalkedEntry, path: string): LayerEntry | null {
    const { name } = found;
    if (!isUtf8(name)) return this.lose(path, { code: 'name-not-utf8' });
    if (name.startsWith(WHITEOUT)) return this.lose(path, { code: 'named-like-whiteout' });
    // Our own records, on a data volume whose root is the upper layer.
    if (path === META) return null;
    if (found.errno !== null) return this.unreadable(found, found.errno, path);
    if (found.device !== this.self.device) return this.lose(path, { code: 'mounted' });
    return this.look(found, path, found);
  }

  /** @throws {SystemError} unless it is a directory that is not one of the layer's any more. */
  private unreadable({ kind }: WalkedEntry, errno: string, path: string): null {
    const isFolder = kind === 'directory';
    const loss = isFolder ? LOSSES[errno] : undefined;
    if (loss !== undefined) return this.lose(path, loss);
    const [what, syscall] = isFolder ? ['list', 'open'] : ['examine', 'lstat'];
    throw new SystemError({ what: `${what} ${path}`, syscall, errno, path });
  }

  /** null for an entry that cannot be in an archive. @throws {ArchiveError} */
  private look(
    found: FolderEntry,
    path: string,
    { content, open }: Pick<LayerEntry, 'content' | 'open'>,
  ): LayerEntry | null {
    const { target } = found;
    const marks = marksOf(found.attributes);
    if (!isUtf8(target)) return this.lose(path, { code: 'target-not-utf8' });
    const kind = kindOf(found, marks, target);
    if (kind === null) return this.lose(path, { code: 'no-tar-kind', kind: found.kind });
    for (const [mark, value] of marks)
      if (!refersBelow(mark)) {
        if (!SAID_OTHERWISE.includes(mark)) this.lose(path, { code: 'overlay-mark', mark });
      } else if (kind !== 'whiteout')
        refuseArchive({ code: 'layer-refers-below', mark, path, value });
    const opaque = kind === 'directory' && marks.get('opaque') === 'y';
    const attributes = plainOf(found);
    return { kind, path, details: found, target, attributes, opaque, content, open };
  }
}

/** The top is a directory. */
const NONE = (): number => -1;

/** The losses for errors of opening a directory. */
const LOSSES: Record<string, Loss> = keyed({
  EXDEV: { code: 'mounted' },
  // It was removed, or became another file, since its directory was read.
  ENOENT: { code: 'vanished' },
  ENOTDIR: { code: 'vanished' },
  ELOOP: { code: 'vanished' },
  ESTALE: { code: 'vanished' },
});

const NO_ATTRIBUTES: ReadonlyMap<string, Buffer> = new Map();

/** All attributes except overlay's, in order. */
function plainOf({ attributes }: FolderEntry): ReadonlyMap<string, Buffer> {
  if (attributes.size === 0) return NO_ATTRIBUTES;
  return new Map(
    [...attributes]
      .filter(([name]) => overlayMark(name) === null)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}
