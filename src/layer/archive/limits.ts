/** What an archive may have at most, because all of it is held while the archive is read. */
export const LIMITS = {
  members: 65_536,
  /** Bytes of all names together. */
  names: 16 << 20,
  /** Bytes of the attributes of all directories, which are set when their content is there. */
  held: 16 << 20,
  /** What one attribute counts more than its bytes. */
  heldEach: 128,
  /** NAME_MAX, PATH_MAX and XATTR_SIZE_MAX (include/uapi/linux/limits.h). */
  name: 255,
  path: 4095,
  attribute: 65_536,
} as const;
