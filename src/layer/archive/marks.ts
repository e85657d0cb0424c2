/**
 * How an overlay's upper layer says what it takes away from the layers below, and how a layer in a
 * tar says it (OCI image-spec, layer.md; AUFS had it first).
 */

/** `.wh.NAME` beside nothing else of that NAME: NAME is gone. */
export const WHITEOUT = '.wh.';
/** In a directory: nothing of the directory below shows through. */
export const OPAQUE_MARK = '.wh..wh..opq';

export const OPAQUE = 'trusted.overlay.opaque';
const OURS = /^(trusted|user)\.overlay\./;

/**
 * Overlay's own attributes (fs/overlayfs/overlayfs.h), whichever of its two name spaces they are
 * in; without it, or null for any other.
 */
export const overlayMark = (name: string): string | null =>
  OURS.test(name) ? name.replace(OURS, '') : null;

/**
 * What is true in one mount only, or said otherwise in an archive. `origin`: where a file was
 * copied up from, by a handle; `impure`: that a directory holds such files; `nlink`, `upper`,
 * `uuid`: of the index; `whiteouts`, and `opaque` as x: that a directory holds whiteouts of the
 * other form.
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

/**
 * What only the image below can complete: a name for what is under another name there, and a file
 * whose content is still there.
 */
export const REFERS_BELOW: Record<string, string> = {
  redirect:
    'is a directory that was renamed, and shows what the image has under its old name (trusted.overlay.redirect)',
  metacopy:
    "is a file of which only owner, mode or times were changed, and whose content is still the image's (trusted.overlay.metacopy)",
};
