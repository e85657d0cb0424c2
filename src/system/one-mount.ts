/**
 * Overlay's notes about one of its mounts (fs/overlayfs/overlayfs.h): the source of a copied-up
 * file, as a handle and the number of a file system (origin), whether a directory holds such files
 * (impure), the base of the link count (nlink), the file of an index entry (upper), and the
 * overlay's own id (uuid). They would be wrong in another mount, and overlay makes them anew or
 * does not need them. All others are copied, because they decide what the layer shows: opaque,
 * redirect, metacopy (the data is the lower file's, found by name or redirect, never by origin),
 * whiteout and whiteouts (6.7), protattr (immutable and append-only, 5.14).
 * native/tree-copy.h has the same list.
 */
export const OF_ONE_MOUNT: readonly string[] = ['origin', 'impure', 'nlink', 'upper', 'uuid'].map(
  (name) => `trusted.overlay.${name}`,
);
