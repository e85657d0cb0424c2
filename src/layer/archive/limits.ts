/** The limits for data of an archive that stay in memory while it is read. */
export const LIMITS = {
  members: 65_536,
  /** Bytes of all names together. */
  names: 16 << 20,
  /** Bytes of the attributes of all directories, which are set after their content exists. */
  held: 16 << 20,
  /** The overhead of one attribute, in bytes. */
  heldEach: 128,
  /** NAME_MAX, PATH_MAX and XATTR_SIZE_MAX (include/uapi/linux/limits.h). */
  name: 255,
  path: 4095,
  attribute: 65_536,
} as const;
