/** Walks an upper layer for an archive. */
import { readdirSync } from 'node:fs';
import { META } from '../../facts/places.js';
import type { Details, System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import { printable, utf8 } from '../../text/printable.js';
import { refuseArchive } from './archive-error.js';
import type { Loss } from './archive-problem.js';
import { SAID_OTHERWISE, WHITEOUT, overlayMark, refersBelow } from './marks.js';

/** The calls that a walk needs. */
export type Looking = Pick<System, 'details' | 'attributes' | 'readLink'>;

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
}

/** The target of the symlink that the out-of-tree overlayfs makes as a whiteout. */
const OLD_WHITEOUT = '(overlay-whiteout)';

/** Sorts names by their bytes, which gives the same order everywhere. */
const inOrder = (names: Buffer[]): Buffer[] => names.sort((one, other) => one.compare(other));

const names = (path: string): Buffer[] => {
  try {
    return inOrder(readdirSync(path, { encoding: 'buffer' }));
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    throw new SystemError({ what: `list ${path}`, syscall: 'opendir', errno: code, path });
  }
};

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

/**
 * Every entry of a layer, sorted by bytes, each directory before its content.
 * @param onLoss is told what cannot be in an archive; the walk goes on.
 * @throws {ArchiveError} for an entry that would mean something else in any other overlay.
 *   @throws {SystemError} for a directory that cannot be read.
 */
export function* walkUpper(
  system: Looking,
  top: string,
  onLoss: OnLoss,
): Generator<LayerEntry, void> {
  const lose = (path: string, loss: Loss): void => onLoss(printable(path), loss);
  const { device } = system.details(top);
  function* below(path: string): Generator<LayerEntry, void> {
    const place = path === '' ? top : `${top}/${path}`;
    const entry = look(system, place, path, lose);
    if (entry === null) return;
    if (entry.details.device !== device) return lose(path, { code: 'mounted' });
    yield entry;
    if (entry.kind !== 'directory') return;
    for (const bytes of names(place)) yield* named(path, bytes);
  }
  function* named(folder: string, bytes: Buffer): Generator<LayerEntry, void> {
    const name = utf8(bytes);
    const start = folder === '' ? '' : `${folder}/`;
    if (name === null)
      return onLoss(`${printable(start)}${printable(bytes)}`, { code: 'name-not-utf8' });
    const path = start + name;
    if (name.startsWith(WHITEOUT)) return lose(path, { code: 'named-like-whiteout' });
    // Our own records, on a data volume whose root is the upper layer.
    if (path === META) return;
    try {
      yield* below(path);
    } catch (error) {
      // It was removed since its directory was read.
      if (!(error instanceof SystemError) || error.errno !== 'ENOENT') throw error;
      lose(path, { code: 'vanished' });
    }
  }
  yield* below('');
}

/** One entry; null for one that cannot be in an archive. @throws {ArchiveError} */
function look(
  system: Looking,
  place: string,
  path: string,
  lose: (path: string, loss: Loss) => void,
): LayerEntry | null {
  const details = system.details(place);
  const all = system.attributes(place);
  const marks = marksOf(all);
  const target = details.kind === 'symlink' ? system.readLink(place) : '';
  if (target.includes('\ufffd')) {
    lose(path, { code: 'target-not-utf8' });
    return null;
  }
  const kind = kindOf(details, marks, target);
  if (kind === null) {
    lose(path, { code: 'no-tar-kind', kind: details.kind });
    return null;
  }
  for (const [mark, value] of marks)
    if (!refersBelow(mark)) {
      if (!SAID_OTHERWISE.includes(mark)) lose(path, { code: 'overlay-mark', mark });
    } else if (kind !== 'whiteout')
      refuseArchive({ code: 'layer-refers-below', mark, path, value });
  const attributes = new Map(
    [...all].filter(([name]) => overlayMark(name) === null).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const opaque = kind === 'directory' && marks.get('opaque') === 'y';
  return { kind, path, details, target, attributes, opaque };
}
