/**
 * Mount flags by the names of mount(2); the same values on every architecture
 * (include/uapi/linux/mount.h).
 */
export const MOUNT_FLAGS = {
  MS_RDONLY: 1,
  MS_NOSUID: 2,
  MS_NODEV: 4,
  MS_NOEXEC: 8,
  MS_REMOUNT: 32,
  MS_NOATIME: 1024,
  MS_BIND: 4096,
  MS_MOVE: 8192,
  MS_REC: 16384,
  MS_UNBINDABLE: 1 << 17,
  MS_PRIVATE: 1 << 18,
  MS_SHARED: 1 << 20,
} as const;

export type MountFlag = keyof typeof MOUNT_FLAGS;

/** The number for a set of named flags. */
export const flagBits = (flags: readonly MountFlag[]): number =>
  flags.reduce((bits, flag) => bits | MOUNT_FLAGS[flag], 0);

/** The same flags as strace(1) shows them: `MS_REC|MS_PRIVATE`, or `0`. */
export const flagText = (flags: readonly MountFlag[]): string => flags.join('|') || '0';

/**
 * Magic numbers of file systems in memory, as statfs(2) gives them (include/uapi/linux/magic.h).
 */
export const RAM_FILESYSTEMS: readonly number[] = [0x858458f6, 0x01021994];

/** For umount2(2): hides the mount now, unmounts it when nobody uses it any more. */
export const MNT_DETACH = 2;

/** For renameat2(2): leaves a whiteout at the old name (include/uapi/linux/fs.h). */
export const RENAME_WHITEOUT = 4;
/** For renameat2(2): the two names change places. */
export const RENAME_EXCHANGE = 2;

/**
 * Types of nodes, to which mknod(2) wants the permissions added (include/uapi/linux/stat.h).
 */
export const NODE_TYPES = {
  fifo: 0o010000,
  character: 0o020000,
  block: 0o060000,
  socket: 0o140000,
} as const;
