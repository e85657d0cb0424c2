import type { Stats } from 'node:fs';
import type { Attributes } from './attributes.js';
import { readLink } from './lower-files.js';

const PREFIX = 'trusted.overlay.';

/**
 * What overlay itself notes of a file or directory in its upper layer (fs/overlayfs/overlayfs.h).
 */
export interface Notes {
  /**
   * `y`: nothing of the lower layer's shows through; `x`: there may be whiteouts in it that are
   * marked by an attribute.
   */
  opaque: string | null;
  /** Where in the lower layer it was: a path from its top, or a name beside. */
  redirect: string | null;
  /** Only the metadata is here. */
  metacopy: boolean;
  /** All names of its attributes, overlay's and others; null where they were not asked for. */
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
  // Some notes end in a NUL and some do not.
  return {
    opaque: text('opaque'),
    redirect: text('redirect')?.replace(/\0+$/, '') ?? null,
    metacopy: names.includes(`${PREFIX}metacopy`),
    names,
  };
}

/**
 * What the out-of-tree overlayfs of kernels before 3.18 leaves in place of what is deleted (its
 * fs/overlayfs/super.c: ovl_whiteout).
 */
const LEGACY = '(overlay-whiteout)';

export function isWhiteoutFile(
  attributes: Attributes | null,
  path: string,
  stat: Stats,
  marked: boolean,
): boolean {
  if (stat.isCharacterDevice()) return stat.rdev === 0;
  const noted = (): boolean =>
    attributes === null || attributes.names(path).includes(`${PREFIX}whiteout`);
  // Where attributes cannot be seen nobody else would make such a link.
  if (stat.isSymbolicLink())
    return stat.size === LEGACY.length && readLink(path) === LEGACY && noted();
  return marked && stat.isFile() && stat.size === 0 && attributes !== null && noted();
}
