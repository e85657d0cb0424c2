/** An upper layer as it is walked for an archive: what each name in it says against the image. */
import { readdirSync } from 'node:fs';
import { META } from '../../facts/places.js';
import type { Details, System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import { ArchiveError } from './archive-error.js';
import { REFERS_BELOW, SAID_OTHERWISE, WHITEOUT, overlayMark } from './marks.js';
import { printable, utf8 } from '../../text/printable.js';

export type Looking = Pick<System, 'details' | 'attributes' | 'readLink'>;

export interface LayerEntry {
  kind: 'directory' | 'file' | 'symlink' | 'character' | 'block' | 'fifo' | 'whiteout';
  /** Below the layer's root; '' is the root itself. */
  path: string;
  details: Details;
  /** What a symlink says. */
  target: string;
  /** Those that travel: all but overlay's own. */
  attributes: Map<string, Buffer>;
  /** A directory that hides what the image has under its name. */
  opaque: boolean;
}

/** What the out-of-tree overlayfs made a whiteout of. */
const OLD_WHITEOUT = '(overlay-whiteout)';

/** By their bytes, so that the order is the same wherever it is made. */
const inOrder = (names: Buffer[]): Buffer[] => names.sort(Buffer.compare);

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
  // Where the layer's own file system knows no device nodes (6.7, and fuse-overlayfs before).
  if (kind === 'file' && size === 0 && marks.has('whiteout')) return 'whiteout';
  if (kind === 'symlink' && target === OLD_WHITEOUT && marks.has('whiteout')) return 'whiteout';
  return kind === 'socket' || kind === 'other' || kind === 'missing' ? null : kind;
}

/**
 * Every entry of a layer, each directory before what is in it, in the order of their bytes.
 * @param tell is told of what cannot be in an archive, or what of it cannot; the rest goes on.
 * @throws {ArchiveError} for what would be another thing in any other overlay. @throws
 *   {SystemError} for a directory that cannot be read.
 */
export function* walkUpper(
  system: Looking,
  top: string,
  tell: (path: string, why: string) => void,
): Generator<LayerEntry, void> {
  const omit = (path: string, why: string): void => tell(printable(path), why);
  const { device } = system.details(top);
  function* below(path: string): Generator<LayerEntry, void> {
    const place = path === '' ? top : `${top}/${path}`;
    const entry = look(system, place, path, omit);
    if (entry === null) return;
    if (entry.details.device !== device)
      return omit(path, 'something is mounted there, which is no part of the layer');
    yield entry;
    if (entry.kind !== 'directory') return;
    for (const bytes of names(place)) {
      const name = utf8(bytes);
      const above = path === '' ? '' : `${path}/`;
      const inner = `${above}${name ?? ''}`;
      if (name === null)
        tell(
          `${printable(above)}${printable(bytes)}`,
          'its name is no UTF-8, as a pax archive wants it; rename it',
        );
      else if (name.startsWith(WHITEOUT))
        omit(
          inner,
          `a layer has no way to hold a name that begins with ${WHITEOUT}, which stands for a whiteout; rename it`,
        );
      else if (path !== '' || name !== META)
        try {
          yield* below(inner);
        } catch (error) {
          // What is gone since its directory was read is gone.
          if (!(error instanceof SystemError) || error.errno !== 'ENOENT') throw error;
          omit(inner, 'it vanished while the layer was read');
        }
    }
  }
  yield* below('');
}

function look(
  system: Looking,
  place: string,
  path: string,
  omit: (path: string, why: string) => void,
): LayerEntry | null {
  const details = system.details(place);
  const all = system.attributes(place);
  const marks = marksOf(all);
  const target = details.kind === 'symlink' ? system.readLink(place) : '';
  if (target.includes('\ufffd')) {
    omit(path, 'what this symlink says is no UTF-8, as a pax archive wants it');
    return null;
  }
  const kind = kindOf(details, marks, target);
  if (kind === null) {
    omit(path, `it is a ${details.kind}, which a tar cannot hold`);
    return null;
  }
  for (const [mark, value] of marks)
    if (mark in REFERS_BELOW && kind !== 'whiteout')
      throw new ArchiveError(
        `cannot be put into an archive: ${printable(path)} ${REFERS_BELOW[mark]}${mark === 'redirect' ? ` ${printable(value)}` : ''}; ${cure(mark, path)}`,
      );
    else if (!SAID_OTHERWISE.includes(mark) && !(mark in REFERS_BELOW))
      omit(
        path,
        `its attribute trusted.overlay.${printable(mark)} is left out, for it has no form in a layer`,
      );
  const attributes = new Map(
    [...all].filter(([name]) => overlayMark(name) === null).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return {
    kind,
    path,
    details,
    target,
    attributes,
    opaque: kind === 'directory' && marks.get('opaque') === 'y',
  };
}

const cure = (mark: string, path: string): string =>
  mark === 'redirect'
    ? `through the mounted overlay, copy it to a new name and remove it (\`cp -a /${printable(path)} /${printable(path)}.new\`), or mount with redirect_dir=off and rename it again`
    : `through the mounted overlay, have it copied up whole: \`cp -a /${printable(path)} /${printable(path)}.new && mv /${printable(path)}.new /${printable(path)}\``;
