/** In nanoseconds. */
export const SECOND = 1_000_000_000n;

/**
 * A time in nanoseconds since 1970 as the kernel has it: seconds, and nanoseconds that are never
 * negative, also before 1970.
 */
export function kernelTime(time: bigint): { seconds: bigint; nanoseconds: number } {
  const rest = ((time % SECOND) + SECOND) % SECOND;
  return { seconds: (time - rest) / SECOND, nanoseconds: Number(rest) };
}

/**
 * Whether a copy may have the time of its original, in nanoseconds. Some file systems keep seconds
 * only: jffs2, and ext4 with small inodes.
 */
export const isSameTime = (original: bigint, copy: bigint): boolean =>
  original === copy || (copy % SECOND === 0n && kernelTime(original).seconds * SECOND === copy);
