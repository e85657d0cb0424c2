import type { Attributes } from './attributes.js';
import { whatOf } from './lower-files.js';
import type { Side } from './metadata.js';

const PREFIX = 'trusted.overlay.';

/**
 * Overlay's own attributes of a file or directory in its upper layer (fs/overlayfs/overlayfs.h).
 */
export interface Notes {
  /** `y`: hides the directory below; `x`: whiteouts in it may be files with an attribute. */
  opaque: string | null;
  /** Its place in the lower layer: a path from the top, or a name in the same directory. */
  redirect: string | null;
  /** Only its metadata are in the upper layer. */
  metacopy: boolean;
  /** The names of all its attributes; null if nobody asked for them. */
  names: readonly string[] | null;
}

export const NONE: Notes = { opaque: null, redirect: null, metacopy: false, names: null };

export function overlayNotes(attributes: Attributes | null, path: string): Notes {
  if (attributes === null) return NONE;
  const names = attributes.names(path);
  if (!names.some((name) => name.startsWith(PREFIX))) return { ...NONE, names };
  const text = (name: string): string | null =>
    names.includes(PREFIX + name)
      ? (attributes.value(path, PREFIX + name)?.toString('latin1') ?? null)
      : null;
  // Some values end in a NUL and some do not.
  return {
    opaque: text('opaque'),
    redirect: text('redirect')?.replace(/\0+$/, '') ?? null,
    metacopy: names.includes(`${PREFIX}metacopy`),
    names,
  };
}

/**
 * The target of the symlink that the out-of-tree overlayfs of kernels before 3.18 makes as a
 * whiteout (its fs/overlayfs/super.c: ovl_whiteout).
 */
const LEGACY = '(overlay-whiteout)';

/** @param mayBeMarked whether a whiteout may be a file with an attribute. */
export function isWhiteoutFile(
  attributes: Attributes | null,
  { path, stat, marked }: Side,
  mayBeMarked: boolean,
): boolean {
  const what = whatOf(stat);
  if (what === 'character') return stat.node === 0;
  const noted = (): boolean =>
    attributes === null || (marked && attributes.names(path).includes(`${PREFIX}whiteout`));
  // If attributes are unreadable, the target alone decides, because no other program makes such a
  // link.
  if (what === 'symlink') return stat.target === LEGACY && noted();
  return mayBeMarked && what === 'file' && stat.size === 0 && attributes !== null && noted();
}
