/**
 * The marks for hidden files of the layers below: in an overlay's upper layer, and in a tar (OCI
 * image-spec, layer.md; the form comes from AUFS).
 */

/** A file `.wh.NAME` hides NAME of the layers below. */
export const WHITEOUT = '.wh.';
/** A file of this name makes its directory opaque: it hides the directory of the layers below. */
export const OPAQUE_MARK = '.wh..wh..opq';

export const OPAQUE = 'trusted.overlay.opaque';
const OURS = /^(trusted|user)\.overlay\./;

/**
 * The name of one of overlay's own attributes (fs/overlayfs/overlayfs.h) without its namespace,
 * which is one of two; null for any other attribute.
 */
export const overlayMark = (name: string): string | null =>
  OURS.test(name) ? name.replace(OURS, '') : null;

/**
 * Marks that are valid only in one mount, or that an archive has in another form. `origin`: the
 * handle of the file that was copied up; `impure`: the directory holds such files; `nlink`,
 * `upper`, `uuid`: of the index; `whiteouts`, and `opaque` with the value x: the directory holds
 * whiteouts of the other form.
 */
export const SAID_OTHERWISE: readonly string[] = [
  'opaque',
  'whiteout',
  'whiteouts',
  'origin',
  'impure',
  'nlink',
  'upper',
  'uuid',
];

/** Marks of files and directories that are incomplete without the image below. */
export const REFERS_BELOW = {
  redirect:
    'is a directory that was renamed, and shows what the image has under its old name ' +
    '(trusted.overlay.redirect)',
  metacopy:
    'is a file of which only owner, mode or times were changed, and whose content is still the ' +
    "image's (trusted.overlay.metacopy)",
} as const;

export type ReferringMark = keyof typeof REFERS_BELOW;

export const refersBelow = (mark: string): mark is ReferringMark =>
  Object.hasOwn(REFERS_BELOW, mark);
